"""Who: staff accounts and roles, the identity vault, redaction, and the audit trail."""
