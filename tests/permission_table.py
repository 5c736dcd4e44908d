"""Who may use which address, from the route table: `python -m tests.permission_table > docs/permissions.md`."""

from collections.abc import Iterator
from typing import NamedTuple

from access.actors import ROLE_NAMES, Role
from access.permissions import TABLE, Permission
from handlers.routes import PUBLIC
from handlers.staff_routes import ROWS

STAFF = [role for role in Role if role not in (Role.REPORTER, Role.SYSTEM)]
HEAD = """# Who may use which address

Written by `python -m tests.permission_table` from the route table and `access/permissions.py`; a test fails while it is
not up to date, so that a change of who may do what is read in a review. Every address was asked for by every duty and
by nobody (`tests/handlers/test_permission_matrix.py`). An open address still opens single cases only to whom they
belong: that test has the rules about districts, own orders and own money, too.
"""


class Route(NamedTuple):
    method: str
    path: str
    permission: Permission


def routes() -> list[Route]:
    return [Route(method, path, permission) for method, path, _, permission in [*PUBLIC, *ROWS]]


def lines() -> Iterator[str]:
    yield HEAD
    yield ""
    yield "| address | " + " | ".join(["everybody", *(ROLE_NAMES[role] for role in STAFF)]) + " |"
    yield "| --- |" + " --- |" * (len(STAFF) + 1)
    for method, path, permission in routes():
        public = permission is Permission.PUBLIC
        marks = ["x" if not public and role in TABLE[permission] else "" for role in STAFF]
        yield f"| {method} {path} | {'x' if public else ''} | " + " | ".join(marks) + " |"


def page() -> str:
    return "\n".join(line.rstrip() for line in lines()) + "\n"


if __name__ == "__main__":
    print(page(), end="")
