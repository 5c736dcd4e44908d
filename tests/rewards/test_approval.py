from datetime import date, timedelta

import pytest

from access import audit
from access.actors import Role
from rewards import approval
from rewards.approval import HigherApproval, SamePerson
from rewards.guarded import NotAllowed, Stale, WrongState
from rewards.money import Fen
from rewards.record import State
from store.errors import Refusal
from store.local_time import local_day
from tests.rewards.desk import ANN, BOB, BOSS, CAT, GUEST, NOW, officer

LIMIT = Fen(1_500_000)


async def test_above_the_set_amount_a_leader_approves(desk):
    reward = await desk.propose()
    with pytest.raises(HigherApproval, match="领导"):
        await desk.approve(reward, BOB, leader_from=LIMIT)
    assert (await desk.approve(reward, BOSS, leader_from=LIMIT))["approval"]["by"] == "boss"


async def test_below_it_a_second_finance_officer_or_a_leader(desk):
    reward = await desk.propose()
    assert (await desk.approve(reward, BOB, leader_from=Fen(LIMIT + 1)))["state"] == State.APPROVED


async def test_shares_count_together(desk):
    one, _ = await desk.propose_joint({"t1": None, "t2": None})
    assert one["amount_fen"] < LIMIT
    with pytest.raises(HigherApproval):
        await desk.approve(one, BOB, leader_from=LIMIT)


async def test_a_leader_who_proposed_as_finance_does_not_approve(desk):
    both = officer("both", Role.FINANCE, Role.LEADER)
    reward = await desk.propose(both)
    with pytest.raises(SamePerson):
        await desk.approve(reward, both, leader_from=LIMIT)
    with pytest.raises(NotAllowed):
        await desk.approve(reward, GUEST)


async def file(desk, reward, **changed):
    told = {"to": "青岛市应急管理局", "document_no": "青应急奖〔2026〕3号", "on": local_day(NOW), **changed}
    return await approval.file_with_superior(
        desk.store, audit, changed.pop("actor", CAT), reward["_id"], version=reward["version"], now=NOW,
        **{key: value for key, value in told.items() if key != "actor"},
    )  # fmt: skip


async def test_the_amount_is_filed_with_the_superior(desk):
    reward = await desk.propose()
    with pytest.raises(WrongState):
        await file(desk, reward)
    reward = await desk.approve(reward)
    for field, value in (
        ("to", "局"), ("document_no", " "), ("on", date(2026, 1, 1)), ("on", local_day(NOW) + timedelta(days=1)),
    ):  # fmt: skip
        with pytest.raises(Refusal) as refused:
            await file(desk, reward, **{field: value})
        assert refused.value.field == field
    filed = await file(desk, reward)
    assert filed["filing"]["document_no"] == "青应急奖〔2026〕3号" and filed["state"] == State.APPROVED
    with pytest.raises(Stale):
        await file(desk, reward)
    with pytest.raises(NotAllowed):
        await file(desk, filed, actor=GUEST)
    assert ANN.id not in filed["filing"].values()
