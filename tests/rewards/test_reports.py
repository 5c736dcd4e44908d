from datetime import UTC, date, datetime

from rewards.ledger import Ledger
from rewards.money import Fen
from rewards.reports import NO_DISTRICT, Row, report


async def test_sums_by_year_district_and_rule_as_of_any_day(store):
    moments = iter([datetime(2026, 1, day, 12, tzinfo=UTC) for day in range(1, 20)])
    await store["cases"].insert_many(
        [{"_id": "c1", "location": {"district": "市北区"}}, {"_id": "c2", "location": None}]
    )
    await store["rewards"].insert_many(
        [
            {"_id": "r1", "case_id": "c1", "tip_id": "t1", "public_number": "J1", "rule_set": "national_2018"},
            {"_id": "r2", "case_id": "c1", "tip_id": "t2", "public_number": "J2", "rule_set": "national_2018"},
            {"_id": "r3", "case_id": "c2", "tip_id": "t3", "public_number": "J3", "rule_set": "shandong_2021"},
        ]
    )
    async with Ledger(store, clock=lambda: next(moments)) as ledger:
        await ledger.appropriate("b", "qingdao", 2026, Fen(1000), actor="a")  # 1 January
        one = await ledger.pending("p1", "qingdao", 2026, "r1", Fen(100), actor="a")  # 2
        two = await ledger.pending("p2", "qingdao", 2026, "r2", Fen(50), actor="a")  # 3
        await ledger.pending("p3", "qingdao", 2026, "r3", Fen(7), actor="a")  # 4
        paid = await ledger.post_pending("x1", one.seq, actor="a")  # 5
        await ledger.void("v2", two.seq, actor="a")  # 6
        await ledger.reverse("b1", paid.seq, actor="a", memo="退票")  # 7

    async def at(day):
        return (await report(store, date(2026, 1, day)))[1]

    other = Row(2026, NO_DISTRICT, "shandong_2021", 1, 7, 0)
    assert await at(1) == []
    assert await at(3) == [Row(2026, "市北区", "national_2018", 2, 150, 0)]
    assert sorted(await at(5), key=str) == sorted([Row(2026, "市北区", "national_2018", 2, 50, 100), other], key=str)
    assert sorted(await at(6), key=str) == sorted([Row(2026, "市北区", "national_2018", 1, 0, 100), other], key=str)
    assert sorted(await at(7), key=str) == sorted([Row(2026, "市北区", "national_2018", 1, 100, 0), other], key=str)
    assert await at(7) == await at(31)
