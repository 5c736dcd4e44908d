import asyncio
from datetime import timedelta

import pytest

from access import audit
from access.vault import Vault
from access.vault_keys import WrongPassword, create_vault_keys
from rewards import batches, completion, payments
from rewards.bank_files import BankFileRefused
from rewards.batches import Donee
from rewards.claims import donate
from rewards.guarded import NotAllowed, Stale, WrongState
from rewards.ledger_store import entries_of
from rewards.money import decimal_yuan
from rewards.record import State
from rewards.verify import verify
from store.errors import Conflict, Refusal
from tests.rewards.desk import ANN, BOB, BOSS, CAT, GUEST, NOW, PAYEE, Desk, assessed

PASSWORD = "a long password"
DONEE = Donee("青岛市见义勇为基金会", "某银行", "3702000011112222")


@pytest.fixture
async def desk(store, funded):
    await create_vault_keys(store, [("ann", PASSWORD)])
    return Desk(store, funded, await Vault.open(store))


async def claimed(desk, count):
    """Rewards of ¥3,000.00, ¥3,001.50, … that wait for payment."""
    rewards = []
    for n in range(count):
        reward = await desk.propose(assessment=assessed(20_000 + 10 * n), case=f"case{n}", tip=f"tip{n}")
        payee = {**PAYEE, "account": f"62220200000000{n:05}"}
        rewards.append(await desk.claim(await desk.notify(await desk.approve(reward)), payee))
    return rewards


async def make(desk, rewards, actor=ANN):
    ids = [row["_id"] for row in rewards]
    return await batches.make(desk.store, audit, actor, ids, jurisdiction="qingdao", now=NOW)


async def approve(desk, batch, actor=BOB, total=None):
    total = batch["total_fen"] if total is None else total
    return await batches.approve(
        desk.store, audit, actor, batch["_id"], version=batch["version"], total_fen=total, now=NOW
    )


async def download(desk, batch, actor=ANN, password=PASSWORD, donee=None, now=NOW, fmt="csv"):
    version = (await batches.find(desk.store, batch["_id"]))["version"]
    return await batches.download(
        desk.store, audit, actor, batch["_id"], password=password, fmt=fmt, donee=donee, version=version, now=now
    )


async def bring(desk, batch, data, actor=CAT, audit_=audit):
    version = (await batches.find(desk.store, batch["_id"]))["version"]
    return await batches.import_result(
        desk.store, audit_, desk.ledger, actor, batch["_id"], data, version=version, now=NOW
    )


def result(batch, failing=(), encoding="gbk", **changed):
    """The bank's answer; `changed` maps a serial's index to another line ("" leaves it out)."""
    lines = []
    for n, line in enumerate(batch["lines"]):
        outcome = "失败,账号户名不符" if n in failing else "成功,"
        text = f"{line['serial']},{decimal_yuan(line['amount_fen'])},{outcome}"
        lines.append(changed.get(f"line{n}", text))
    return ("流水号,金额（元）,结果,原因\n" + "\n".join(line for line in lines if line)).encode(encoding)


async def sent(desk, count=3):
    batch = await make(desk, await claimed(desk, count))
    await download(desk, await approve(desk, batch))
    return await batches.find(desk.store, batch["_id"])


async def test_from_the_batch_to_the_books(desk, store):
    batch = await sent(desk)
    assert batch["state"] == "sent" and batch["total_fen"] == 300_000 + 300_150 + 300_300
    done = await bring(desk, batch, result(batch, failing=(1,)))
    assert done["state"] == "settled" and batches.summary(done) == "成功 2 笔 ¥6,003.00，失败 1 笔 ¥3,001.50"
    states = {row["case_id"]: row async for row in store["rewards"].find()}
    assert [states[f"case{n}"]["state"] for n in range(3)] == [State.PAID, State.CLAIMED, State.PAID]
    assert states["case1"]["payment_problem"] == "账号户名不符" and states["case1"]["batch"] is None
    assert await desk.balance("paid:qingdao:2026") == 600_300
    assert (await verify(store)).ok and (await audit.verify(store))[1] is None


async def test_what_failed_goes_into_another_batch_and_is_paid_once(desk):
    batch = await sent(desk)
    await bring(desk, batch, result(batch, failing=(0, 1, 2)))
    rewards = [row async for row in desk.store["rewards"].find()]
    corrected = await desk.claim(rewards[0], {**PAYEE, "account": "6222020000000000999"})
    second = await make(desk, [corrected, *rewards[1:]])
    data = (await download(desk, await approve(desk, second))).decode("utf-8-sig")
    assert "6222020000000000999" in data and "6222020000000000000" not in data
    await bring(desk, second, result(second))
    assert await desk.balance("paid:qingdao:2026") == batch["total_fen"]
    with pytest.raises(Conflict):
        await bring(desk, batch, result(batch))
    assert await desk.balance("paid:qingdao:2026") == batch["total_fen"]


async def test_the_file_has_every_account_and_each_opening_is_in_the_trail(desk, store):
    batch = await make(desk, await claimed(desk, 2))
    await approve(desk, batch)
    data = (await download(desk, batch)).decode("utf-8-sig")
    assert data.count("王五") == 2 and "6222020000000000000" in data and "6222020000000000001" in data
    assert "3000.00" in data and batch["lines"][0]["serial"] in data
    opened = [row async for row in store["audit"].find({"subject": "vault", "action": "open_record"})]
    assert len(opened) == 2 and all(row["detail"]["approved_by"] == "bob" for row in opened)
    assert await store["vault_openings"].count_documents({"state": "opened", "requested_by": "ann"}) == 2
    kept = [[row async for row in store[name].find()] for name in ("payment_batches", "audit", "rewards")]
    assert "6222020000000000" not in str(kept) and "王五" not in str(kept)


async def test_who_made_a_batch_cannot_approve_it_and_only_its_maker_downloads(desk):
    batch = await make(desk, await claimed(desk, 1))
    with pytest.raises(NotAllowed):
        await approve(desk, batch, ANN)
    with pytest.raises(NotAllowed):
        await approve(desk, batch, GUEST)
    with pytest.raises(WrongState):
        await download(desk, batch)
    with pytest.raises(Stale):
        await approve(desk, batch, BOB, total=batch["total_fen"] + 1)
    await approve(desk, batch, BOSS)
    with pytest.raises(NotAllowed):
        await download(desk, batch, BOB)


async def test_wrong_passwords_use_up_the_approval(desk, store):
    batch = await make(desk, await claimed(desk, 1))
    await approve(desk, batch)
    for _ in range(5):
        with pytest.raises(WrongPassword):
            await download(desk, batch, password="a wrong password")
    again = await batches.find(store, batch["_id"])
    assert again["state"] == "made" and again["approved_by"] is None
    with pytest.raises(WrongState):
        await download(desk, batch)
    assert await store["vault_openings"].count_documents({}) == 0


async def test_the_file_is_handed_out_within_a_day_of_the_approval(desk):
    batch = await make(desk, await claimed(desk, 1))
    await approve(desk, batch)
    with pytest.raises(WrongState, match="24"):
        await download(desk, batch, now=NOW + timedelta(hours=25))
    first, second = await download(desk, batch), await download(desk, batch)
    assert first == second, "the same batch is the same file, with the same serial numbers"
    again = await approve(desk, await batches.find(desk.store, batch["_id"]))
    assert again["state"] == "sent"


async def test_a_reward_is_in_one_batch_and_nothing_else_happens_to_it(desk, store):
    (reward,) = await claimed(desk, 1)
    await make(desk, [reward])
    inside = await desk.again(reward)
    with pytest.raises(WrongState):
        await make(desk, [reward])
    with pytest.raises(WrongState):
        await payments.pay(store, audit, desk.ledger, CAT, reward["_id"], now=NOW)
    with pytest.raises(WrongState):
        await desk.refuse(tip="tip0", case="case0")
    assert await desk.again(reward) == inside


async def test_two_batches_at_once_do_not_share_a_reward(desk, store):
    rewards = await claimed(desk, 2)
    answers = await asyncio.gather(make(desk, rewards), make(desk, rewards, BOB), return_exceptions=True)
    assert sum(isinstance(each, Refusal) for each in answers) == 1
    assert await store["payment_batches"].count_documents({}) == 1


async def test_a_batch_with_one_wrong_reward_is_not_made(desk, store):
    rewards = await claimed(desk, 2)
    waiting = await desk.propose(case="case9", tip="tip9")
    for wrong in ([*rewards, waiting], [], [{"_id": "nothing"}]):
        with pytest.raises(Refusal):
            await make(desk, wrong)
    assert await store["payment_batches"].count_documents({}) == 0
    assert [row["state"] async for row in store["rewards"].find()] == ["claimed", "claimed", "proposed"]


async def test_a_cancelled_batch_gives_its_rewards_back(desk):
    batch = await make(desk, await claimed(desk, 2))
    told = {"reason": "选错了人员", "now": NOW}
    with pytest.raises(Stale):
        await batches.cancel(desk.store, audit, ANN, batch["_id"], version=9, **told)
    done = await batches.cancel(desk.store, audit, ANN, batch["_id"], version=1, **told)
    assert done["state"] == "cancelled"
    rewards = [row async for row in desk.store["rewards"].find()]
    assert {row["state"] for row in rewards} == {"claimed"}
    await make(desk, rewards)


async def test_a_file_that_was_handed_out_is_not_cancelled(desk):
    batch = await sent(desk)
    with pytest.raises(WrongState):
        await batches.cancel(
            desk.store, audit, ANN, batch["_id"], reason="选错了人员", version=batch["version"], now=NOW
        )


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"line1": ""}, "缺少流水号"),
        ({"line2": "same"}, "重复"),
        ({"line0": "other amount"}, "付款文件里是"),
        ({"line0": "F1,1.00,成功,"}, "不在这个批次里"),
        ({"line0": "x,y,z,"}, "金额“y”不对"),
    ],
)
async def test_a_result_that_differs_in_anything_enters_nothing(desk, store, changed, told):
    batch = await sent(desk)
    words = {
        "same": f"{batch['lines'][0]['serial']},3000.00,成功,",
        "other amount": f"{batch['lines'][0]['serial']},3000.01,成功,",
    }
    data = result(batch, **{key: words.get(value, value) for key, value in changed.items()})
    with pytest.raises(BankFileRefused, match=told):
        await bring(desk, batch, data)
    assert await batches.find(store, batch["_id"]) == batch
    assert {row["state"] async for row in store["rewards"].find()} == {"paying"}
    assert await desk.balance("paid:qingdao:2026") == 0
    assert (await bring(desk, batch, result(batch)))["state"] == "settled"


async def test_the_same_result_twice_pays_once_and_another_is_refused(desk):
    batch = await sent(desk)
    data = result(batch)
    first = await bring(desk, batch, data)
    assert await bring(desk, batch, data, BOB) == first
    with pytest.raises(Conflict, match="另一份"):
        await bring(desk, batch, result(batch, failing=(0,)))
    assert await desk.balance("paid:qingdao:2026") == batch["total_fen"]


async def test_a_result_of_another_batch_is_refused(desk):
    one = await sent(desk, 1)
    other = await desk.propose(case="case9", tip="tip9")
    other = await desk.claim(await desk.notify(await desk.approve(other)))
    two = await make(desk, [other])
    await download(desk, await approve(desk, two))
    with pytest.raises(BankFileRefused):
        await bring(desk, one, result(two))


class DiesAfter:
    """An audit trail that works for so many entries of one kind and then fails."""

    def __init__(self, action, times):
        self.action, self.left = action, times

    async def append(self, store, session, subject, action, *rest):
        if action == self.action:
            self.left -= 1
            if self.left < 0:
                raise ConnectionError("the process dies here")
        return await audit.append(store, session, subject, action, *rest)


@pytest.mark.parametrize(
    ("action", "times"), [("reward.pay", 0), ("reward.pay", 1), ("reward.pay_failed", 0), ("batch.settle", 0)]
)
async def test_a_result_half_entered_is_completed_and_pays_each_once(desk, store, action, times):
    batch = await sent(desk)
    data = result(batch, failing=(1,))
    with pytest.raises(ConnectionError):
        await bring(desk, batch, data, audit_=DiesAfter(action, times))
    assert (await batches.find(store, batch["_id"]))["state"] == "settling"
    await completion.complete(store, audit, desk.ledger, now=NOW + timedelta(minutes=1))
    await completion.complete(store, audit, desk.ledger, now=NOW + timedelta(minutes=2))
    done = await batches.find(store, batch["_id"])
    assert done["state"] == "settled" and await desk.balance("paid:qingdao:2026") == 600_300
    for line in done["lines"]:
        kinds = [entry.kind for entry in await entries_of(store, line["reward_id"])]
        assert kinds == (["pending", "posted"] if line["paid"] else ["pending"])
    assert (await bring(desk, batch, data))["state"] == "settled"


async def test_two_who_import_the_same_result_at_once(desk):
    batch = await sent(desk)
    data = result(batch)
    answers = await asyncio.gather(bring(desk, batch, data), bring(desk, batch, data, BOB), return_exceptions=True)
    assert any(isinstance(each, dict) for each in answers)
    assert await desk.balance("paid:qingdao:2026") == batch["total_fen"]
    assert (await bring(desk, batch, data))["state"] == "settled"


async def test_a_donation_is_paid_to_the_donee(desk):
    reward = await desk.propose()
    reward = await donate(desk.store, audit, (await desk.notify(await desk.approve(reward)))["_id"], now=NOW)
    batch = await make(desk, [reward])
    await approve(desk, batch)
    with pytest.raises(WrongState, match="捐赠"):
        await download(desk, batch)
    data = (await download(desk, batch, donee=DONEE)).decode("utf-8-sig")
    assert DONEE.account in data and "王五" not in data
    assert (await bring(desk, batch, result(batch)))["state"] == "settled"
