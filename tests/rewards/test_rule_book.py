import pytest

from access import audit
from access.actors import Role
from rewards import rule_book
from rewards.assess import assess
from rewards.guarded import NotAllowed, Stale, WrongState
from rewards.money import Fen
from rewards.rule_book import BadRuleSet, NoSuchVersion
from rewards.rules import DraftRuleSet, UnknownRuleSet, bundled_texts, rule_set
from store.errors import Conflict, Refusal
from tests.rewards.desk import ANN, NOW, officer
from tests.rewards.rule_texts import WITH_CAP

ONE, TWO = officer("adm1", Role.ADMIN), officer("adm2", Role.ADMIN)
NOTE = "鲁应急发〔2025〕12号正式文本，省厅网站下载"
COMPLETED = """
id: shandong_2025
title: 山东省安全生产举报奖励办法（2025年修订）
document: 鲁应急发〔2025〕12号
region: 山东省
status: verified
effective_from: 2026-02-01
claim_days: 30
sources: {text: 正式文本}
tracks:
  - {id: hazard, title: 重大事故隐患, kind: rate_of_penalty, rate: 12.5%, floor_yuan: 1000, cap_yuan: 200000, article: 第九条, source: [text]}
conditions:
  - {id: verified, text: 经核查属实, article: 第六条}
"""


async def submit(store, text=COMPLETED, actor=ONE, note=NOTE):
    return await rule_book.submit(store, audit, actor, text, note, now=NOW)


async def approve(store, row, actor=TWO, version=1):
    return await rule_book.approve(store, audit, actor, row["_id"], version=version, now=NOW)


async def test_a_draft_is_completed_by_one_and_approved_by_another(store):
    with pytest.raises(DraftRuleSet):
        await rule_book.current_set(store, "shandong_2025")
    row = await submit(store)
    with pytest.raises(DraftRuleSet):
        await rule_book.current_set(store, "shandong_2025")
    with pytest.raises(NotAllowed, match="另一名"):
        await approve(store, row, ONE)
    await approve(store, row)
    rules = await rule_book.current_set(store, "shandong_2025")
    assert assess(rules, "hazard", penalty_fen=Fen(2_000_000)).amount_fen == 250_000 and rules.claim_days == 30
    assert (await audit.verify(store))[1] is None
    with pytest.raises(DraftRuleSet):
        rule_set("shandong_2025")  # the program's own file is what it was


async def test_a_later_version_replaces_the_one_before_and_both_stay(store):
    first = await approve(store, await submit(store))
    second = await approve(store, await submit(store, COMPLETED.replace("12.5%", "20%"), TWO), ONE)
    rules = await rule_book.current_set(store, "shandong_2025")
    assert assess(rules, "hazard", penalty_fen=Fen(2_000_000)).amount_fen == 400_000
    assert [row["state"] for row in await rule_book.versions(store)].count("in_use") == 1
    old = await rule_book.of_digest(store, first["_id"])
    assert assess(old, "hazard", penalty_fen=Fen(2_000_000)).amount_fen == 250_000
    assert second["_id"] != first["_id"]


async def test_only_administrators_and_only_once(store):
    with pytest.raises(NotAllowed):
        await submit(store, actor=ANN)
    row = await submit(store)
    with pytest.raises(Conflict, match="完全相同"):
        await submit(store, "# another comment\n" + COMPLETED, TWO)
    with pytest.raises(NotAllowed):
        await approve(store, row, ANN)
    with pytest.raises(Stale):
        await approve(store, row, TWO, version=2)
    await rule_book.refuse(store, audit, TWO, row["_id"], version=1, now=NOW)
    with pytest.raises(WrongState):
        await approve(store, row, TWO, version=2)
    with pytest.raises(NoSuchVersion):
        await rule_book.of_digest(store, "0" * 64)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "不对"), ("a: [", "第 1 行"), ("- 1", "不对"), (COMPLETED.replace("12.5%", "0.125"), "rate"),
        (COMPLETED.replace("floor_yuan: 1000", "floor_yuan: 一千"), "floor_yuan"),
        (COMPLETED.replace("floor_yuan: 1000", "floor_yuan: -5"), "floor_yuan"),
        (COMPLETED.replace("source: [text]", "source: [nowhere]"), "不对"),
        (COMPLETED + "surprise: 1\n", "surprise"), (bundled_texts()["shandong_2025"], "草稿"),
        ("a: &x [1]\nb: *x\n", "引用"), ("x" * 200_001, "太长"), ("[" * 5_000, r"嵌套|格式"),
        (COMPLETED.replace("status: verified", "status: verified\nmissing: [金额]"), "不对"),
    ],
)  # fmt: skip
async def test_an_incomplete_text_is_refused_with_the_place(store, text, told):
    with pytest.raises(BadRuleSet, match=told):
        await submit(store, text)
    with pytest.raises(Refusal):
        await submit(store, note="无")
    assert await store["rule_versions"].count_documents({}) == 0


async def test_a_bundled_text_that_was_used_is_kept(store):
    digest = rule_set("national_2018").digest
    for _ in range(2):
        await rule_book.keep(store, digest, NOW)
    assert await rule_book.of_digest(store, digest) == rule_set("national_2018")
    assert [row["state"] for row in await rule_book.versions(store)] == ["bundled"]
    assert (await rule_book.current(store))["national_2018"] == rule_set("national_2018")
    with pytest.raises(NoSuchVersion):
        await rule_book.keep(store, "1" * 64, NOW)


async def test_a_new_rule_set_can_be_added(store):
    with pytest.raises(UnknownRuleSet):
        await rule_book.current_set(store, "longhua_test")
    await approve(store, await submit(store, WITH_CAP))
    assert (await rule_book.current_set(store, "longhua_test")).monthly_cap.cap_yuan == 100_000
