"""The public log from payout to proof, and everything that must be noticed when somebody changes it."""

import asyncio
import copy
import json
from datetime import timedelta
from io import StringIO

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from access import audit
from rewards import check_all, crosscheck, merkle, payments, proofs, public_log
from rewards.bundle import BadBundle, check
from rewards.checkpoints import CHECKPOINTS, Notary, Rewritten, size_of
from rewards.ledger_store import ENTRIES
from rewards.notes import BadNote, Checkpoint, Signer, Verifier, read_checkpoint
from rewards.public_log import HEADS, LOG, NODES, Event, NotInTheLog
from rewards.record import State
from rewards.verify_bundle import main
from store.errors import Refusal
from tests.rewards.desk import CAT, NOW, PAYEE


@pytest.fixture
def notary(store):
    return Notary(store, "qingdao", b"s" * 32)


async def said(store, count, start=0):
    for n in range(start, start + count):

        async def write(session, n=n):
            shown = {"public_number": f"J{n}", "text": f"公开的文字 {n}"}
            await public_log.append(
                store, session, Event.PUBLISHED, f"J{n}", content=shown, private={"case": f"C{n}"}, now=NOW
            )

        await store.transaction(write)


async def test_every_leaf_is_proven_by_every_later_checkpoint(store, notary):
    for size in (1, 2, 3, 7, 8, 9):
        await said(store, size - (await public_log.head(store))["size"], (await public_log.head(store))["size"])
        note = await notary.board(NOW)
        assert size_of(note) == size
        for n in range(size):
            (bundle,) = await proofs.of_number(store, notary, f"J{n}", now=NOW)
            proven = check(bundle, notary.key)
            assert proven.leaf["number"] == f"J{n}" and proven.content["text"] == f"公开的文字 {n}"
            assert proven.private is None and "C" not in json.dumps(bundle["leaf"])
    leaves = [merkle.leaf_hash(text.encode()) for text in await public_log.leaves(store, 1, 100)]
    assert merkle.root_of(leaves) == read_checkpoint(note).root, "anybody can compute the root from the leaves"


async def test_checkpoints_are_consistent_with_each_other(store, notary):
    sizes = []
    for more in (1, 2, 4, 1):
        await said(store, more, (await public_log.head(store))["size"])
        sizes.append(size_of(await notary.board(NOW)))
    for old in sizes:
        for size in (each for each in sizes if each >= old):
            proof = await proofs.between(store, notary, old, size)
            (bundle,) = await proofs.of_number(store, notary, "J0", now=NOW, older=old)
            assert check(bundle, notary.key).older.size == old
            assert size_of(proof["older"]) == old and size_of(proof["checkpoint"]) == size
    for wrong in ((2, 8), (8, 2), (0, 8), (8, 99)):
        with pytest.raises(Refusal):
            await proofs.between(store, notary, *wrong)


async def test_two_writers_at_once_make_one_log(store, notary):
    await asyncio.gather(*(said(store, 3, 10 * n) for n in range(5)))
    assert (await public_log.head(store))["size"] == 15
    assert await crosscheck.check_public_log(store) is None
    numbers = {json.loads(text)["seq"] for text in await public_log.leaves(store, 1, 100)}
    assert numbers == set(range(1, 16))


async def paid(desk):
    await desk.store["cases"].insert_one(
        {"_id": "case1", "finding": {"result": "substantiated"}, "opened_on": "2026-02-01"}
    )
    return await desk.again(await desk.reach(State.PAID))


async def test_a_payout_is_public_without_a_trace_of_anybody(desk, store, notary):
    reward = await paid(desk)
    (public,) = await proofs.of_number(store, notary, reward["public_number"], now=NOW)
    told = json.dumps(public, ensure_ascii=False)
    hidden = ("1500000", "15,000", reward["case_id"], reward["tip_id"], reward["_id"], PAYEE["name"], reward["paid_on"])
    assert not any(each in told for each in hidden), told
    assert check(public, notary.key).leaf["event"] == "paid"
    own = await proofs.of_payout(store, notary, reward["log_seq"], now=NOW)
    proven = check(own, notary.key)
    assert proven.private["amount_fen"] == 1_500_000 and proven.private["ledger_seq"] == reward["paid_seq"]
    entry = await store[ENTRIES].find_one({"_id": reward["paid_seq"]})
    assert proven.private["ledger_hash"] == entry["hash"]


async def test_a_payment_that_came_back_is_public_too(desk, store, notary):
    reward = await paid(desk)
    await payments.came_back(
        store, audit, desk.ledger, CAT, reward["_id"], reason="账户销户", version=reward["version"], now=NOW
    )
    await desk.pay(await desk.again(reward))
    bundles = await proofs.of_number(store, notary, reward["public_number"], now=NOW)
    assert [check(each, notary.key).leaf["event"] for each in bundles] == ["paid", "returned", "paid"]
    assert await crosscheck.check_payments(store, NOW + timedelta(hours=2)) is None


async def test_an_unknown_number_is_told(store, notary):
    with pytest.raises(NotInTheLog):
        await proofs.of_number(store, notary, "J0", now=NOW)
    with pytest.raises(NotInTheLog):
        await proofs.of_payout(store, notary, 5, now=NOW)


# ---- a changed byte


async def test_a_changed_byte_anywhere_in_a_bundle_is_found(store, notary):
    await said(store, 5)
    await notary.board(NOW)
    await said(store, 4, 5)
    (bundle,) = await proofs.of_number(store, notary, "J2", now=NOW, older=5)
    row = await store[LOG].find_one({"number": "J2"})
    whole = {**bundle, "private": row["private"]}
    assert check(whole, notary.key).private == {"case": "C2"}

    @settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.data())
    def changed(data):
        wrong = copy.deepcopy(whole)
        holder, name = data.draw(st.sampled_from([*places(wrong)]))
        value = holder[name]
        if isinstance(value, str):
            at = data.draw(st.integers(0, len(value) - 1))
            new = data.draw(st.characters(codec="utf-8").filter(lambda char: char != value[at]))
            holder[name] = value[:at] + new + value[at + 1 :]
        else:
            holder[name] = data.draw(st.integers(-3, 20).filter(lambda n: n != value) | st.none() | st.just("x"))
        if (holder, name) == (wrong, "key"):
            return  # the trusted key is used, not the bundle's
        try:
            check(wrong, notary.key)
        except BadBundle:
            return
        # Only what does not change the meaning may pass: base64 padding bits, capital hex, spaces in Base64.
        assert name in ("checkpoint", "older", "salt") or isinstance(name, int), (name, holder[name])
        assert check(wrong, notary.key).lines == check(whole, notary.key).lines

    changed()


def places(bundle):
    for name, value in bundle.items():
        if isinstance(value, dict):
            yield from ((value, inner) for inner in value)
        elif isinstance(value, list):
            yield from ((value, at) for at in range(len(value)))
        else:
            yield bundle, name


async def test_what_is_missing_or_of_another_kind_is_no_proof(store, notary):
    await said(store, 3)
    (bundle,) = await proofs.of_number(store, notary, "J1", now=NOW)
    for name in set(bundle) - {"content", "private", "key"}:
        for value in (None, [], {}, 7.5, True, "x", ["zz"]):
            with pytest.raises(BadBundle):
                check({**bundle, name: value}, notary.key)
        with pytest.raises(BadBundle):
            check({key: value for key, value in bundle.items() if key != name}, notary.key)
    with pytest.raises(BadBundle, match="公钥"):
        check(bundle, Signer("12350-qingdao", b"t" * 32).verifier.text())
    for key in ("", "x", "a+b+c", notary.key + "A", notary.key.replace("+", "-")):
        with pytest.raises(BadBundle):
            check({**bundle, "key": key}, key or None) if key else check({**bundle, "key": key})


async def test_the_command_says_what_is_proven_and_what_is_not(store, notary, tmp_path):
    await said(store, 3)
    bundles = await proofs.of_number(store, notary, "J1", now=NOW)
    file = tmp_path / "bundle.json"

    def run(content, *more):
        file.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
        out = StringIO()
        return main([str(file), *more], out), out.getvalue()

    assert run({"bundles": bundles}, "--key", notary.key) == (0, "核对通过：公开 J1 2026-03-03\n  签名有效：12350-qingdao"
        f"（公钥编号 {notary.signer.verifier.id().hex()}）\n  12350/qingdao/board 的 3 条公开记录中有这一条（第 2 条）\n"
        "  公开内容与记录里的承诺相符\n  公开内容：公开的文字 1\n")  # fmt: skip
    code, text = run(bundles[0])
    assert code == 0 and "公钥取自文件本身" in text
    code, text = run({**bundles[0], "index": 0}, "--key", notary.key)
    assert code == 1 and "没有通过" in text
    for content in ("{", "[]x", "3", '[{"a":', "[" * 100_000, '["x"]'):
        assert run(content)[0] == 2
    assert run({"bundles": []})[0] == 1
    assert main([str(tmp_path / "nothing.json")], StringIO()) == 2


# ---- notes


def test_a_note_is_what_transparency_logs_use():
    signer = Signer("12350-qingdao", b"s" * 32)
    note = signer.sign(Checkpoint("12350/qingdao/board", 17, bytes(32)))
    lines = note.split("\n")
    assert lines[:2] == ["12350/qingdao/board", "17"] and lines[3] == "" and lines[4].startswith("— 12350-qingdao ")
    assert Verifier.read(signer.verifier.text()).open(note).size == 17
    with pytest.raises(BadNote):
        Signer("12350-qingdao", b"x" * 32).verifier.open(note)


@given(st.text())
def test_any_text_is_a_note_or_refused_in_words(text):
    signer = Signer("12350-qingdao", b"s" * 32)
    for read in (Verifier.read, signer.verifier.open, read_checkpoint):
        try:
            read(text)
        except BadNote as problem:
            assert str(problem)


# ---- a changed database


async def test_the_notary_signs_nothing_that_contradicts_what_was_signed(store, notary):
    await said(store, 4)
    await notary.board(NOW)
    row = await store[LOG].find_one({"_id": 2})
    forged = row["leaf"].replace("J1", "J7")
    for name in (LOG, NODES, HEADS):
        await store[name].delete_many({})
    with pytest.raises(Rewritten):
        await notary.board(NOW)
    await said(store, 5)
    with pytest.raises(Rewritten):
        await notary.board(NOW)
    await store[CHECKPOINTS].update_many({}, {"$set": {"note": forged}})
    with pytest.raises(Rewritten):
        await notary.board(NOW)


async def test_the_ledgers_checkpoint_finds_a_ledger_rewritten_as_a_whole(desk, store, notary):
    await paid(desk)
    await notary.ledger(NOW)
    report = await check_all.check_all(store, notary, NOW)
    assert report.ok, report.text()
    head = await store["ledger_head"].find_one({})
    for name in (ENTRIES, "ledger_head"):
        await store[name].delete_many({})
    from rewards.ledger import Ledger
    from rewards.money import Fen

    async with Ledger(store) as other:
        for n in range(head["seq"]):
            await other.appropriate(f"b{n}", "qingdao", 2026, Fen(5), actor="x")
    assert not (await check_all.check_all(store, notary, NOW)).ok
    with pytest.raises(Rewritten):
        await notary.ledger(NOW)


@pytest.mark.parametrize(
    ("collection", "query", "change", "told"),
    [
        (LOG, {"_id": 2}, {"$set": {"number": "J9"}}, "第 2 条"),
        (LOG, {"_id": 2}, {"$set": {"leaf": "{}"}}, "第 2 条"),
        (LOG, {"_id": 2}, {"$set": {"private.text": "{}"}}, "第 2 条"),
        (LOG, {"_id": 2}, {"$set": {"content.salt": "00"}}, "第 2 条"),
        (LOG, {"_id": 2}, None, "第 2 条"),
        (LOG, {"_id": 4}, None, "应有 4 条"),
        (HEADS, {}, {"$set": {"root": "00"}}, "根哈希"),
        (CHECKPOINTS, {}, {"$set": {"note": "x"}}, "检查点"),
    ],
)
async def test_a_change_in_the_public_log_is_named(store, notary, collection, query, change, told):
    await said(store, 4)
    await notary.board(NOW)
    assert (await check_all.check_all(store, notary, NOW)).ok
    if change is None:
        await store[collection].delete_one(query)
    else:
        await store[collection].update_one(query, change)
    report = await check_all.check_all(store, notary, NOW)
    assert not report.ok and told in report.text(), report.text()


@pytest.mark.parametrize(
    ("collection", "change", "told"),
    [
        ("rewards", {"amount_fen": 1}, "金额"), ("rewards", {"approval": None}, "批准"),
        ("rewards", {"proposers": ["ann", "bob"]}, "批准"), ("rewards", {"state": "claimed"}, "没有记为"),
        ("rewards", {"log_seq": None}, "公开记录"), ("rewards", {"paid_seq": 1}, "没有记为"),
        ("rewards", {"_": "delete"}, "没有这笔奖励"), ("cases", {"finding": None}, "没有查实"),
        ("cases", {"_": "delete"}, "没有查实"), (LOG, {"private.text": '{"ledger_hash":"x"}'}, "承诺"),
    ],
)  # fmt: skip
async def test_a_payment_without_its_reward_is_named(desk, store, collection, change, told):
    reward = await paid(desk)
    later = NOW.replace(year=2030)
    assert await crosscheck.check_payments(store, later) is None
    if "_" in change:
        await store[collection].delete_many({})
    else:
        await store[collection].update_one({}, {"$set": change})
    wrong = await crosscheck.check_payments(store, later)
    assert wrong is not None and wrong.seq == reward["paid_seq"] and told in wrong.message, wrong


async def test_a_reward_that_only_says_it_was_paid_is_named(desk, store):
    await desk.store["cases"].insert_one({"_id": "case1", "finding": {"result": "substantiated"}})
    reward = await desk.reach(State.CLAIMED)
    await store["rewards"].update_one({"_id": reward["_id"]}, {"$set": {"state": "paid", "paid_seq": 9}})
    wrong = await crosscheck.check_payments(store, NOW)
    assert wrong is not None and reward["public_number"] in wrong.message
