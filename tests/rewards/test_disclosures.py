from datetime import UTC, datetime

import pytest

from access import audit
from access.actors import SYSTEM, Actor, Role
from rewards import disclosures
from rewards.assess import assess
from rewards.board import BoardFilter, public_board, public_entry
from rewards.disclosure_text import (
    DisclosureKind,
    NotForPublic,
    Office,
    RepeatsReporter,
    Words,
    assert_no_reporter_fields,
    check_public,
    generate,
    render,
    without_company,
)
from rewards.disclosures import NoSuchDisclosure, SameReviewer
from rewards.guarded import NotAllowed, Stale, WrongState
from rewards.money import Fen
from rewards.rules import rule_set
from store.errors import Refusal

NOW = datetime(2026, 4, 9, 3, 21, tzinfo=UTC)
WORDS = Words(("特种作业人员无证上岗",), ("危险作业与人员资格",))
TYPICAL, EXPOSURE, NOTICE = DisclosureKind.TYPICAL_CASE, DisclosureKind.EXPOSURE, DisclosureKind.REWARD_NOTICE
PUB, LEAD = Actor("pub", "公开员", frozenset({Role.PUBLISHER})), Actor("lead", "领导", frozenset({Role.LEADER}))

CASE = {
    "_id": "case1", "opened_on": "2026-03-03", "channel": "chat", "company": "青岛海燕机械有限公司",
    "decided_types": [], "location": {"district": "城阳区"}, "recheck": None,
    "finding": {"result": "substantiated", "checked_on": "2026-03-05", "officers": ["甲", "乙"],
                "text": "青岛海燕机械有限公司两名电焊工没有特种作业操作证。"},
    "measures": [
        {"kind": "rectify", "text": "责令停止作业。", "law": "安全生产法第三十条", "document_no": "", "penalty_fen": 0,
         "decided_on": "2026-03-06", "rectify_by": "2026-03-20"},
        {"kind": "fine", "text": "罚款", "law": "安全生产法第九十七条", "document_no": "青应急罚〔2026〕7号",
         "penalty_fen": 1_200_000, "decided_on": "2026-03-06", "rectify_by": None},
    ],
}  # fmt: skip
TIP = {
    "_id": "tip1", "case_id": "case1", "number": "LS7K2QX9", "messages": [],
    "facts": {"what": "我在车间看见老李和小王没有证就烧电焊，火花都溅到油桶边上了",
              "place": "青岛海燕机械有限公司东边车间",
              "company": "青岛海燕机械有限公司", "ongoing": "yes", "happened": "昨晚八点半"},
}  # fmt: skip


def reward(state: str) -> dict:
    assessment = assess(rule_set("national_2018"), "major_hazard", penalty_fen=Fen(1_200_000)).to_document()
    return {"_id": "r1", "state": state, "amount_fen": 300_000, "assessment": assessment, "paid_on": "2026-04-08",
            "claim_due": "2026-06-01", "public_number": "J12345678X"}  # fmt: skip


def test_a_typical_case_in_the_ministrys_order():
    public = generate(TYPICAL, CASE, reward("paid"), WORDS, Office())
    assert render(public, "J1") == (
        "2026年3月，青岛市应急管理局接到群众网络举报，反映城阳区某企业特种作业人员无证上岗。经查，该企业两名电焊工没有特种作业操作证。"
        "举报情况属实。上述行为违反安全生产法第三十条、安全生产法第九十七条的规定，依法责令停止作业、处罚款¥12,000.00。"
        "根据《安全生产领域举报奖励办法》（安监总财〔2018〕19号）第十一条第（一）项，于2026年4月给予举报人人民币¥3,000.00奖励。"
    )
    check_public(public, [TIP])


def test_an_exposure_names_the_company_but_no_tip():
    text = render(generate(EXPOSURE, CASE, reward("paid"), WORDS, Office()), "J1")
    assert text == (
        "青岛海燕机械有限公司 2026-03-05检查：青岛海燕机械有限公司两名电焊工没有特种作业操作证。"
        "依据安全生产法第三十条、安全生产法第九十七条。决定书青应急罚〔2026〕7号。罚款¥12,000.00。"
        "整改期限2026-03-20。状态：整改中。"
    )
    assert "举报" not in text and "3,000" not in text


def test_a_reward_notice_has_no_company_and_no_facts():
    public = generate(NOTICE, CASE, reward("notified"), WORDS, Office())
    text = render(public, "J12345678X")
    assert text.startswith("编号J12345678X：关于城阳区的危险作业与人员资格类举报已查实，奖励¥3,000.00。")
    assert not any(word in text for word in ("海燕", "电焊", "无证", "2026年3月"))
    check_public(public, [TIP])


@pytest.mark.parametrize("kind", list(DisclosureKind))
def test_nothing_of_the_tip_is_in_any_kind(kind):
    given = reward("notified" if kind is NOTICE else "paid")
    text = render(generate(kind, CASE, given, WORDS, Office()), "J1")
    for word in ("老李", "小王", "油桶", "昨晚", "八点", TIP["number"], "03-03", "东边车间", "case1", "甲", "乙"):
        assert word not in text


@pytest.mark.parametrize(
    ("kind", "case", "given", "says"),
    [
        (TYPICAL, {**CASE, "finding": None}, None, "查实"),
        (TYPICAL, {**CASE, "finding": {**CASE["finding"], "result": "unsubstantiated"}}, None, "查实"),
        (EXPOSURE, {**CASE, "measures": []}, None, "处理决定"),
        (EXPOSURE, {**CASE, "company": ""}, None, "企业名称"),
        (NOTICE, CASE, None, "领奖公告"),
        (NOTICE, CASE, reward("paid"), "领奖公告"),
    ],
)
def test_what_may_not_be_disclosed(kind, case, given, says):
    with pytest.raises(NotForPublic, match=says):
        generate(kind, case, given, WORDS, Office())


def with_facts(text: str):
    return generate(TYPICAL, {**CASE, "finding": {**CASE["finding"], "text": text}}, None, WORDS, Office())


@pytest.mark.parametrize(
    "text",
    [
        "经查，火花都溅到油桶边上了。",
        "火花 都溅到，油桶边 上了",
        "火花都溅到油桶边",
        "编号 LS7K2QX9 的举报属实",
        "编号 ls7k-2qx9",
        "联系人13800138000",
        "证件37020219900101123X",
    ],
)
def test_the_reporters_words_and_numbers_are_refused(text):
    with pytest.raises(RepeatsReporter) as refused:
        assert_no_reporter_fields(with_facts(text), TIP)
    assert refused.value.field == "facts"


@pytest.mark.parametrize(
    "text", ["火花都溅到油桶", "青岛海燕机械有限公司有两名电焊工无证", "特种作业人员无证上岗，属实"]
)
def test_short_repetitions_and_names_that_anybody_may_use_pass(text):
    tip = {**TIP, "facts": {**TIP["facts"], "what": TIP["facts"]["what"] + "特种作业人员无证上岗"}}
    assert_no_reporter_fields(with_facts(text), tip)


def test_messages_of_the_reporter_count_as_their_words():
    tip = {**TIP, "messages": [{"from": "reporter", "text": "每周三下午老板都不在厂里"}]}
    with pytest.raises(RepeatsReporter):
        assert_no_reporter_fields(with_facts("每周三下午老板都不在"), tip)


def test_the_company_is_not_named_in_a_typical_case():
    assert without_company("青岛海燕机械有限公司与青岛海燕机械", "青岛海燕机械有限公司") == "该企业与该企业"
    public = generate(TYPICAL, CASE, None, WORDS, Office())
    public.fields["industry"] = "青岛海燕机械有限公司"
    with pytest.raises(NotForPublic, match="该企业"):
        check_public(public, [])


class Desk:
    def __init__(self, store):
        self.store = store

    async def draft(self, kind=TYPICAL, actor=SYSTEM, case=CASE, given=None, **more):
        return await disclosures.draft(self.store, audit, actor, kind, case, given, now=NOW, **more)

    async def edit(self, record, actor=PUB, **changes):
        return await disclosures.edit(
            self.store, audit, actor, record["_id"], changes, version=record["version"], now=NOW
        )

    async def review(self, record, actor=LEAD):
        return await disclosures.review(self.store, audit, actor, record["_id"], version=record["version"], now=NOW)

    async def publish(self, record, actor=PUB):
        return await disclosures.publish(self.store, audit, actor, record["_id"], version=record["version"], now=NOW)

    async def withdraw(self, record, reason="处罚决定被撤销"):
        return await disclosures.withdraw(
            self.store, audit, PUB, record["_id"], reason=reason, version=record["version"], now=NOW
        )

    async def published(self, kind=TYPICAL, case=CASE, given=None, **more):
        return await self.publish(await self.review(await self.draft(kind, case=case, given=given, **more)))


@pytest.fixture
async def desk(store):
    await store["cases"].insert_one(dict(CASE))
    await store["tips"].insert_one({**TIP, "client_key": "k"})
    return Desk(store)


async def test_from_draft_to_the_public_board(desk, store):
    record = await desk.published(given=reward("paid"), demonstrate=True)
    assert record["state"] == "published"
    page = await public_board(store, BoardFilter())
    assert page.total == 1
    assert page.entries[0] == {
        "public_number": record["public_number"], "kind": "typical_case", "district": "城阳区", "month": "2026-03",
        "groups": [], "text": record["text"], "published_on": "2026-04-09", "withdrawn_on": None,
    }  # fmt: skip
    actions = [each["action"] async for each in store["audit"].find({"subject": "case1"}).sort("seq", 1)]
    assert actions == ["disclosure.draft", "disclosure.review", "disclosure.publish"]


@pytest.mark.parametrize("others", [3, 4])
async def test_the_amount_is_left_out_of_a_small_group(desk, store, others):
    near = [{**CASE, "_id": f"other{n}", "opened_on": "2026-03-20"} for n in range(others)]
    far = [{**CASE, "_id": f"far{n}", "opened_on": "2026-02-20"} for n in range(5)]
    await store["cases"].insert_many([*near, *far])
    record = await desk.draft(given=reward("paid"))
    assert record["amount_shown"] is (others >= 4)
    assert ("3,000" in record["text"]) is (others >= 4)
    notice = await desk.draft(NOTICE, given=reward("notified"))
    assert ("凭查询码查看" in notice["text"]) is (others < 4)


async def test_a_draft_that_repeats_the_reporter_is_kept_but_not_published(desk, store):
    case = {**CASE, "finding": {**CASE["finding"], "text": "火花都溅到油桶边上了"}}
    record = await desk.draft(case=case)
    assert "原话" in (await disclosures.warning_for(store, record)).message
    with pytest.raises(RepeatsReporter):
        await desk.review(record)
    with pytest.raises(RepeatsReporter):
        await desk.edit(record, matter="火花都溅到油桶边上了")
    record = await desk.edit(record, facts="焊接点距易燃物不足三米")
    assert await disclosures.warning_for(store, record) is None
    assert (await desk.publish(await desk.review(record)))["state"] == "published"


async def test_who_wrote_it_does_not_review_it(desk):
    record = await desk.edit(await desk.draft(), industry="机械")
    with pytest.raises(SameReviewer):
        await desk.review(record, PUB)
    with pytest.raises(WrongState):
        await desk.publish(record)
    reviewed = await desk.review(record)
    edited = await desk.edit(reviewed, industry="机械加工")
    assert edited["state"] == "draft" and edited["reviewed_by"] is None


async def test_roles_states_versions_and_fields_are_checked(desk):
    for actor in (LEAD, Actor("x", "x", frozenset({Role.INSPECTOR}))):
        with pytest.raises(NotAllowed):
            await desk.draft(actor=actor)
    record = await desk.draft()
    with pytest.raises(NotAllowed):
        await desk.edit(record, LEAD, industry="机械")
    with pytest.raises(Stale):
        await desk.edit({**record, "version": 7}, industry="机械")
    for field, value in (("amount", "¥1.00"), ("facts", "x" * 2001), ("facts", "a\x00"), ("$set", "x")):
        with pytest.raises(Refusal) as refused:
            await desk.edit(record, **{field: value})
        assert refused.value.field == field
    with pytest.raises(WrongState):
        await desk.withdraw(record)
    with pytest.raises(NoSuchDisclosure):
        await disclosures.find(desk.store, "nope")


async def test_a_withdrawn_entry_says_only_that_it_was_withdrawn(desk, store):
    record = await desk.published()
    number = record["public_number"]
    assert (await public_entry(store, number))["text"] == record["text"]
    with pytest.raises(Refusal, match="原因"):
        await desk.withdraw(record, " ")
    await desk.withdraw(record)
    assert (await public_board(store, BoardFilter())).total == 0
    entry = await public_entry(store, number)
    assert entry["text"] == "本条内容已于 2026-04-09 撤回。" and entry["withdrawn_on"] == "2026-04-09"


async def test_drafts_are_not_public(desk, store):
    record = await desk.draft()
    assert (await public_board(store, BoardFilter())).total == 0
    with pytest.raises(NoSuchDisclosure):
        await public_entry(store, record["public_number"])


async def test_a_case_has_another_number_in_each_list_and_one_notice(desk):
    typical, exposure = await desk.draft(), await desk.draft(EXPOSURE)
    notice = await desk.draft(NOTICE, given=reward("notified"))
    assert len({each["public_number"] for each in (typical, exposure, notice)}) == 3
    assert (await desk.draft(NOTICE, given=reward("notified")))["_id"] == notice["_id"]


async def test_the_board_is_filtered_and_paged(desk, store):
    await desk.published()
    await desk.published(EXPOSURE)
    waiting = reward("notified") | {"version": 1, "case_id": "case1", "tip_id": "tip1", "claim_days": 60}
    await store["rewards"].insert_one(waiting)
    await desk.published(NOTICE, given=waiting)
    for wanted, total in (
        (BoardFilter(kind=EXPOSURE), 1),
        (BoardFilter(district="城阳区"), 3),
        (BoardFilter(district="市南区"), 0),
        (BoardFilter(month="2026-04"), 3),
        (BoardFilter(month="2026-03"), 0),
        (BoardFilter(group="危险作业与人员资格"), 0),
        (BoardFilter(text="海燕"), 1),
        (BoardFilter(text=".*"), 0),
        (BoardFilter(text="("), 0),
    ):
        assert (await public_board(store, wanted)).total == total, wanted
    page = await public_board(store, BoardFilter(page=2, size=2))
    assert (len(page.entries), page.total) == (1, 3)
