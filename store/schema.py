"""Every collection and index in one table. Collections exist before use: a transaction must not create them."""

from datetime import UTC, datetime
from typing import NamedTuple

# Before every moment that is stored: an index on what is later leaves out the rows without one.
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class Index(NamedTuple):
    """`keys` as for MongoDB; `expire_s` seconds after the (date) key the document is deleted."""

    collection: str
    keys: list[tuple[str, int | str]]
    unique: bool = False
    expire_s: int | None = None
    partial: dict | None = None


COLLECTIONS = [
    "meta", "jobs", "cases", "tips", "evidence", "drafts", "conversations", "turns", "alerts", "audit",
    "accounts", "sessions", "vault", "reporter_keys", "vault_keys", "vault_openings", "throttle",
    "grid_layers", "grids", "inspectors", "corrections", "place_aliases", "notices", "calendars",
    "enterprises", "enterprise_versions", "credit_events", "sweeps", "checks", "tallies",
    "ledger_entries", "ledger_head", "rewards", "rule_versions", "payee_months", "payment_batches", "disclosures",
    "public_log", "public_log_nodes", "public_log_head", "checkpoints",
]  # fmt: skip

# Holds all that a look-up by number and code needs.
BY_RECEIPT: list[tuple[str, int | str]] = [("number", 1), ("receipt", 1)]

INDEXES = [
    Index("jobs", [("state", 1), ("kind", 1), ("due", 1)]),
    Index("jobs", [("done_at", 1)], expire_s=30 * 86400),
    Index("cases", [("state", 1), ("created_at", -1)]),
    Index("cases", [("location.district", 1), ("state", 1), ("created_at", -1)]),
    # The desk and the inspector's orders, in the order they are shown: danger first, then what is due first.
    Index("cases", [("state", 1), ("urgent", -1), ("found_by.due", 1), ("_id", 1)]),
    Index("cases", [("location.district", 1), ("state", 1), ("urgent", -1), ("found_by.due", 1), ("_id", 1)]),
    Index("cases", [("found_by.types", 1), ("state", 1), ("urgent", -1), ("found_by.due", 1), ("_id", 1)]),
    Index("cases", [("inspector_id", 1), ("state", 1), ("urgent", -1), ("found_by.due", 1)]),
    Index("cases", [("found_by.due", 1), ("location.district", 1)], partial={"found_by.due": {"$type": "date"}}),
    Index("cases", [("found_by.types", 1), ("created_at", -1)]),
    Index("cases", [("route.alarm", 1), ("created_at", 1)], partial={"route.alarm": True}),
    # Where something may have been reported before.
    Index("cases", [("location.grid", 1), ("created_at", -1)]),
    Index("cases", [("location.district", 1), ("location.street", 1), ("created_at", -1)]),
    Index("cases", [("found_by.company", 1), ("created_at", -1)], partial={"found_by.company": {"$gt": ""}}),
    Index("cases", [("found_by.spot", "2dsphere"), ("created_at", -1)]),
    Index("cases", [("enterprise", 1), ("created_at", -1)], partial={"enterprise": {"$gt": ""}}),
    # What changed since the tallies were made, and the cases of a month.
    Index("cases", [("last_action.at", 1)]),
    Index("cases", [("opened_on", 1)]),
    Index("cases", [("found_by.concluded_on", 1)], partial={"found_by.concluded_on": {"$gt": ""}}),
    Index("cases", [("found_by.measured_on", 1)], partial={"found_by.measured_on": {"$gt": ""}}),
    # What is looked after.
    Index("cases", [("watch_at", 1)], partial={"watch_at": {"$exists": True}}),
    Index("cases", [("appeals.kind", 1)], partial={"appeals.kind": {"$exists": True}}),
    Index("cases", [("extension.decided", 1)], partial={"extension.decided": ""}),
    Index("notices", [("run", 1)]),
    Index("notices", [("due_at", -1)]),
    Index("notices", [("answer_due", 1)], partial={"answer_due": {"$gt": LONG_AGO}}),
    Index("tips", [("number", 1)], unique=True),
    Index("tips", BY_RECEIPT),
    Index("tips", [("client_key", 1)], unique=True),
    Index("tips", [("case_id", 1)]),
    Index("tips", [("merge_path", 1)], partial={"merge_path": {"$gt": ""}}),
    Index("evidence", [("tip_id", 1)]),
    Index("evidence", [("case_id", 1)]),
    Index("evidence", [("pieces", 1)]),
    Index("alerts", [("taken_by", 1), ("at", -1)]),
    Index("vault", [("tip_id", 1)]),
    Index("reporter_keys", [("tip_id", 1)]),
    Index("drafts", [("expires_at", 1)], expire_s=0),
    Index("conversations", [("expires_at", 1)], expire_s=0),
    Index("turns", [("expires_at", 1)], expire_s=0),
    Index("turns", [("conversation", 1), ("at", 1)]),
    Index("audit", [("subject", 1), ("seq", 1)], unique=True),
    Index("accounts", [("login", 1)], unique=True),
    Index("sessions", [("expires_at", 1)], expire_s=0),
    Index("sessions", [("account", 1)]),
    Index("throttle", [("expires_at", 1)], expire_s=0),
    Index("grids", [("layer", 1), ("code", 1)], unique=True),
    Index("grid_layers", [("active", 1)], unique=True, partial={"active": True}),
    Index("inspectors", [("grids", 1)]),
    Index("ledger_entries", [("key", 1)], unique=True),
    Index("ledger_entries", [("target", 1)], unique=True, partial={"kind": "reversal"}),
    Index("ledger_entries", [("claim", 1), ("_id", 1)]),
    Index("rewards", [("case_id", 1), ("tip_id", 1)], unique=True),
    Index("rewards", [("public_number", 1)], unique=True),
    Index("rewards", [("state", 1), ("claim_due", 1)]),
    Index("rewards", [("state", 1), ("created_at", 1)]),
    Index("rewards", [("state", 1), ("amount_fen", 1)]),
    Index("rewards", [("ending.state", 1)], partial={"ending": {"$type": "object"}}),
    Index("rewards", [("case_id", 1)], partial={"unsettled": True}),
    Index("payment_batches", [("number", 1)], unique=True),
    Index("disclosures", [("public_number", 1)], unique=True),
    Index("disclosures", [("state", 1), ("published_at", -1)]),
    Index("disclosures", [("state", 1), ("created_at", 1)]),
    Index("disclosures", [("case_id", 1)]),
    Index("public_log", [("number", 1), ("_id", 1)]),
    Index("checkpoints", [("log", 1), ("size", -1)]),
    Index("disclosures", [("unsettled", 1)], partial={"unsettled": True}),
    Index("enterprises", [("grams", 1)]),
    Index("enterprises", [("key", 1)]),
    Index("enterprises", [("district", 1), ("verified", -1)]),
    Index("enterprises", [("verified", -1), ("name", 1)]),
    Index("enterprises", [("grid", 1), ("name", 1)]),
    Index("enterprises", [("active", 1), ("district", 1), ("grid", 1)]),
    Index("enterprise_versions", [("code", 1), ("version", -1)]),
    Index("credit_events", [("enterprise", 1), ("on", -1)]),
    Index("sweeps", [("quarter", 1), ("grid", 1)]),
    Index("checks", [("enterprise", 1), ("planned_on", -1)]),
    Index("checks", [("done_on", 1), ("district", 1), ("planned_on", 1)]),
    # All that is summed stands in the index, so that no record is read.
    Index(
        "tallies",
        [("by", 1), ("month", 1), ("type", 1), ("district", 1), ("received", 1), ("verified", 1), ("penalty_fen", 1)],
    ),
    Index(
        "tallies",
        [("by", 1), ("month", 1), ("grid", 1), ("district", 1), ("street", 1), ("received", 1), ("verified", 1)],
    ),
]
