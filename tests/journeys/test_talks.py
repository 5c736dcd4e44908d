"""Scripted conversations with the real bot, service and database, without a browser. The scripts are in talks.yml."""

import asyncio
import http.client
import json
import secrets
import statistics
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import pytest
import yaml

from cases.interview import MAX_QUESTIONS
from tests.journeys.people import photo
from tests.system import System

TALKS: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "talks.yml").read_text("utf-8"))
SAID_KEYS = {"me", "typed", "times", "photos", "position", "again", "reload"}
EXPECTED_KEYS = {"asks", "says", "never", "danger", "link", "buttons", "form", "filed", "restarted", "status"}
STORED_KEYS = {"what", "never", "place", "company", "ongoing", "happened", "photos", "contact"}


@dataclass
class Reply:
    status: int
    messages: list[dict[str, Any]] = field(default_factory=list)
    problem: str = ""

    @property
    def text(self) -> str:
        return "\n".join([self.problem, *(each.get("text", "") for each in self.messages)]).strip()

    @property
    def asks(self) -> str | None:
        """The slot asked for last, `summary` when all answers are shown, None when nothing is asked."""
        progress = [each["progress"] for each in self.messages if "progress" in each]
        return (progress[-1]["asking"] or "summary") if progress else None

    def all(self, key: str) -> list[Any]:
        return [each[key] for each in self.messages if each.get(key)]

    @property
    def payloads(self) -> list[str]:
        return [button["payload"] for buttons in self.all("buttons") for button in buttons]


class Phone:
    """A person's chat page: one cookie, one kept-open connection."""

    def __init__(self, system: System) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", system.ports["PORT"], timeout=30)
        self._cookies = SimpleCookie()
        self._call("GET", "/chat")
        self._message_id = ""
        self.last = Reply(0)

    def close(self) -> None:
        self._connection.close()

    def _call(self, method: str, path: str, body: bytes | None = None, kind: str = "application/json"):
        cookies = "; ".join(f"{name}={morsel.value}" for name, morsel in self._cookies.items())
        headers = {
            "Cookie": cookies,
            "Content-Type": kind,
            "Accept": "application/json",
            "Sec-Fetch-Site": "same-origin",
        }
        self._connection.request(method, path, body, headers)
        answer = self._connection.getresponse()
        for each in answer.headers.get_all("Set-Cookie") or []:
            self._cookies.load(each)
        return answer.status, answer.read()

    def turn(self, said: dict[str, Any]) -> Reply:
        """One message as the script has it."""
        if not said.get("again"):
            self._message_id = secrets.token_hex(12)
        if "photos" in said:
            status, body = self._send_photos([photo(shade=shade) for shade in said["photos"]])
        elif "position" in said:
            lng, lat = said["position"]
            message = {"message_id": self._message_id, "lng": lng, "lat": lat, "system": "wgs84"}
            status, body = self._call("POST", "/chat/position", json.dumps(message).encode())
        else:
            words = said["me"] * said.get("times", 1)
            button = words.startswith("/") and not said.get("typed")
            message = {"message_id": self._message_id, "payload" if button else "text": words}
            status, body = self._call("POST", "/chat/messages", json.dumps(message).encode())
        answer = json.loads(body)
        reply = Reply(status, answer.get("messages", []), answer.get("message", ""))
        if status == 200:
            self.last = reply
        return reply

    def _send_photos(self, pictures: list[bytes]) -> tuple[int, bytes]:
        mark = "----photos"
        parts = [
            f'--{mark}\r\nContent-Disposition: form-data; name="message_id"\r\n\r\n{self._message_id}\r\n'.encode()
        ]
        for number, picture in enumerate(pictures):
            head = f'Content-Disposition: form-data; name="photos"; filename="{number}.jpg"\r\nContent-Type: image/jpeg'
            parts.append(f"--{mark}\r\n{head}\r\n\r\n".encode() + picture + b"\r\n")
        body = b"".join([*parts, f"--{mark}--\r\n".encode()])
        return self._call("POST", "/chat/photos", body, f"multipart/form-data; boundary={mark}")

    def history(self) -> list[dict[str, Any]]:
        """What the page shows after it was loaded anew."""
        return json.loads(self._call("GET", "/chat/history")[1])["turns"]


class Books:
    """What the service has stored, read over one kept-open connection.

    In a thread of its own: a browser driven from this one may already run an event loop here.
    """

    def __init__(self, system: System) -> None:
        self._system, self._thread, self._runner = system, ThreadPoolExecutor(1), asyncio.Runner()
        self._store = self._do(system.open_store)

    def _do(self, work):
        return self._thread.submit(lambda: self._runner.run(work())).result()

    def counts(self) -> tuple[int, int]:
        """How many tips and how many alerts there are."""

        async def read():
            return [await self._store[name].count_documents({}) for name in ("tips", "alerts")]

        tips, alerts = self._do(read)
        return tips, alerts

    def tip(self, number: str) -> dict[str, Any]:
        """One tip, with the number of its photos."""

        async def read():
            tip = await self._store["tips"].find_one({"number": number})
            return {**tip, "photos": await self._store["evidence"].count_documents({"tip_id": tip["_id"]})}

        return self._do(read)

    def last_alerts(self, count: int) -> list[str]:
        """Kinds of the last alerts, oldest first."""

        async def read():
            return [row["kind"] async for row in self._store["alerts"].find({}).sort("at", -1).limit(count)]

        return self._do(read)[::-1] if count else []

    def close(self) -> None:
        self._do(self._store.close)
        self._thread.submit(self._runner.close).result()
        self._thread.shutdown()


@pytest.fixture(scope="module")
def books(system: System) -> Iterator[Books]:
    opened = Books(system)
    yield opened
    opened.close()


AT_ONCE = 3
ASKED_SLOTS = ("place", "company", "ongoing", "photo", "contact")


class Talk:
    """One conversation, played turn by turn. `asked`: questions for each filed tip until all answers were shown."""

    def __init__(self, phone: Phone) -> None:
        self.phone = phone
        self.receipts: list[str] = []
        self.asked: list[int] = []
        self.questions: list[str] = []
        self.shown = False
        self.turns = 0

    def play(self, turn: dict[str, Any] | str) -> None:
        if turn == "finish":
            self._finish()
        elif turn.get("reload"):
            self._reload()
        else:
            self._check(turn, self._say(turn))

    def _say(self, turn: dict[str, Any]) -> Reply:
        reply = self.phone.turn(turn)
        if not turn.get("again") and reply.status == 200:
            self.turns += 1
        self._count(reply)
        for receipt in reply.all("receipt"):
            assert receipt["code"] and receipt["number"]
            if receipt["number"] not in self.receipts:
                self.receipts.append(receipt["number"])
                self.asked.append(len(self.questions))
                self.questions, self.shown = [], False
        if reply.all("restarted"):
            self.questions, self.shown = [], False
        return reply

    def _count(self, reply: Reply) -> None:
        """A question that is repeated after an interruption is the same question; corrections are the person's wish."""
        self.shown = self.shown or reply.asks == "summary"
        if not self.shown and reply.asks in ASKED_SLOTS and self.questions[-1:] != [reply.asks]:
            self.questions.append(reply.asks)

    def _check(self, turn: dict[str, Any], reply: Reply) -> None:
        assert reply.status == turn.get("status", 200), reply
        assert reply.text, "the bot says nothing"
        if "asks" in turn:
            assert reply.asks == turn["asks"], reply
        for words in turn.get("says", []):
            assert words in reply.text, (words, reply)
        for words in turn.get("never", []):
            assert words not in reply.text, (words, reply)
        assert reply.all("danger") == ([turn["danger"]] if "danger" in turn else []), reply
        if "danger" in turn:
            assert reply.messages[0].get("danger"), "the danger must be answered before anything else"
        if "link" in turn:
            assert [link["href"] for link in reply.all("link")] == [turn["link"]], reply
        for payload in turn.get("buttons", []):
            assert payload in reply.payloads, (payload, reply)
        if "form" in turn:
            assert turn["form"] in reply.all("form"), reply
        assert bool(reply.all("receipt")) == bool(turn.get("filed")), reply
        assert bool(reply.all("restarted")) == bool(turn.get("restarted")), reply

    def _finish(self) -> None:
        """Leave every question open, then confirm."""
        reply = None
        for _ in range(MAX_QUESTIONS + 1):
            reply = self._say({"me": "/dont_know"})
            assert reply.status == 200, reply
            if reply.asks in ("summary", None):
                break
        assert reply is not None and reply.asks == "summary", reply
        self._check({"filed": True}, self._say({"me": "/affirm"}))

    def _reload(self) -> None:
        turns = self.phone.history()
        assert len(turns) == self.turns
        shown = json.dumps(turns[-1]["messages"], ensure_ascii=False)
        assert shown == json.dumps(self.phone.last.messages, ensure_ascii=False)


@dataclass
class Evening:
    """All chosen conversations, several at a time as on a busy evening, and what was stored before them."""

    talks: list[dict[str, Any]]
    playing: dict[str, Future[Talk]]
    tips: int
    alerts: int


@pytest.fixture(scope="module")
def evening(system: System, books: Books, request) -> Iterator[Evening]:
    chosen = [item.callspec.params["talk"] for item in request.session.items if item.originalname == "test_talk"]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        tips, alerts = books.counts()
        yield Evening(chosen, {talk["name"]: pool.submit(_play, system, talk) for talk in chosen}, tips, alerts)
        pool.shutdown(cancel_futures=True)


def _play(system: System, talk: dict[str, Any]) -> Talk:
    phone = Phone(system)
    try:
        played = Talk(phone)
        for number, turn in enumerate(talk["turns"], 1):
            try:
                played.play(turn)
            except AssertionError as failure:
                raise AssertionError(f"turn {number}, {turn}: {failure}") from None
        return played
    finally:
        phone.close()


@pytest.mark.parametrize("talk", TALKS, ids=[talk["name"] for talk in TALKS])
def test_talk(evening: Evening, books: Books, talk: dict[str, Any]):
    played = evening.playing[talk["name"]].result()
    wanted = talk.get("tips", [])
    assert len(played.receipts) == len(wanted)
    for number, expected in zip(played.receipts, wanted, strict=True):
        _check_tip(books.tip(number), expected)


def test_nothing_else_was_stored(evening: Evening, books: Books):
    """As many tips as receipts, and the duty desk has heard of exactly the dangers and calls for a person (and, from the
    routing, of cases without a place that nobody answers for)."""
    played = [each.result() for each in evening.playing.values()]
    tips, alerts = books.counts()
    assert tips - evening.tips == sum(len(each.receipts) for each in played)
    expected = [kind for talk in evening.talks for kind in talk.get("alerts", [])]
    heard = [kind for kind in books.last_alerts(alerts - evening.alerts) if kind != "unclaimed"]
    assert sorted(heard) == sorted(expected)


def _check_tip(tip: dict[str, Any], expected: dict[str, Any]) -> None:
    facts = tip["facts"]
    for name in ("what", "place"):
        if name in expected:
            assert (expected[name] in facts[name]) if expected[name] else not facts[name], facts
    for name in ("company", "ongoing"):
        if name in expected:
            assert facts[name] == expected[name], facts
    if "happened" in expected:
        assert expected["happened"] in facts["happened"], facts
    for words in expected.get("never", []):
        assert words not in repr(facts), facts
    if "photos" in expected:
        assert tip["photos"] == expected["photos"]
    if "contact" in expected:
        assert tip["has_contact"] == expected["contact"]


def test_questions_are_few(evening: Evening):
    """At most five for any tip; two is the median of the whole file."""
    asked = [count for each in evening.playing.values() for count in each.result().asked]
    assert max(asked, default=0) <= MAX_QUESTIONS
    if len(evening.talks) == len(TALKS):
        assert statistics.median(asked) <= 2


def test_scripts_are_well_formed():
    assert len(TALKS) >= 80
    assert len({talk["name"] for talk in TALKS}) == len(TALKS)
    for talk in TALKS:
        assert set(talk) <= {"name", "turns", "tips", "alerts"}, talk["name"]
        for turn in talk["turns"]:
            assert turn == "finish" or set(turn) <= SAID_KEYS | EXPECTED_KEYS, turn
        for tip in talk.get("tips", []):
            assert set(tip) <= STORED_KEYS, tip
