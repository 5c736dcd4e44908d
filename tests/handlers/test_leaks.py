"""One journey through chat, form, hotline, mailbox, photo, document and every desk, full of values that would give the
reporter away; afterwards they are looked for in all that the journey left behind. Only the vault may have them.

Everything is real but Rasa's model: MongoDB, SMTP, both applications, jobs, backup. tests/journeys does the same with Rasa.
"""

import asyncio
import contextlib
import email
import io
import json
import logging
import re
import secrets
import sys
import tempfile
import zipfile
import zlib
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import bson
import pytest
import structlog
from aiohttp import CookieJar, FormData, web
from aiohttp.test_utils import TestClient, TestServer
from nacl.public import PrivateKey, SealedBox
from PIL import ExifTags, Image

from access.actors import SYSTEM
from access.identity_numbers import check_digit, passes_luhn
from app import internal_app, public_app
from cases import enterprises, tallies
from cases.enterprises import Enterprise
from cases.learning import export_corrections
from handlers.middlewares import configure_logs
from handlers.middlewares.throttle import THROTTLE, Throttle
from services import open_services
from settings import Settings, internal_secret
from store.backup import backup
from store.local_time import local_day
from store.mongo import Store
from store.sealing import Cipher
from tests.canaries import Canary, Leak, leaks, number
from tests.cases.test_attachments import office as office_file
from tests.conftest import free_port
from tests.handlers.office import OfficeHouse, Officer
from tests.handlers.played_rasa import PlayedRasa
from tests.system import Mailbox

NAME = "欧阳焱淼"
PHONE, SPOKEN = "13953270817", "一三八六四二九零五一七"
ID_CARD = "37020219870605431"
ID_CARD += check_digit(ID_CARD)
CARD = next(f"622202771800345671{d}" for d in range(10) if passes_luhn(f"622202771800345671{d}"))
EMAIL, WECHAT, QQ, PLATE = "canary.q7x@example-mail.cn", "canary_wx7719", "2718281829", "鲁B·7K9Q2"
SERIAL, FILE_NAME, IP = "SN-CANARY-7788", "焱淼的手机IMG_7719", "203.0.113.77"
LNG, LAT, OWN_LNG, OWN_LAT = 120.350937, 36.085461, 120.348217, 36.081733
CANARIES = [
    Canary("name", NAME, ("焱淼",)), number("phone", PHONE), number("spoken phone", "13864290517"),
    Canary("phone in words", SPOKEN), number("id card", ID_CARD[:17]), number("bank card", CARD),
    Canary("e-mail", EMAIL, ("canary.q7x",)), Canary("WeChat", WECHAT), number("QQ", QQ),
    Canary("plate", PLATE, ("7K9Q2",)), Canary("camera", SERIAL), Canary("file name", "IMG_7719"),
    Canary("photo's position", str(LNG), (str(LAT),)), Canary("own position", str(OWN_LNG), (str(OWN_LAT),)),
    Canary("trace in a file", "TRACE-5150-CANARY"),
]  # fmt: skip
ADDRESS = Canary("IP address", IP)
WORDS = (
    f"我叫{NAME}，身份证{ID_CARD}，电话{PHONE}或{SPOKEN}，邮箱{EMAIL}，微信{WECHAT}，QQ{QQ}，我的车{PLATE}停在门口，"
    f"工资卡{CARD}。"
)
CODE = "91370203XX0000001J"
CHAT = "市北区辽宁路80号的兴达商场，二楼安全出口被铁链锁死，一直没人管。"
FORM = "市北区辽宁路82号的华润饭店，后厨的液化气瓶放在地下室，没有报警器。"


def photo() -> bytes:
    exif = Image.Exif()
    exif[ExifTags.Base.Make], exif[ExifTags.Base.Artist] = "TRACE-5150-CANARY", "TRACE-5150-CANARY"
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.BodySerialNumber] = SERIAL
    gps = exif.get_ifd(ExifTags.IFD.GPSInfo)
    for base, value, letter in ((1, LAT, "N"), (3, LNG, "E")):
        degrees, rest = divmod(value, 1)
        minutes, rest = divmod(rest * 60, 1)
        gps[base], gps[base + 1] = letter, (degrees, minutes, round(rest * 60, 6))
    out = io.BytesIO()
    Image.effect_noise((320, 240), 90).convert("RGB").save(out, "JPEG", exif=exif, comment=b"TRACE-5150-CANARY")
    return out.getvalue() + b"TRACE-5150-CANARY"


DOCUMENTS = [
    (f"{FILE_NAME}.docx", office_file("word", **{"docProps/core.xml": f"<creator>{NAME}</creator>".encode()})),
    (f"{FILE_NAME}.pdf", f"%PDF-1.7\n/Author ({NAME}) TRACE-5150-CANARY".encode()),
    (f"{FILE_NAME}.mp3", b"ID3\x03\0\0\0\0\0\x40" + f"TRACE-5150-CANARY {PHONE}".encode()),
]


class HearingRasa:
    """Rasa's channel over HTTP, with every body it is ever given written down."""

    def __init__(self, call: Any) -> None:
        self.played = PlayedRasa(call)
        self.heard: list[Any] = []

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/webhooks/gateway/health", self.health)
        app.router.add_post("/webhooks/gateway/parse", self.parse)
        app.router.add_post("/webhooks/gateway/message", self.message)
        return app

    async def health(self, _: web.Request) -> web.Response:
        return web.json_response({"ready": True})

    async def parse(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.heard.append(body)
        one = {
            "in_scope": True, "scope_confidence": 0.9, "intent": "report", "model_version": "t",
            "violations": [{"type": "exit_blocked_locked", "confidence": 0.9, "words": []}],
        }  # fmt: skip
        return web.json_response([one] * len(body["texts"]))

    async def message(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.heard.append(body)
        said = await self.played.turn(body["sender"], body["text"], body["payload"], body["metadata"])
        return web.json_response(said)


def opened_up(data: bytes) -> list[str]:
    """A file as it came, and what is packed in it: the parts of a spreadsheet, the streams of a PDF."""
    parts = [data]
    if data.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(data)) as book:
            parts += [book.read(name) for name in book.namelist()]
    if data.startswith(b"%PDF"):
        for found in re.finditer(rb"stream\r?\n(.*?)\r?\nendstream", data, re.DOTALL):
            with contextlib.suppress(zlib.error):
                parts.append(zlib.decompress(found[1]))
        assert len(parts) > 2, "nothing in the PDF could be opened"
    return [part.decode("utf-8", "surrogateescape") for part in parts]


def no_temporary_file(*_: Any, **__: Any) -> Any:
    raise AssertionError("a reporter's upload lies in a temporary file")


class Journey:
    """The whole house, with everything written down that anybody but the reporter gets to see."""

    def __init__(self, house: OfficeHouse, rasa: HearingRasa, internal: TestClient, mail: Mailbox, citizen: TestClient):
        self.house, self.rasa, self.internal, self.mail, self.citizen = house, rasa, internal, mail, citizen
        self.seen: list[tuple[str, str]] = []
        self.codes: list[str] = []
        self._count = 0

    @property
    def store(self) -> Store:
        return self.house.services.store

    async def say(self, **body: Any) -> dict[str, Any]:
        self._count += 1
        data = {"message_id": f"message-{self._count:06}", **body}
        headers = {"Sec-Fetch-Site": "same-origin", "X-Forwarded-For": IP}
        answer = await self.citizen.post("/chat/messages", json=data, headers=headers)
        assert answer.status == 200, await answer.text()
        return await answer.json()

    async def post(self, path: str, fields: dict[str, str], uploads: list[tuple[str, bytes]] = ()) -> tuple[int, str]:
        data = FormData(default_to_multipart=True)
        for name, value in fields.items():
            data.add_field(name, value)
        for name, content in uploads:
            data.add_field("photos", content, filename=name, content_type="application/octet-stream")
        headers = {"Accept": "application/json", "Sec-Fetch-Site": "same-origin", "X-Forwarded-For": IP}
        answer = await self.citizen.post(path, data=data, headers=headers)
        return answer.status, await answer.text()

    async def chat(self) -> None:
        await self.citizen.get("/chat")
        await self.say(text=CHAT + WORDS)
        data = FormData()
        data.add_field("message_id", "photo-000001")
        data.add_field("photos", photo(), filename=f"{FILE_NAME}.jpg", content_type="image/jpeg")
        answer = await self.citizen.post("/chat/photos", data=data, headers={"Sec-Fetch-Site": "same-origin"})
        assert answer.status == 200, await answer.text()
        body = {"message_id": "position-01", "lng": OWN_LNG, "lat": OWN_LAT, "system": "wgs84"}
        await self.citizen.post("/chat/position", json=body, headers={"Sec-Fetch-Site": "same-origin"})
        await self.say(text=f"打我电话{PHONE}")
        body = await self.say(payload="/affirm")
        receipt = next(each["receipt"] for each in body["messages"] if "receipt" in each)
        self.codes.append(receipt["code"])

    async def form(self) -> tuple[str, str]:
        fields = {
            "client_key": "k" * 43, "what": FORM + WORDS, "place": f"辽宁路82号，联系人{NAME}，电话{PHONE}",
            "company": "华润饭店", "happened": f"昨天起，{SPOKEN}", "contact": f"{NAME} {PHONE}", "ongoing": "yes",
            "lng": str(OWN_LNG), "lat": str(OWN_LAT), "place_asked": "1",
        }  # fmt: skip
        status, text = await self.post("/report", fields, [(f"{FILE_NAME}.jpg", photo()), *DOCUMENTS])
        assert status == 201, text
        receipt = json.loads(text)
        self.codes.append(receipt["code"])
        return receipt["number"], receipt["code"]

    async def mailbox(self, number: str, code: str) -> None:
        await self.citizen.post("/tip", data={"number": number, "code": code})
        files = [(f"{FILE_NAME}2.jpg", photo()), *DOCUMENTS]
        status, _ = await self.post("/tip/add", {"text": f"{WORDS}我的查询码是{code.lower()}"}, files)
        assert status == 200
        status, _ = await self.post("/tip/retaliation", {"text": f"他们知道是我了，{WORDS}"})
        assert status == 200

    async def hotline(self) -> None:
        operator = await self.house.officer("hot")
        await operator.get("/hotline")
        fields = {"what": FORM + WORDS, "place": f"来电人{NAME}，电话{PHONE}", "company": "", "lng": "", "lat": ""}
        await operator.post("/hotline/propose", fields)
        data = FormData(default_to_multipart=True)
        for name, value in {"csrf": operator.csrf, "client_key": "h" * 43, "contact": PHONE, **fields}.items():
            data.add_field(name, value)
        data.add_field("photos", photo(), filename=f"{FILE_NAME}3.jpg", content_type="image/jpeg")
        answer = await operator.client.post("/hotline", data=data, headers={"Accept": "application/json"})
        assert answer.status == 201, await answer.text()
        self.codes.append((await answer.json())["code"])

    async def desks(self) -> None:
        """Cases are decided, checked and answered; then every page of every duty is looked at."""
        house = self.house
        cases = [case["_id"] async for case in self.store["cases"].find({"state": "triage"})]
        assert len(cases) == 3
        await house.substantiated(cases[0])
        await self.enterprise_of(cases[0])
        await house.accepted_and_assigned(cases[1])
        evidence = [row async for row in self.store["evidence"].find({})]
        for login in ("disp", "ins1", "sup", "fin1", "pub", "aud", "boss", "adm", "duty", "hot"):
            officer = await house.officer(login)
            for path in ("/desk", "/orders", "/supervise", "/finance", "/publish", "/audit", "/leader", "/admin"):
                await officer.get(path)
            for case_id in cases:
                for path in ("/desk/cases/", "/orders/", "/supervise/cases/", "/finance/cases/", "/audit?subject="):
                    await officer.get(path + case_id)
            for row in evidence:
                if row["kind"] == "photo":
                    answer = await officer.client.get(f"/staff/evidence/{row['_id']}/full")
                    self.seen.append((f"picture for {login}", (await answer.read()).decode("latin-1")))
        await self.what_cases_teach(cases)
        for path in ("/", "/board", "/board.json", "/board.atom", "/report", "/chat", "/privacy"):
            answer = await self.citizen.get(path)
            self.seen.append((path, await answer.text()))

    async def enterprise_of(self, case_id: str) -> None:
        """The enterprise is registered and confirmed, so that the case stands on its page and adds a check."""
        one = Enterprise(CODE, "青岛兴达商场有限公司", "商贸", "张三", "orange", True, "市北区", "辽宁路街道", "", "")

        async def write(session: Any) -> None:
            await enterprises.write_all(self.store, session, [one], SYSTEM, datetime.now(UTC))

        await self.store.transaction(write)
        version = str((await self.house.case(case_id))["version"])
        dispatcher = await self.house.officer("disp")
        fields = {"version": version, "enterprise": CODE}
        page = await dispatcher.post(f"/desk/cases/{case_id}/link_enterprise", fields)
        assert page.status == 200 and "已完成：确认被举报单位" in page

    async def what_cases_teach(self, cases: list[str]) -> None:
        """Register, sweeps, counts and the papers that are passed on, as pages and as files."""
        await self.jobs()
        assert await self.store["checks"].count_documents({}) == 1
        await tallies.refresh(self.store, datetime.now(UTC), every=timedelta(0))
        grid = ((await self.house.case(cases[0]))["location"] or {}).get("grid") or "none"
        pages = [
            "/enterprises", f"/enterprises/{CODE}", "/sweeps", f"/sweeps/{CODE}", "/regularities", "/ranking", "/bulletin",
            f"/bulletin?week={local_day(datetime.now(UTC))}", f"/regularities/grids/{grid}",
        ]  # fmt: skip
        for login in ("disp", "ins1", "sup", "fin1", "pub", "aud", "boss", "adm"):
            officer = await self.house.officer(login)
            for path in pages:
                await officer.get(path)
        boss = await self.house.officer("boss")
        for path in ("/regularities/tables", "/ranking/table", "/sweeps/shares", "/bulletin/paper"):
            for kind in ("csv", "xlsx", "pdf") if path == "/bulletin/paper" else ("csv", "xlsx"):
                answer = await boss.client.get(f"{path}.{kind}?week={local_day(datetime.now(UTC))}")
                assert answer.status == 200, (path, kind)
                self.seen += [(f"{path}.{kind}", text) for text in opened_up(await answer.read())]

    async def jobs(self) -> None:
        """Until all that is due is done: understood, mailed."""
        self.house.services.workers.wake()
        due = {"state": "waiting", "due": {"$lte": datetime.now(UTC)}}
        async with asyncio.timeout(60):
            while await self.store["jobs"].count_documents(due):
                await asyncio.sleep(0.1)


@pytest.fixture
async def journey(mongo_server, tmp_path, monkeypatch):
    mail = Mailbox()
    mail.start()
    monkeypatch.setattr(tempfile, "TemporaryFile", no_temporary_file)
    settings = Settings(
        _env_file=None, data_dir=tmp_path / "data", mongodb_name=f"leaks_{secrets.token_hex(6)}", rasa_port=free_port(),
        trusted_proxies=["127.0.0.1"], smtp_host="127.0.0.1", smtp_port=mail.port,
    )  # fmt: skip
    async with AsyncExitStack() as stack:
        stack.callback(mail.stop)

        async def call(body: dict[str, Any]) -> dict[str, Any]:
            answer = await internal.post("/internal/actions", json=body, headers=bearer)
            assert answer.status == 200, await answer.text()
            return await answer.json()

        rasa = HearingRasa(call)
        await stack.enter_async_context(TestServer(rasa.app(), port=settings.rasa_port))
        services = await stack.enter_async_context(open_services(settings, mongo_server.uri))
        stack.push_async_callback(services.store.client.drop_database, settings.mongodb_name)
        bearer = {"Authorization": f"Bearer {internal_secret(settings, services.keys)}"}
        internal = await stack.enter_async_context(TestClient(TestServer(internal_app(services))))
        app = public_app(services)
        app[THROTTLE] = Throttle()
        server = TestServer(app)
        await server.start_server()
        stack.push_async_callback(server.close)
        house = OfficeHouse(services, server, stack)
        citizen = await stack.enter_async_context(TestClient(server, cookie_jar=CookieJar(unsafe=True)))
        made = Journey(house, rasa, internal, mail, citizen)
        shown = Officer._page

        async def written_down(officer: Officer, answer: Any) -> Any:
            page = await shown(officer, answer)
            made.seen.append((f"page {page.url}", str(page)))
            return page

        monkeypatch.setattr(Officer, "_page", written_down)
        yield made


@pytest.fixture
def log(monkeypatch):
    """All that the program logs at its most talkative, and its libraries as far as it lets them."""
    written = io.StringIO()
    monkeypatch.setattr(sys, "stdout", written)
    root = logging.getLogger()
    before = root.handlers[:], root.level
    configure_logs("debug")
    structlog.configure(cache_logger_on_first_use=False)
    yield written
    structlog.reset_defaults()
    root.handlers[:], root.level = before[0], before[1]


async def test_only_the_vault_knows_who_reported(journey, log, tmp_path):
    await journey.store["inspectors"].insert_one(
        {"_id": "ins1", "name": "检查员赵", "district": "市北区", "street": "辽宁路街道", "grids": [], "on_duty": True,
         "email": "inspector@example.test"}
    )  # fmt: skip
    await journey.chat()
    number_, code = await journey.form()
    await journey.mailbox(number_, code)
    await journey.hotline()
    await journey.jobs()
    await journey.desks()
    await journey.jobs()
    assert len(journey.codes) == 3 and len(journey.mail.messages) >= 2
    watched = [*CANARIES, *(Canary("secret code", code, (code.replace("-", ""),)) for code in journey.codes)]

    assert sorted(
        {canary.name for canary in CANARIES if leaks("vault", await vault_opened(journey), [canary])}
    ) == sorted({canary.name for canary in CANARIES} - NOT_WORDS)
    found: list[Leak] = []
    for name in await journey.store.db.list_collection_names():
        async for row in journey.store[name].find({}):
            if name != "vault":
                found += leaks(f"collection {name}", bson.encode(row), watched)
            found += leaks(f"collection {name}", bson.encode(row), [ADDRESS])
    found += leaks("what the service can open", await everything_the_service_opens(journey), watched)
    found += leaks(
        "Rasa", json.dumps([journey.rasa.heard, journey.rasa.played.slots], ensure_ascii=False, default=str), watched
    )
    found += leaks("log", log.getvalue(), [*watched, ADDRESS])
    for mail in journey.mail.messages:
        text = email.message_from_bytes(mail).get_payload(decode=True)
        found += leaks("mail", mail, watched) + leaks("mail", text, watched)
    for where, text in journey.seen:
        found += leaks(where, text, watched)
    exported = tmp_path / "corrections.jsonl"
    await export_corrections(journey.store, exported, "adm")
    found += leaks("training candidates", exported.read_bytes(), watched)
    services = journey.house.services
    evidence = services.settings.data_dir / "evidence"
    saved = tmp_path / "backup"
    await backup(journey.store, evidence, services.cipher("backup"), saved)
    for path in [saved, *(path for path in services.settings.data_dir.rglob("*") if path.is_file())]:
        found += leaks(f"file {path.name}", path.read_bytes(), watched)
    assert found == []
    await times_stay_inside(journey)


# What is no word and so never comes to the vault, only into the sealed originals; and what was not written so.
NOT_WORDS = {
    "camera", "file name", "photo's position", "own position", "trace in a file", "spoken phone",
}  # fmt: skip


async def vault_opened(journey: Journey) -> str:
    """Every record in clear, by the escrow key: the search must be able to find what it looks for."""
    text = (journey.house.services.settings.data_dir / "secrets" / "escrow.key").read_text()
    escrow = SealedBox(PrivateKey(bytes.fromhex(text.strip().rpartition(":")[2])))
    keys = {row["_id"]: row async for row in journey.store["reporter_keys"].find({})}
    opened = []
    async for row in journey.store["vault"].find({}):
        bound = f"vault|{row['_id']}|{row['kind']}|{row['tip_id']}"
        opened.append(Cipher(escrow.decrypt(keys[row["_id"]]["escrow"])).open(row["body"], bound).decode())
    assert len(opened) >= 6
    return json.dumps([json.loads(one) for one in opened], ensure_ascii=False)


async def everything_the_service_opens(journey: Journey) -> str:
    """Drafts and turns of the chat, with the service's own keys: what a thief of root.key and database would read."""
    services = journey.house.services
    opened = []
    for name, purpose, prefix in (("drafts", "draft", "draft"), ("turns", "turn", "turn")):
        async for row in services.store[name].find({"body": {"$exists": True}}):
            plain = services.cipher(purpose).open(row["body"], f"{prefix}:{row['_id']}")
            opened.append((zlib.decompress(plain) if name == "turns" else plain).decode())
    assert opened
    return json.dumps([json.loads(one) for one in opened], ensure_ascii=False)


async def times_stay_inside(journey: Journey) -> None:
    """The hour and minute of a tip are in no mail and on no public page."""
    minutes = set()
    async for tip in journey.store["tips"].find({}):
        for zone in (ZoneInfo("UTC"), ZoneInfo("Asia/Shanghai")):
            minutes |= {f"{tip['filed_at'].astimezone(zone) + timedelta(minutes=n):%H:%M}" for n in (-1, 0, 1)}
    public = [text for where, text in journey.seen if where.startswith(("/board", "/privacy"))]
    for text in [*public, *(mail.decode() for mail in journey.mail.messages)]:
        assert not any(minute in text.replace("00:00:00", "") for minute in minutes)
