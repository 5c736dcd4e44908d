"""The staff pages as officers meet them: the real application and MongoDB, one browser for each officer."""

import re
import secrets
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import CookieJar, web
from aiohttp.test_utils import TestClient, TestServer

from access.accounts import add_account
from access.actors import SYSTEM, Role
from app import public_app
from cases.lifecycle import perform
from cases.model import Filing, StoredPhoto
from handlers.middlewares.throttle import THROTTLE, Throttle
from services import Services, open_services
from settings import Settings
from tests.conftest import emptied

WHAT = "市北区辽宁路80号某商场二楼的安全出口用铁链锁着，我是三楼收银的小王，天天看着害怕"
PASSWORD = "a long password"
OFFICERS = {
    "disp": ("分派员甲", Role.DISPATCHER, None),
    "disp2": ("分派员乙", Role.DISPATCHER, None),
    "ins1": ("检查员赵", Role.INSPECTOR, "市北区"),
    "ins2": ("检查员钱", Role.INSPECTOR, "市北区"),
    "sup": ("督办员孙", Role.SUPERVISOR, None),
    "sup_other": ("崂山督办员", Role.SUPERVISOR, "崂山区"),
    "fin1": ("财务李", Role.FINANCE, None),
    "fin2": ("财务周", Role.FINANCE, None),
    "pub": ("公开吴", Role.PUBLISHER, None),
    "pub2": ("公开陈", Role.PUBLISHER, None),
    "aud": ("审计郑", Role.AUDITOR, None),
    "boss": ("领导王", Role.LEADER, None),
    "hot": ("话务员蒋", Role.HOTLINE, None),
    "duty": ("值班沈", Role.DUTY, None),
    "adm": ("管理员冯", Role.ADMIN, None),
    "adm2": ("管理员褚", Role.ADMIN, None),
}
LOCATION = {
    "district": "市北区", "street": "辽宁路街道", "grid": "370203001-1", "grid_name": "辽宁路一网格", "certain": True,
    "basis": "stated", "explanation": "文字写明市北区辽宁路。", "point": None,
    "candidates": [{"district": "市北区", "street": "台东街道", "words": "商场"}],
}  # fmt: skip
ROUTE = {"department": "市北区消防救援大队", "inspector": "ins1", "explanation": "辽宁路一网格由检查员赵负责。"}


class Page(str):
    """The text of a page, with its status and final address."""

    status: int
    url: str

    def hidden(self, name: str, action: str = "") -> str:
        """The value of a hidden field of the form that posts to `action` (the first with that name otherwise)."""
        part = self.split(f'action="{action}"', 1)[1] if action else self
        found = re.search(rf'name="{name}" value="([^"]*)"', part)
        assert found, f"no field {name}"
        return found[1]


@dataclass
class Officer:
    client: TestClient
    csrf: str = ""

    async def get(self, path: str) -> Page:
        return await self._page(await self.client.get(path, headers={"Accept": "text/html"}))

    async def post(self, path: str, data: dict[str, Any] | list[tuple[str, str]] | None = None) -> Page:
        pairs = list(data.items()) if isinstance(data, dict) else list(data or [])
        return await self._page(
            await self.client.post(path, data=[("csrf", self.csrf), *pairs], headers={"Accept": "text/html"})
        )

    async def _page(self, answer: Any) -> Page:
        page = Page(await answer.text() if answer.content_type.startswith("text/") else "")
        page.status, page.url = answer.status, str(answer.url.relative())
        if found := re.search(r'name="csrf" value="([^"]+)"', page):
            self.csrf = found[1]
        return page


@dataclass
class OfficeHouse:
    services: Services
    server: TestServer
    stack: AsyncExitStack
    officers: dict[str, Officer] = field(default_factory=dict)

    async def officer(self, login: str) -> Officer:
        """A logged-in browser."""
        if login not in self.officers:
            jar = CookieJar(unsafe=True)
            client = await self.stack.enter_async_context(TestClient(self.server, cookie_jar=jar))
            name, role, district = OFFICERS[login]
            await add_account(
                self.services.store, login=login, name=name, roles=[role], district=district, password=PASSWORD
            )
            answer = await client.post("/login", data={"login": login, "password": PASSWORD}, allow_redirects=False)
            assert answer.status == 303, await answer.text()
            self.officers[login] = Officer(client)
            await self.officers[login].get("/sessions")
        return self.officers[login]

    async def file(self, what: str = WHAT, photo: bytes | None = None, **facts: Any) -> str:
        """File a tip and let the understanding (invented here) finish; the case's id."""
        photos = ()
        if photo:
            name = await self.services.evidence.put(photo)
            photos = (StoredPhoto(name, name, name, secrets.token_hex(32), "0" * 16, 4, 3),)
        key = secrets.token_urlsafe(24)
        receipt = await self.services.intake.receive(
            Filing(client_key=key, channel="form", what=what, company="某商场有限公司", photos=photos, **facts)
        )
        tip = await self.services.store["tips"].find_one({"number": receipt.number})
        assert tip is not None
        await self.understand(tip["case_id"])
        return tip["case_id"]

    async def understand(self, case_id: str, duplicates: list[dict] | None = None, **changed: Any) -> None:
        data = {
            "types": [
                {"type": "exit_blocked_locked", "confidence": 0.92, "words": [[13, 22]]},
                {"type": "no_safety_permit", "confidence": 0.41, "words": []},
            ],
            "in_scope": True, "model_version": "test", "location": {**LOCATION, **changed},
            "route": ROUTE, "duplicates": duplicates or [],
        }  # fmt: skip
        await perform(self.services.store, case_id, "understand", SYSTEM, data, None)

    async def case(self, case_id: str) -> dict[str, Any]:
        found = await self.services.store["cases"].find_one({"_id": case_id})
        assert found is not None
        return found

    async def accepted_and_assigned(self, case_id: str) -> None:
        dispatcher = await self.officer("disp")
        await self.officer("ins1")
        page = await dispatcher.post(
            f"/desk/cases/{case_id}/accept_and_assign", dispatch_form(await self.case(case_id))
        )
        assert "已完成" in page, page

    async def substantiated(self, case_id: str, fine: str = "30000") -> None:
        """Through the inspector's pages up to the reply."""
        await self.accepted_and_assigned(case_id)
        inspector = await self.officer("ins1")
        for action, data in [
            ("sign", []), ("start_check", []), ("record_finding", FINDING),
            ("decide_measures", measures(fine)), ("reply", [("text", "核查属实，已处罚并责令整改。")]),
        ]:  # fmt: skip
            version = str((await self.case(case_id))["version"])
            page = await inspector.post(f"/orders/{case_id}/{action}", [("version", version), *data])
            assert "已完成" in page, page


FINDING = [
    ("result", "substantiated"), ("officers", "赵一"), ("officers", "钱二"), ("officers", ""),
    ("checked_on", "2026-11-20"), ("text", "二楼东侧安全出口被铁链锁闭，现场责令打开。"),
]  # fmt: skip


def measures(fine: str) -> list[tuple[str, str]]:
    return [
        ("rows", "3"),
        ("kind-0", "fine"), ("text-0", "罚款"), ("law-0", "安全生产法第一百零五条"), ("document_no-0", ""),
        ("decided_on-0", "2026-11-21"), ("rectify_by-0", ""), ("penalty_fen-0", fine),
        ("kind-1", ""), ("text-1", ""), ("law-1", ""),
        ("kind-2", "rectify"), ("text-2", "打开安全出口"), ("law-2", ""), ("decided_on-2", "2026-11-21"),
        ("rectify_by-2", "2026-12-01"), ("penalty_fen-2", ""),
    ]  # fmt: skip


def dispatch_form(case: dict[str, Any], **changed: str) -> dict[str, str]:
    return {
        "version": str(case["version"]), "types": "exit_blocked_locked", "district": "市北区",
        "street": "市北区 辽宁路街道", "company": "某商场有限公司",
        "summary": "市北区辽宁路街道某商场涉嫌锁闭安全出口。",
        "department": "市北区消防救援大队", "inspector_id": "ins1", **changed,
    }  # fmt: skip


@asynccontextmanager
async def office(mongo_server: Any, data_dir: Path):
    settings = Settings(
        _env_file=None, data_dir=data_dir, mongodb_name="office", embedded_workers=False, jurisdiction="qingdao",
    )  # fmt: skip
    await (await emptied(mongo_server, settings.mongodb_name)).close()
    async with AsyncExitStack() as stack:
        services = await stack.enter_async_context(open_services(settings, mongo_server.uri))
        app: web.Application = public_app(services)
        app[THROTTLE] = Throttle()
        server = TestServer(app)
        await server.start_server()
        stack.push_async_callback(server.close)
        yield OfficeHouse(services, server, stack)
