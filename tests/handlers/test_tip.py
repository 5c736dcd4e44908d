"""Status by number and code, the mailbox, objection, withdrawal: what a reporter can do, and what a guesser cannot."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from access.audit import verify
from cases import mailbox
from cases.lifecycle import perform
from handlers import tip_session
from handlers.middlewares import throttle
from tests import hostile
from tests.cases.case_factory import DISPATCHER, UNDERSTOOD, WAY
from tests.handlers.citizens import citizens, file, form, hidden, jpeg, open_tip


@pytest.fixture
async def site(mongo_server, tmp_path):
    async with citizens(mongo_server, tmp_path) as opened:
        yield opened


async def walk(services, until: str) -> dict:
    """The only case goes its way up to and with the action `until`."""
    from access.actors import SYSTEM

    case = await services.store["cases"].find_one({})
    steps = [("understand", SYSTEM, UNDERSTOOD), *WAY]
    for name, actor, data in steps:
        case = await perform(services.store, case["_id"], name, actor, data, case["version"])
        if name == until:
            return case
    raise AssertionError(until)


async def test_number_and_code_open_the_time_line_however_they_are_typed(site):
    client, _, _ = site
    number, code = await file(client)
    for typed in (
        code,
        code.lower(),
        code.replace("-", ""),
        code.replace("-", " "),
        code.replace("1", "I").replace("0", "o"),
    ):
        page = await open_tip(client, f" {number} ", typed)
        assert "已收到您的举报。" in page and number in page and code not in page
        await client.post("/tip/leave")
    assert "查询码" in await (await client.get("/tip")).text()


async def test_the_cookie_is_sealed_short_and_for_no_script(site):
    client, services, _ = site
    number, code = await file(client)
    answer = await client.post("/tip", data={"number": number, "code": code}, allow_redirects=False)
    cookie = answer.cookies["tip"]
    assert answer.status == 303 and answer.headers["Location"] == "/tip"
    assert cookie["httponly"] and cookie["samesite"] == "Strict" and cookie["max-age"] == "1800"
    tip = await services.store["tips"].find_one({})
    assert tip["_id"] not in cookie.value and plain(code) not in plain(cookie.value)
    assert tip_session.opened(services, cookie.value) == tip["_id"]
    assert tip_session.opened(services, cookie.value, time.time() + 1801) is None
    for broken in ("", "x", cookie.value[:-4], "A" * 600, "é"):
        assert tip_session.opened(services, broken) is None


def plain(text: str) -> str:
    return text.replace("-", "")


async def test_wrong_number_and_wrong_code_get_the_same_page(site):
    client, _, _ = site
    number, code = await file(client)
    pages = []
    for wrong in ((number, "0" * 16), ("0000-0000-0000", code), ("", ""), ('{"$ne":1}', '{"$ne":1}')):
        answer = await client.post("/tip", data={"number": wrong[0], "code": wrong[1]})
        text = await answer.text()
        assert answer.status == 404 and code not in text.replace(f'value="{code}"', "")
        pages.append(text.replace(hidden(text, "number"), ""))
    assert len(set(pages)) == 1


async def test_guessing_is_slowed_down(site):
    client, _, _ = site
    number, _ = await file(client)
    statuses = []
    for _ in range(20):
        answer = await client.post("/tip", data={"number": number, "code": "0" * 16})
        statuses.append(answer.status)
    assert statuses[0] == 404 and statuses[-1] == 429 and int(answer.headers["Retry-After"]) > 0


async def test_a_number_that_many_guess_answers_late_and_its_owner_does_not_wait(site, monkeypatch):
    client, _, _ = site
    waited = []
    monkeypatch.setattr(throttle, "DWELL_S", 0.02)
    monkeypatch.setattr(throttle, "LONGEST_S", 0.1)
    client.app[throttle.THROTTLE]._limits = dict.fromkeys(throttle.LIMITS, throttle.Limit(1000, 1000))
    number, code = await file(client)
    for wrong in (number, "0000-0000-0000"):
        for _ in range(throttle.PATIENT + 4):
            begun = time.perf_counter()
            assert (await client.post("/tip", data={"number": wrong, "code": "0" * 16})).status == 404
            waited.append(time.perf_counter() - begun)
        # The same for a number that there is and for one that there is not.
        assert waited[-1] >= 0.1 and min(waited[-(throttle.PATIENT + 4) :]) < 0.1
    begun = time.perf_counter()
    await open_tip(client, number, code)
    assert time.perf_counter() - begun < 0.1 + min(waited) * 5


@pytest.mark.parametrize("text", hostile.TEXTS, ids=range(len(hostile.TEXTS)))
async def test_hostile_numbers_and_codes_are_only_wrong(site, text):
    client, _, _ = site
    for number, code in ((text, "A" * 16), ("1" * 12, text)):
        clean = {"number": number.encode("utf-8", "replace"), "code": code.encode("utf-8", "replace")}
        answer = await client.post("/tip", data={name: value.decode() for name, value in clean.items()})
        assert answer.status == 404 and "<script>alert" not in await answer.text()


@pytest.mark.parametrize("path", ["answer", "add", "object", "retaliation", "withdraw"])
async def test_without_number_and_code_nothing_can_be_done(site, path):
    client, services, _ = site
    await file(client)
    answer = await client.post(f"/tip/{path}", data={"text": "x", "sure": "1"}, allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (303, "/tip")
    assert (await services.store["tips"].find_one({}))["messages"] == []
    assert (await services.store["cases"].find_one({}))["state"] == "received"


async def test_a_question_is_read_and_answered_without_identity_or_code(site):
    client, services, _ = site
    number, code = await file(client)
    case = await walk(services, "understand")
    await mailbox.ask(services.store, case["_id"], DISPATCHER, "是哪一扇门?", case["version"])
    page = await open_tip(client, number, code)
    question = hidden(page, "question")
    assert "是哪一扇门?" in page
    text = f"北门。我的编号{number} {code},也写作{plain(code).lower()},电话13800138000"
    answer = await client.post("/tip/answer", data={"question": question, "text": text})
    assert answer.status == 200 and "已收到您的回答" in await answer.text()
    stored = (await services.store["tips"].find_one({}))["messages"][1]["text"]
    assert stored.startswith("北门。") and "13800138000" not in stored and number in stored
    assert plain(code).lower() not in plain(stored).lower() and stored.count(mailbox.MASK) == 2
    assert await services.store["vault"].count_documents({"kind": "identity"}) == 1
    again = await client.post("/tip/answer", data={"question": question, "text": "又一次"})
    assert (again.status == 409 and "又一次" in await again.text()) or again.status == 409


async def test_more_facts_and_photos_are_added_and_the_case_goes_on(site):
    client, services, _ = site
    await open_tip(client, *await file(client))
    answer = await client.post("/tip/add", data=form([("a.jpg", jpeg())], text="今天又锁上了"))
    assert answer.status == 200 and "已收到您的补充" in await answer.text()
    bad = await client.post("/tip/add", data=form([("a.jpg", b"no photo")], text="还有一张"))
    assert bad.status == 422 and "还有一张" in await bad.text()
    case = await services.store["cases"].find_one({})
    assert case["photos"] == 1 and await services.store["evidence"].count_documents({}) == 1
    # The audit chain of the case stays whole, and staff can act on it afterwards.
    await walk(services, "assign")
    assert (await verify(services.store))[1] is None


async def test_an_empty_or_too_long_message_is_refused_with_what_was_typed(site):
    client, services, _ = site
    await open_tip(client, *await file(client))
    assert (await client.post("/tip/add", data={"text": " "})).status == 422
    long = await client.post("/tip/add", data={"text": "长" * 3001})
    assert long.status == 422 and "长" * 3001 in await long.text()
    assert (await services.store["tips"].find_one({}))["messages"] == []


async def test_an_objection_is_possible_once_within_ten_days_of_the_reply(site):
    client, services, _ = site
    await open_tip(client, *await file(client))
    assert (await client.post("/tip/object", data={"text": "还没有答复"})).status == 409
    case = await walk(services, "reply")
    page = await (await client.get("/tip")).text()
    assert "对答复有异议" in page and "您反映的事项属实" in page
    assert (await client.post("/tip/object", data={"text": "门后来又锁上了"})).status == 200
    assert (await client.post("/tip/object", data={"text": "再来一次"})).status == 409
    case = await services.store["cases"].find_one({"_id": case["_id"]})
    assert [row["kind"] for row in case["appeals"]] == ["objection"]
    entry = await services.store["audit"].find_one({"action": "reporter_objection"})
    assert entry["subject"] == case["_id"] and "锁上" not in str(entry)


async def test_after_ten_days_it_is_too_late_to_object(site):
    client, services, _ = site
    await file(client)
    case = await walk(services, "reply")
    tip = await services.store["tips"].find_one({})
    now = datetime.now(UTC)
    assert mailbox.may_object(tip, case, now + timedelta(days=9))
    assert not mailbox.may_object(tip, case, now + timedelta(days=11))


async def test_a_tip_is_withdrawn_until_it_is_accepted(site):
    client, services, _ = site
    await open_tip(client, *await file(client))
    assert (await client.post("/tip/withdraw", data={})).status == 422
    answer = await client.post("/tip/withdraw", data={"sure": "1"})
    assert answer.status == 200 and "已撤回" in await answer.text()
    assert (await services.store["cases"].find_one({}))["state"] == "withdrawn"
    assert (await services.store["tips"].find_one({}))["withdrawn"] is True


async def test_an_accepted_tip_is_not_withdrawn(site):
    client, services, _ = site
    await open_tip(client, *await file(client))
    await walk(services, "accept")
    assert (await client.post("/tip/withdraw", data={"sure": "1"})).status == 409
    assert (await services.store["tips"].find_one({}))["withdrawn"] is False


async def test_withdrawing_one_of_two_tips_leaves_the_case(site):
    client, services, _ = site
    await open_tip(client, *await file(client))
    await services.store["cases"].update_one({}, {"$set": {"tips": 2}})
    assert (await client.post("/tip/withdraw", data={"sure": "1"})).status == 200
    case = await services.store["cases"].find_one({})
    assert (case["state"], case["tips"]) == ("received", 1)
    assert (await verify(services.store))[1] is None
