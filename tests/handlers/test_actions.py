"""The action webhook and the conversation store, against calls recorded from the real Rasa."""

import json
from pathlib import Path

import pytest

from tests.handlers.test_chat import SENTENCE, photo, texts

pytestmark = pytest.mark.filterwarnings("ignore::aiohttp.web.NotAppKeyWarning")
RECORDED = sorted((Path(__file__).parents[1] / "bot" / "recorded").glob("*.json"))


async def test_recorded_calls_are_answered(talk):
    assert RECORDED
    for file in RECORDED:
        headers = {**talk.bearer, "Content-Type": "application/json"}
        answer = await talk.internal.post("/internal/actions", data=file.read_bytes(), headers=headers)
        body = await answer.json()
        assert answer.status == 200 and set(body) == {"events", "responses"}, file.stem
        assert all(event["event"] in ("slot", "followup", "restart") for event in body["events"])


async def test_unknown_action_and_broken_calls_are_rejected(talk):
    tracker = {"slots": {}, "latest_message": {}}
    for body in (
        {"next_action": "action_nonsense", "sender_id": "x", "tracker": tracker},
        {},
        [],
        {"next_action": "x"},
    ):
        assert (await talk.internal.post("/internal/actions", json=body, headers=talk.bearer)).status == 400


async def test_without_the_secret_nothing(talk):
    assert (await talk.internal.post("/internal/actions", json={})).status == 401
    assert (await talk.internal.get("/internal/conversations/x-0")).status == 401


async def test_conversation_is_kept_sealed_and_comes_back(talk):
    url, body = "/internal/conversations/abc-0", {"events": [{"event": "user", "text": "兴达木业"}]}
    assert (await talk.internal.get(url, headers=talk.bearer)).status == 404
    assert (await talk.internal.put(url, json=body, headers=talk.bearer)).status == 204
    assert await (await talk.internal.get(url, headers=talk.bearer)).json() == body
    row = (await talk.all("conversations"))[0]
    assert "兴达" not in repr(row) and row["expires_at"]
    await talk.services.store["conversations"].insert_one({**row, "_id": "abc-1"})
    moved = await talk.internal.get("/internal/conversations/abc-1", headers=talk.bearer)
    assert moved.status == 404, "bound to its sender"


async def test_broken_conversations_are_refused(talk):
    for raw in (b"nonsense", b"[]", b'{"events":1}'):
        assert (await talk.internal.put("/internal/conversations/abc-0", data=raw, headers=talk.bearer)).status == 400
    assert (await talk.internal.get("/internal/conversations/a%2Fb", headers=talk.bearer)).status in (400, 404)


async def test_out_of_scope_names_the_number_and_lets_it_through(talk):
    text = "公司拖欠我三个月工资不给，找谁要"
    talk.rasa.intents, talk.rasa.matters = {text: "out_of_scope"}, {text: "wages"}
    _, body = await talk.say(text)
    assert "12333" in texts(body) and body["messages"][0]["buttons"][0]["title"] == "仍要举报"
    await talk.say(payload="/start_report")
    (slots,) = talk.rasa.slots.values()
    assert slots["what"] == text


async def test_interrupting_question_then_the_form_goes_on(talk):
    talk.rasa.intents = {"举报有奖励吗": "faq_reward"}
    await talk.say(SENTENCE)
    _, body = await talk.say("举报有奖励吗")
    assert "answer to faq_reward" in texts(body) and "有照片吗" in texts(body)


async def test_correction_by_button_and_by_words(talk):
    talk.rasa.intents = {"不是兴达木业，是兴旺木业": "correct_answer", "上马街道程哥庄村": "report"}
    await talk.say(SENTENCE)
    await talk.say(payload="/skip")
    _, body = await talk.say(payload="/skip")
    _, body = await talk.say("不是兴达木业，是兴旺木业")
    assert "单位：兴旺木业" in texts(body)
    _, body = await talk.say(payload="/correct_answer/place")
    assert "什么地方" in texts(body)
    _, body = await talk.say("上马街道程哥庄村")
    assert "上马街道" in texts(body) and "确认提交" in json.dumps(body, ensure_ascii=False)


async def test_yes_without_anything_to_file(talk):
    _, body = await talk.say(payload="/affirm")
    assert "还没有要提交" in texts(body)


async def test_hand_over_tells_the_desk(talk):
    talk.rasa.intents = {"我要找人说话": "talk_to_person"}
    _, body = await talk.say("我要找人说话")
    assert "12350" in texts(body)
    assert [row["kind"] for row in await talk.all("alerts")] == ["handover"]


async def test_giving_up_forgets_the_draft(talk):
    await talk.post("/chat/photos", data=photo())
    await talk.say(SENTENCE)
    _, body = await talk.say(payload="/restart_talk")
    assert "没有提交" in texts(body)
    await talk.say(SENTENCE)
    (_, _, _, metadata) = talk.rasa.seen[-1]
    assert "photos" not in metadata and talk.rasa.seen[-1][0] != talk.rasa.seen[0][0]
