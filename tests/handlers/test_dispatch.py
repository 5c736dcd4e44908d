"""The dispatcher's desk."""

import pytest

from cases.states import State
from tests.handlers.office import OFFICERS, dispatch_form, office

pytestmark = pytest.mark.filterwarnings("ignore::aiohttp.web.NotAppKeyWarning")


@pytest.fixture
async def house(mongo_server, tmp_path):
    async with office(mongo_server, tmp_path) as opened:
        yield opened


async def test_the_queue_shows_what_waits_and_opens_a_case_by_its_number(house):
    dispatcher = await house.officer("disp")
    empty = await dispatcher.get("/desk")
    assert empty.status == 200 and "没有符合条件的案件" in empty
    case_id = await house.file()
    page = await dispatcher.get("/desk?district=市北区&type=exit_blocked_locked")
    assert case_id in page and "还剩" in page and "小王" not in page
    assert case_id not in await dispatcher.get("/desk?district=崂山区")
    assert (await dispatcher.get(f"/desk?case={case_id.lower().replace('-', ' ')}")).url == f"/desk/cases/{case_id}"
    assert "不是案件编号" in await dispatcher.get("/desk?case=什么")


@pytest.mark.parametrize(
    "query", ["state=all&page=99999999999", "state=<b>&page=-1", "district=%00&type=$where", "page=٣"]
)
async def test_a_broken_address_still_opens_a_list(house, query):
    dispatcher = await house.officer("disp")
    await house.file()
    assert (await dispatcher.get(f"/desk?{query}")).status == 200


async def test_the_case_shows_words_proposal_place_and_duplicates(house):
    first = await house.file()
    second = await house.file()
    await house.services.store["cases"].update_one(
        {"_id": second}, {"$set": {"duplicates": [{"case_id": first, "likeness": 1.0, "reasons": ["文字相似度100%"]}]}}
    )
    page = await (await house.officer("disp")).get(f"/desk/cases/{second}")
    for words in (
        "<mark",
        "安全出口",
        "92%",
        "文字写明市北区辽宁路",
        "市北区消防救援大队",
        "文字相似度100%",
        "［姓名］",
        "受理决定",
        "收到举报",
    ):
        assert words in page
    draft = page.split('name="summary"', 1)[1].split("</textarea>")[0]
    assert "市北区辽宁路街道某商场有限公司" in draft and "小王" not in draft and "铁链" not in draft


async def test_accept_and_assign_in_one_click_keeps_the_correction(house):
    case_id = await house.file()
    dispatcher, _ = await house.officer("disp"), await house.officer("ins1")
    case = await house.case(case_id)
    page = await dispatcher.post(
        f"/desk/cases/{case_id}/accept_and_assign", dispatch_form(case, street="市北区 台东街道")
    )
    assert page.status == 200 and "已完成：受理并派单" in page.replace(":", ":")
    case = await house.case(case_id)
    assert case["state"] == State.ASSIGNED and case["inspector_id"] == "ins1" and case["location"]["grid"] is None
    kept = await house.services.store["corrections"].find_one({"case_id": case_id})
    assert kept["proposed"]["types"] == ["exit_blocked_locked", "no_safety_permit"]
    assert kept["decided"] == {"types": ["exit_blocked_locked"], "district": "市北区", "street": "台东街道", "grid": ""}
    assert await house.services.store["jobs"].count_documents({"kind": "mail_order"}) == 1


async def test_corrected_types_change_who_answers(house):
    case_id = await house.file()
    dispatcher = await house.officer("disp")
    page = await dispatcher.get(f"/desk/cases/{case_id}")
    assert 'value="市北区消防救援大队"' in page and "同时告知" in page and "消防法第28条" in page
    form = dispatch_form(await house.case(case_id), types="gas_leak")
    await dispatcher.post(f"/desk/cases/{case_id}/accept", form)
    page = await dispatcher.get(f"/desk/cases/{case_id}")
    assert 'value="市北区城市管理局"' in page and "城镇燃气管理条例第48条" in page and "燃气企业抢修" in page


async def test_what_the_program_proposed_right_is_no_correction(house):
    case_id = await house.file()
    dispatcher, _ = await house.officer("disp"), await house.officer("ins1")
    form = dispatch_form(await house.case(case_id))
    pairs = [*form.items(), ("types", "no_safety_permit")]
    await dispatcher.post(f"/desk/cases/{case_id}/accept", pairs)
    assert (await house.case(case_id))["state"] == State.ACCEPTED
    assert (await house.case(case_id))["location"]["grid"] == "370203001-1"
    assert await house.services.store["corrections"].count_documents({}) == 0


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"types": ""}, "types"), ({"types": "nonsense"}, "types"), ({"district": "火星区"}, "district"),
        ({"street": "崂山区 沙子口街道"}, "street"), ({"summary": "短"}, "summary"),
        ({"inspector_id": ""}, "inspector_id"),
        ({"inspector_id": "nobody"}, "inspector_id"), ({"department": " "}, "department"),
    ],
)  # fmt: skip
async def test_a_mistake_is_shown_next_to_its_field_and_nothing_typed_is_lost(house, changed, field):
    case_id = await house.file()
    dispatcher, _ = await house.officer("disp"), await house.officer("ins1")
    form = dispatch_form(await house.case(case_id), **{"company": "打字 <b>公司</b>", **changed})
    page = await dispatcher.post(f"/desk/cases/{case_id}/accept_and_assign", form)
    assert page.status == 422
    assert f'id="accept_and_assign-{field}-error"' in page or f"accept_and_assign-{field}" in page
    assert "打字 &lt;b&gt;公司&lt;/b&gt;" in page and 'class="field-error"' in page
    assert (await house.case(case_id))["state"] == State.TRIAGE


async def test_the_second_of_two_is_told_who_was_first(house):
    case_id = await house.file()
    one, two = await house.officer("disp"), await house.officer("disp2")
    await house.officer("ins1")
    seen = await house.case(case_id)
    await one.post(f"/desk/cases/{case_id}/accept_and_assign", dispatch_form(seen))
    page = await two.post(
        f"/desk/cases/{case_id}/refuse",
        {"version": str(seen["version"]), "reason": "not_safety", "text": "不属于本线受理。"},
    )
    assert page.status == 409 and "分派员甲" in page
    assert (await house.case(case_id))["state"] == State.ASSIGNED


async def test_refuse_transfer_and_ask(house):
    refused, moved, asked = await house.file(), await house.file(), await house.file()
    dispatcher = await house.officer("disp")

    async def do(case_id, action, **data):
        version = str((await house.case(case_id))["version"])
        return await dispatcher.post(f"/desk/cases/{case_id}/{action}", {"version": version, **data})

    page = await do(refused, "refuse", reason="", text="请打12345。")
    assert page.status == 422 and "请打12345。" in page
    await do(refused, "refuse", reason="not_safety", text="请打12345。")
    await do(moved, "transfer", to="市市场监管局", text="由市场监管部门办理。")
    await do(asked, "ask_reporter", text="还在锁着吗？")
    assert [(await house.case(c))["state"] for c in (refused, moved, asked)] == [
        "not_accepted",
        "transferred",
        "triage",
    ]
    assert "还在锁着吗" in await dispatcher.get(f"/desk/cases/{asked}")
    assert (await do(asked, "archive")).status == 404


async def test_merge_moves_tips_and_photos_and_both_chains_stay_whole(house):
    from access import audit

    into, case_id = await house.file(), await house.file(photo=b"jpeg")
    dispatcher = await house.officer("disp")
    path = f"/desk/cases/{case_id}/merge"
    version = str((await house.case(case_id))["version"])
    for wrong in ("", case_id, "ZZZZZ-ZZZZZ"):
        assert (await dispatcher.post(path, {"version": version, "into": wrong})).status == 422
    page = await dispatcher.post(path, {"version": version, "into": into.lower()})
    assert page.status == 200
    merged, grown = await house.case(case_id), await house.case(into)
    assert merged["state"] == State.MERGED and merged["merged_into"] == into
    assert (grown["tips"], grown["photos"]) == (2, 1)
    assert await house.services.store["tips"].count_documents({"case_id": into}) == 2
    assert (await audit.verify(house.services.store))[1] is None
    # The grown case can go on: its head moved along.
    await house.officer("ins1")
    await dispatcher.post(f"/desk/cases/{into}/accept_and_assign", dispatch_form(await house.case(into)))
    assert (await house.case(into))["state"] == State.ASSIGNED


async def test_pictures_are_for_dispatchers_only(house):
    case_id = await house.file(photo=b"\xff\xd8jpeg")
    photo = await house.services.store["evidence"].find_one({"case_id": case_id})
    for login, status in [("disp", 200), ("sup", 200), ("sup_other", 404), ("ins1", 403), ("fin1", 403), ("adm", 403)]:
        answer = await (await house.officer(login)).client.get(f"/staff/evidence/{photo['_id']}/thumb")
        assert answer.status == status, login
        if status == 200:
            assert await answer.read() == b"\xff\xd8jpeg" and answer.headers["Cache-Control"] == "no-store"
    dispatcher = await house.officer("disp")
    assert (await dispatcher.get(f"/staff/evidence/{photo['_id']}/original")).status == 404


async def test_an_alert_stands_on_top_until_somebody_takes_it(house):
    from datetime import UTC, datetime

    await house.services.store["alerts"].insert_one(
        {"_id": "a1", "at": datetime.now(UTC), "kind": "fire", "text": "着火了", "taken_by": None}
    )
    dispatcher = await house.officer("disp")
    assert "着火了" in await dispatcher.get("/desk")
    assert "着火了" not in await dispatcher.post("/desk/alerts/a1")
    assert (await dispatcher.post("/desk/alerts/a1")).status == 404


async def test_the_desk_is_closed_to_other_roles(house):
    case_id = await house.file()
    for login in set(OFFICERS) - {"disp", "disp2", "duty"}:
        page = await (await house.officer(login)).get(f"/desk/cases/{case_id}")
        assert page.status == 403, login
