"""Who may do what: one table. Routes name a permission, this table names the duties; nothing else decides.

Which case an officer may touch, and in which state, is decided by the lifecycle table in `cases/actions.py`.
"""

from enum import StrEnum

from access.actors import ROLE_NAMES, Actor, Role


class Permission(StrEnum):
    PUBLIC = "public"
    STAFF = "staff"
    SEE_CASES = "see_cases"
    ACT_ON_CASES = "act_on_cases"
    SEE_REPORTER_WORDS = "see_reporter_words"
    SEE_EVIDENCE = "see_evidence"
    DISPATCH = "dispatch"
    INSPECT = "inspect"
    SUPERVISE = "supervise"
    SEE_REWARDS = "see_rewards"
    HANDLE_REWARDS = "handle_rewards"
    APPROVE_REWARDS = "approve_rewards"
    MANAGE_RULES = "manage_rules"
    OPEN_VAULT = "open_vault"
    APPROVE_OPENING = "approve_opening"
    PUBLISH = "publish"
    READ_AUDIT = "read_audit"
    VERIFY_LEDGER = "verify_ledger"
    SEE_STATISTICS = "see_statistics"
    ANSWER_ALERTS = "answer_alerts"
    TAKE_CALLS = "take_calls"
    MANAGE_ACCOUNTS = "manage_accounts"
    MANAGE_GRID = "manage_grid"
    SEE_ENTERPRISES = "see_enterprises"
    MANAGE_ENTERPRISES = "manage_enterprises"
    SWEEP = "sweep"
    SEE_SWEEPS = "see_sweeps"
    SEE_OPERATION = "see_operation"


R, P = Role, Permission

# Everybody who has an account, so that a new duty is never forgotten here.
_ANY = frozenset(Role) - {R.REPORTER, R.SYSTEM}

TABLE: dict[Permission, frozenset[Role]] = {
    P.STAFF: _ANY,
    P.SEE_CASES: _ANY - {R.HOTLINE, R.ADMIN},
    P.ACT_ON_CASES: frozenset({R.DISPATCHER, R.INSPECTOR, R.SUPERVISOR}),
    # An inspector gets the dispatcher's summary: a reporter is known by the words, to the company and to its friends.
    P.SEE_REPORTER_WORDS: frozenset({R.DISPATCHER, R.DUTY}),
    P.SEE_EVIDENCE: frozenset({R.DISPATCHER, R.INSPECTOR, R.SUPERVISOR, R.DUTY}),
    P.DISPATCH: frozenset({R.DISPATCHER}),
    P.INSPECT: frozenset({R.INSPECTOR}),
    P.SUPERVISE: frozenset({R.SUPERVISOR, R.LEADER}),
    P.SEE_REWARDS: frozenset({R.FINANCE, R.AUDITOR, R.LEADER}),
    P.HANDLE_REWARDS: frozenset({R.FINANCE}),
    P.APPROVE_REWARDS: frozenset({R.FINANCE, R.LEADER}),
    P.MANAGE_RULES: frozenset({R.ADMIN}),
    P.OPEN_VAULT: frozenset({R.FINANCE}),
    P.APPROVE_OPENING: frozenset({R.FINANCE, R.LEADER}),
    P.PUBLISH: frozenset({R.PUBLISHER}),
    P.READ_AUDIT: frozenset({R.AUDITOR}),
    P.VERIFY_LEDGER: frozenset({R.AUDITOR, R.FINANCE}),
    P.SEE_STATISTICS: frozenset({R.SUPERVISOR, R.LEADER, R.AUDITOR, R.ADMIN}),
    P.ANSWER_ALERTS: frozenset({R.DUTY, R.DISPATCHER}),
    P.TAKE_CALLS: frozenset({R.HOTLINE, R.DUTY}),
    P.MANAGE_ACCOUNTS: frozenset({R.ADMIN}),
    P.MANAGE_GRID: frozenset({R.ADMIN}),
    P.SEE_ENTERPRISES: frozenset({R.DISPATCHER, R.INSPECTOR, R.SUPERVISOR, R.LEADER, R.AUDITOR}),
    P.MANAGE_ENTERPRISES: frozenset({R.SUPERVISOR}),
    P.SWEEP: frozenset({R.INSPECTOR, R.SUPERVISOR}),
    P.SEE_SWEEPS: frozenset({R.INSPECTOR, R.SUPERVISOR, R.LEADER, R.AUDITOR}),
    P.SEE_OPERATION: frozenset({R.ADMIN, R.AUDITOR}),
}


def allows(permission: Permission, actor: Actor | None) -> bool:
    """PUBLIC is for everybody; the rest needs one of its duties."""
    if permission is Permission.PUBLIC:
        return True
    return actor is not None and not actor.roles.isdisjoint(TABLE[permission])


def duties(permission: Permission) -> str:
    """The duties that have it, in words, for the page that says no."""
    return "、".join(ROLE_NAMES[role] for role in Role if role in TABLE[permission])
