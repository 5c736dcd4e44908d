"""Who acts: a member of staff, the reporter behind a number and code, or the system itself."""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """Duties as the bureau names them. One account may hold several; rules that need two people count people."""

    DISPATCHER = "dispatcher"
    INSPECTOR = "inspector"
    SUPERVISOR = "supervisor"
    FINANCE = "finance"
    PUBLISHER = "publisher"
    AUDITOR = "auditor"
    LEADER = "leader"
    HOTLINE = "hotline"
    DUTY = "duty"
    ADMIN = "admin"
    REPORTER = "reporter"
    SYSTEM = "system"


ROLE_NAMES: dict[Role, str] = {
    Role.DISPATCHER: "分派员",
    Role.INSPECTOR: "网格检查员",
    Role.SUPERVISOR: "督办员",
    Role.FINANCE: "财务",
    Role.PUBLISHER: "信息公开",
    Role.AUDITOR: "审计",
    Role.LEADER: "领导",
    Role.HOTLINE: "热线话务员",
    Role.DUTY: "值班",
    Role.ADMIN: "管理员",
    Role.REPORTER: "举报人",
    Role.SYSTEM: "系统",
}


@dataclass(frozen=True)
class Actor:
    """`district` limits a member of staff to one district; None is the whole city. `id` is never a person's name."""

    id: str
    name: str
    roles: frozenset[Role]
    district: str | None = None

    def has(self, *roles: Role) -> bool:
        return not self.roles.isdisjoint(roles)

    def may_see_district(self, district: str | None) -> bool:
        return self.district is None or district is None or self.district == district


# The reporter stays nameless even in the audit trail: every reporter is the same actor.
REPORTER = Actor("reporter", "举报人", frozenset({Role.REPORTER}))
SYSTEM = Actor("system", "系统", frozenset({Role.SYSTEM}))
