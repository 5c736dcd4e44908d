"""The chat with everything real but Rasa's model: MongoDB, intake, vault, evidence, places, both applications."""

from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from access.permissions import Permission
from access.vault import Vault
from access.vault_keys import create_vault_keys
from cases.evidence import EvidenceFiles
from cases.intake import Intake
from cases.receipts import Receipts
from grid.service import Locator
from handlers import actions, chat, conversations, middlewares
from handlers.keys import NAVIGATION, SERVICES
from handlers.middlewares.permissions import guarded
from settings import Settings, internal_secret
from store.keys import Keys
from store.sealing import Cipher
from tests.handlers.played_rasa import PlayedRasa


@dataclass
class Talk:
    """A browser in front of the chat. `say` sends one message and returns (status, body)."""

    client: TestClient
    internal: TestClient
    rasa: PlayedRasa
    services: Any
    bearer: dict[str, str]
    csrf: str = ""
    _count: int = 0

    async def open(self) -> str:
        page = await (await self.client.get("/chat")).text()
        self.csrf = page.split('name="csrf" content="')[1].split('"')[0]
        return page

    async def say(self, text: str | None = None, message_id: str | None = None, **more: Any) -> tuple[int, dict]:
        self._count += 1
        body = {"message_id": message_id or f"message-{self._count:06}", **more}
        if text is not None:
            body["text"] = text
        return await self.post("/chat/messages", json=body)

    async def post(self, path: str, **what: Any) -> tuple[int, dict]:
        answer = await self.client.post(path, headers={"X-CSRF-Token": self.csrf, "Accept": "application/json"}, **what)
        return answer.status, await answer.json()

    async def all(self, collection: str) -> list[dict]:
        return [row async for row in self.services.store[collection].find({})]


@pytest.fixture(scope="session")
def locator() -> Locator:
    return Locator.for_demonstration(Path(__file__).parents[2] / "grid" / "qingdao")


@pytest.fixture
async def talk(store, tmp_path, locator):
    async with AsyncExitStack() as stack:
        settings, keys = Settings(_env_file=None, public_url=""), Keys(b"k" * 32)
        await create_vault_keys(store, [])
        receipts, vault = Receipts(keys.derive("filing"), keys.derive("receipt")), await Vault.open(store)
        intake = await stack.enter_async_context(Intake(store, receipts, vault, keys.derive("filing content")))
        evidence = EvidenceFiles(tmp_path / "evidence", Cipher(keys.derive("evidence")))
        stack.callback(evidence.close)
        services = SimpleNamespace(
            settings=settings, keys=keys, store=store, receipts=receipts, vault=vault, intake=intake, evidence=evidence,
            locator=locator, workers=SimpleNamespace(wake=lambda: None), rasa=None,
        )  # fmt: skip
        inside = web.Application(middlewares=middlewares.internal(services), client_max_size=16 * 1024 * 1024)
        inside[SERVICES] = services
        inside.router.add_post("/internal/actions", actions.run)
        inside.router.add_get("/internal/conversations/{sender}", conversations.load)
        inside.router.add_put("/internal/conversations/{sender}", conversations.keep)
        internal = await stack.enter_async_context(TestClient(TestServer(inside)))
        bearer = {"Authorization": f"Bearer {internal_secret(settings, keys)}"}

        async def call(body: dict) -> dict:
            answer = await internal.post("/internal/actions", json=body, headers=bearer)
            assert answer.status == 200, await answer.text()
            return await answer.json()

        services.rasa = PlayedRasa(call)
        outside = web.Application(middlewares=middlewares.public(services), client_max_size=60 * 1024 * 1024)
        outside[SERVICES], outside[NAVIGATION] = services, []
        middlewares.add_signals(outside, services)
        for method, path, handler in [
            ("GET", "/chat", chat.show), ("POST", "/chat/messages", chat.message), ("POST", "/chat/photos", chat.photos),
            ("POST", "/chat/position", chat.position), ("GET", "/chat/history", chat.history),
            ("POST", "/chat/progress", chat.progress), ("POST", "/chat/leave", chat.leave),
        ]:  # fmt: skip
            outside.router.add_route(method, path, guarded(Permission.PUBLIC, handler))
        client = await stack.enter_async_context(TestClient(TestServer(outside)))
        opened = Talk(client, internal, services.rasa, services, bearer)
        await opened.open()
        yield opened
