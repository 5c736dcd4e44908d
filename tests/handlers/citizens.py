"""The public application as citizens meet it: real wiring, real MongoDB, a stand-in for Rasa's understanding."""

import io
import re
from contextlib import AsyncExitStack, asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

from aiohttp import CookieJar, FormData, web
from aiohttp.test_utils import TestClient, TestServer
from PIL import Image

from app import public_app
from grid.service import Locator
from services import open_services
from settings import Settings
from tests.conftest import emptied

WHAT = "市北区辽宁路80号某商场二楼的安全出口用铁链锁着,里面还在营业"
KEY = "k" * 43


class Rasa:
    """Answers /parse; `in_scope` and `down` are set by the test."""

    def __init__(self) -> None:
        self.in_scope, self.down, self.asked = True, False, 0

    async def parse(self, request: web.Request) -> web.Response:
        self.asked += 1
        if self.down:
            return web.Response(status=503)
        texts = (await request.json())["texts"]
        one = {
            "in_scope": self.in_scope,
            "scope_confidence": 0.9 if self.in_scope else 0.02,
            "violations": [{"type": "exit_blocked_locked", "confidence": 0.9, "words": []}] if self.in_scope else [],
            "intent": "report",
            "model_version": "test",
        }
        return web.json_response([one] * len(texts))


@cache
def _city() -> Locator:
    return Locator.for_demonstration(Settings().city_dir)


async def _map(*_: Any) -> Locator:
    """The map takes seconds to load, and no test here changes it."""
    return _city()


@asynccontextmanager
async def citizens(mongo_server: Any, data_dir: Path):
    """Yields (client, services, rasa)."""
    rasa = Rasa()
    rasa_app = web.Application()
    rasa_app.router.add_post("/webhooks/gateway/parse", rasa.parse)
    async with TestServer(rasa_app) as rasa_server:
        settings = Settings(
            data_dir=data_dir, mongodb_name="citizens", rasa_port=rasa_server.port, embedded_workers=False, demo=False
        )
        await (await emptied(mongo_server, settings.mongodb_name)).close()
        with patch("services.open_locator", _map):
            opening = open_services(settings, mongo_server.uri)
            services = await opening.__aenter__()
        async with AsyncExitStack() as stack:
            stack.push_async_exit(opening)
            app = public_app(services)
            async with TestClient(TestServer(app), cookie_jar=CookieJar(unsafe=True)) as client:
                yield client, services, rasa


def form(photos: list[tuple[str, bytes]] | None = None, **fields: str) -> FormData:
    """A multipart form as the page sends it, text fields first."""
    data = FormData(quote_fields=False, default_to_multipart=True)
    for name, value in {"client_key": KEY, "what": WHAT, **fields}.items():
        data.add_field(name, value.encode("utf-8", "surrogatepass").decode("utf-8", "replace"))
    for name, content in photos or []:
        data.add_field("photos", content, filename=name, content_type="image/jpeg")
    return data


async def file(client: TestClient, **fields: Any) -> tuple[str, str]:
    """(number, code) of a new tip."""
    answer = await client.post("/report", data=form(**fields), headers={"Accept": "application/json"})
    assert answer.status == 201, await answer.text()
    receipt = await answer.json()
    return receipt["number"], receipt["code"]


async def open_tip(client: TestClient, number: str, code: str) -> str:
    """The status page's text."""
    answer = await client.post("/tip", data={"number": number, "code": code})
    assert answer.status == 200, await answer.text()
    return await answer.text()


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, f"no field {name}"
    return found[1]


def jpeg(width: int = 64, height: int = 48, exif: Image.Exif | None = None) -> bytes:
    out = io.BytesIO()
    image = Image.effect_noise((width, height), 90).convert("RGB")
    image.save(out, "JPEG", exif=exif or Image.Exif())
    return out.getvalue()


def jpeg_with_gps(lng: float, lat: float) -> bytes:
    exif = Image.Exif()
    exif[0x010F] = "PhoneMaker"
    exif[0x0132] = "2026:11:01 21:30:00"
    gps = exif.get_ifd(0x8825)
    gps.update({1: "N", 2: _dms(lat), 3: "E", 4: _dms(lng)})
    return jpeg(exif=exif)


def _dms(degrees: float) -> tuple[float, float, float]:
    whole = int(degrees)
    minutes = int((degrees - whole) * 60)
    return float(whole), float(minutes), round(((degrees - whole) * 60 - minutes) * 60, 4)
