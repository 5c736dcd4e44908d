"""What a tip is and what happens to it, from receipt to archive."""
