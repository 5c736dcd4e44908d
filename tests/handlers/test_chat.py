"""The chat from the browser's side: what is kept, what is answered, what never happens."""

import asyncio
import io
import json
import re
from pathlib import Path

import pytest
from aiohttp import FormData
from PIL import Image

from cases.interview_texts import SLOTS
from handlers import chat

pytestmark = pytest.mark.filterwarnings("ignore::aiohttp.web.NotAppKeyWarning")
SENTENCE = "城阳区棘洪滩街道的兴达木业仓库，安全出口被铁链锁死，一直没人管"


def photo(color: str = "red", name: str = "a.jpg", message_id: str = "photo-000001") -> FormData:
    data = io.BytesIO()
    Image.new("RGB", (64, 48), color).save(data, "JPEG")
    form = FormData()
    form.add_field("message_id", message_id)
    form.add_field("photos", data.getvalue(), filename=name, content_type="image/jpeg")
    return form


def texts(body: dict) -> str:
    return "\n".join(message.get("text", "") for message in body["messages"])


def receipt_of(body: dict) -> dict:
    return next(message["receipt"] for message in body["messages"] if "receipt" in message)


async def filed(talk, sentence: str = SENTENCE) -> dict:
    await talk.say(sentence)
    await talk.say(payload="/skip")
    await talk.say(payload="/skip")
    _, body = await talk.say(payload="/affirm")
    return receipt_of(body)


async def test_from_one_sentence_to_a_receipt(talk):
    status, body = await talk.say(SENTENCE)
    assert status == 200 and "有照片吗" in texts(body)
    status, body = await talk.post("/chat/photos", data=photo())
    assert status == 200 and "联系您" in texts(body)
    _, body = await talk.say("我的电话是13812345678")
    assert "兴达木业" in texts(body) and "1 张" in texts(body) and "138" not in texts(body)
    _, body = await talk.say(payload="/affirm")
    receipt = receipt_of(body)
    tips, cases = await talk.all("tips"), await talk.all("cases")
    assert [tip["number"] for tip in tips] == [receipt["number"]] and len(cases) == 1
    assert tips[0]["channel"] == "chat" and tips[0]["has_contact"]
    assert len(await talk.all("evidence")) == 1
    assert sorted(row["kind"] for row in await talk.all("vault")) == ["contact", "identity"]
    assert talk.services.receipts.matches(tips[0]["receipt"], receipt["number"], receipt["code"])


async def test_rasa_sees_neither_phone_nor_code(talk):
    await talk.say(SENTENCE + "，我叫王建国，电话13812345678")
    receipt = await filed(talk, "李沧区虎山路街道的鑫源机械厂叉车没有牌照，天天在开")
    seen = repr(talk.rasa.seen) + repr(talk.rasa.slots)
    assert "13812345678" not in seen and receipt["code"] not in seen and receipt["number"] not in seen


async def test_nothing_readable_is_stored(talk):
    await talk.say(SENTENCE)
    stored = repr(await talk.all("drafts")) + repr(await talk.all("turns"))
    assert "兴达" not in stored


async def test_same_message_twice_is_one_turn(talk):
    first = await talk.say(SENTENCE, message_id="same-id-0001")
    second = await talk.say(SENTENCE, message_id="same-id-0001")
    assert first == second and len(talk.rasa.seen) == 1


async def test_retries_at_once_file_one_tip(talk):
    await talk.say(SENTENCE)
    await talk.say(payload="/skip")
    await talk.say(payload="/skip")
    answers = await asyncio.gather(*(talk.say(payload="/affirm", message_id="affirm-0001") for _ in range(5)))
    assert len({receipt_of(body)["code"] for _, body in answers}) == 1
    assert len(await talk.all("tips")) == 1


async def test_filing_again_after_a_lost_answer_gives_the_same_receipt(talk):
    """Rasa kept the filed tip, but the turn was lost on its way to us."""
    await talk.say(SENTENCE)
    await talk.say(payload="/skip")
    await talk.say(payload="/skip")
    _, first = await talk.say(payload="/affirm", message_id="affirm-0001")
    await talk.services.store["turns"].delete_many({})
    await talk.services.store["drafts"].delete_many({})
    _, second = await talk.say(payload="/affirm", message_id="affirm-0001")
    assert receipt_of(first) == receipt_of(second)
    assert len(await talk.all("tips")) == 1


async def test_two_tips_in_one_conversation_share_nothing(talk):
    first = await filed(talk)
    second = await filed(talk, "李沧区虎山路街道的鑫源机械厂叉车没有牌照，天天在开")
    assert first["number"] != second["number"] and len(await talk.all("tips")) == 2
    assert len({sender for sender, *_ in talk.rasa.seen}) == 2


async def test_danger_is_answered_first_and_told_once(talk):
    talk.rasa.intents = {"请问怎么领奖，哎呀外面着火了": "faq_reward", "着火了快来": "faq_how"}
    _, body = await talk.say("请问怎么领奖，哎呀外面着火了")
    assert body["messages"][0]["danger"] == "fire" and "119" in body["messages"][0]["text"]
    await talk.say("着火了快来")
    assert [row["kind"] for row in await talk.all("alerts")] == ["fire"]
    assert [row["kind"] for row in await talk.all("jobs")] == ["mail_alert"]


async def test_rasa_down_keeps_nothing_but_the_danger(talk):
    talk.rasa.down = True
    status, body = await talk.say("我们车间着火了", message_id="danger-0001")
    assert status == 503 and body["retry"] and body["messages"][0]["danger"] == "fire"
    assert body["messages"][1]["form_with"]["what"] == "我们车间着火了"
    assert len(await talk.all("alerts")) == 1
    talk.rasa.down = False
    status, body = await talk.say("我们车间着火了", message_id="danger-0001")
    assert status == 200 and not body["retry"]
    assert len(await talk.all("alerts")) == 1


async def test_photo_sent_while_rasa_is_down_is_not_doubled(talk):
    talk.rasa.down = True
    await talk.post("/chat/photos", data=photo())
    talk.rasa.down = False
    await talk.post("/chat/photos", data=photo())
    assert talk.rasa.seen[-1][3] == {"photos": 1}


async def test_at_most_nine_photos(talk):
    form = FormData()
    form.add_field("message_id", "photo-many-1")
    for number in range(9):
        data = io.BytesIO()
        Image.new("RGB", (20 + number, 20), "blue").save(data, "PNG")
        form.add_field("photos", data.getvalue(), filename=f"{number}.png", content_type="image/png")
    assert (await talk.post("/chat/photos", data=form))[0] == 200
    _, body = await talk.post("/chat/photos", data=photo(message_id="photo-many-2"))
    assert "没有收下" in texts(body)


async def test_a_photo_that_is_none(talk):
    form = FormData()
    form.add_field("message_id", "photo-bad-01")
    form.add_field("photos", b"<svg/>", filename="a.svg", content_type="image/svg+xml")
    status, body = await talk.post("/chat/photos", data=form)
    assert status == 422 and "照片" in body["message"]


async def test_a_place_tapped_on_the_drawing_reaches_the_tip_as_the_reporters_choice(talk):
    await talk.say("仓库里堆满了油漆桶，没有灭火器")
    for place in ("城阳区 台东街道", "", None, ["城阳区"]):
        status, body = await talk.post("/chat/position", json={"message_id": "position-00", "place": place})
        assert status == 422 and body["message"]
    status, body = await talk.post("/chat/position", json={"message_id": "position-01", "place": "城阳区 流亭街道"})
    assert status == 200 and body["said"] == {"text": "［选了城阳区流亭街道］"} and "哪家单位" in texts(body)
    for payload in ("/dont_know", "/dont_know", "/skip", "/skip"):
        _, body = await talk.say(payload=payload)
    assert "城阳区流亭街道" in texts(body)
    await talk.say(payload="/affirm")
    (tip,) = await talk.all("tips")
    assert (tip["facts"]["chosen_place"], tip["facts"]["place"]) == ("城阳区 流亭街道", "城阳区流亭街道")


async def test_position(talk):
    await talk.say("有人把安全出口用铁链锁死了")
    status, body = await talk.post(
        "/chat/position", json={"message_id": "position-01", "lng": 120.3, "lat": 36.3, "system": "wgs84"}
    )
    assert status == 200 and "哪家单位" in texts(body)
    status, body = await talk.post("/chat/position", json={"message_id": "position-02", "lng": "x", "lat": 1})
    assert status == 422 and "位置" in body["message"]


async def test_history_after_a_reload(talk):
    receipt = await filed(talk)
    history = await (await talk.client.get("/chat/history")).json()
    assert len(history["turns"]) == 4 and history["turns"][0]["said"]["text"] == SENTENCE
    assert receipt_of(history["turns"][-1]) == receipt


async def test_history_shows_the_code_for_half_an_hour_only(talk):
    receipt = await filed(talk)
    turns = talk.services.store["turns"]
    await turns.update_many({}, [{"$set": {"at": {"$subtract": ["$at", 31 * 60_000]}}}])
    history = str(await (await talk.client.get("/chat/history")).json())
    assert len(await talk.all("turns")) == 4 and SENTENCE in history
    assert receipt["code"] not in history and receipt["number"] not in history


async def test_leaving_in_a_hurry_forgets_the_conversation(talk):
    await talk.say(SENTENCE)
    answer = await talk.client.post("/chat/leave", headers={"X-CSRF-Token": talk.csrf})
    assert answer.status == 204
    assert (await (await talk.client.get("/chat/history")).json())["turns"] == []


async def test_another_browser_sees_nothing(talk):
    await talk.say(SENTENCE)
    talk.client.session.cookie_jar.clear()
    assert (await (await talk.client.get("/chat/history")).json())["turns"] == []


async def test_cookie_is_opaque_and_closed_to_scripts(talk):
    talk.client.session.cookie_jar.clear()
    header = (await talk.client.get("/chat")).headers["Set-Cookie"]
    assert "HttpOnly" in header and "SameSite=Strict" in header


async def test_progress_with_number_and_code_goes_past_rasa(talk):
    receipt = await filed(talk)
    before = len(talk.rasa.seen)
    status, body = await talk.post("/chat/progress", json=receipt)
    assert status == 200 and body["steps"][0]["text"].startswith("已收到")
    status, body = await talk.post("/chat/progress", json={**receipt, "code": "0000-0000-0000-0000"})
    assert status == 404 and "对不上" in body["message"]
    assert len(talk.rasa.seen) == before


ODD = [
    ("", 422, "写点什么"),
    ("   \n", 422, "写点什么"),
    ("\x00\u202e\ufeff", 422, "写点什么"),
    ("😀😀", 200, "用文字"),
    ("？？？", 200, "用文字"),
    ("一" * 20000, 413, "2000"),
]
TYPED = ["/restart", '/report{"what":"x"}', "$where", '{"$ne":1}', "the exit is locked", "\ud83d 出口锁着"]
BROKEN = ["", "[]", "nonsense", "[" * 5000, '{"text":"x"}', '{"message_id":"12345678","text":7}']


async def test_odd_texts(talk):
    for text, status, words in ODD:
        answer, body = await talk.say(text)
        assert answer == status, text[:20]
        assert words in (body.get("message") or texts(body))
    assert not talk.rasa.seen


async def test_typed_text_is_never_a_payload(talk):
    for number, text in enumerate(TYPED):
        status, _ = await _raw(talk, json.dumps({"message_id": f"typed-0000{number}", "text": text}))
        assert status == 200, text
    assert {payload for _, _, payload, _ in talk.rasa.seen} == {None}
    assert not [text for _, text, _, _ in talk.rasa.seen if text.startswith("/")]


async def _raw(talk, raw: str) -> tuple[int, dict]:
    headers = {"X-CSRF-Token": talk.csrf, "Content-Type": "application/json"}
    answer = await talk.client.post("/chat/messages", data=raw.encode(), headers=headers)
    return answer.status, await answer.json()


async def test_broken_bodies(talk):
    for raw in BROKEN:
        assert (await _raw(talk, raw))[0] == 422, raw[:20]


async def test_unknown_payload_is_refused(talk):
    for payload in ("/report", "/restart", "/correct_answer/receipt", 7, ["/affirm"], {"a": 1}):
        status, _ = await talk.say(payload=payload)
        assert status == 422


async def test_two_hundred_messages_a_second(talk):
    answers = await asyncio.gather(*(talk.say("你们好，在吗", message_id=f"flood-{n:06}") for n in range(200)))
    statuses = {status for status, _ in answers}
    assert statuses <= {200, 429, 503} and 429 in statuses
    assert all(body.get("message") for status, body in answers if status == 429)


async def test_foreign_site_cannot_send(talk):
    answer = await talk.client.post(
        "/chat/messages",
        json={"message_id": "foreign-001", "text": SENTENCE},
        headers={"Origin": "https://elsewhere.example"},
    )
    assert answer.status == 403 and not talk.rasa.seen


def test_every_payload_is_one_that_the_gateway_knows():
    source = (Path(chat.__file__).parents[1] / "bot" / "addons" / "gateway.py").read_text(encoding="utf-8")
    block = source.split("PAYLOADS = frozenset(")[1].split(".split()")[0]
    assert set(chat.TITLES) <= set(re.findall(r"/[a-z_]+", block))
    assert set(chat.CORRECTIONS.values()) == set(SLOTS)


async def test_page_has_no_inline_script_and_a_way_without_scripts(talk):
    page = await talk.open()
    assert not re.search(r"<script(?![^>]*src=)|<style|\son\w+=|style=", page)
    assert "<noscript>" in page and 'href="/report"' in page
