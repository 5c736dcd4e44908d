"""Payment batches, periods, appeals, budgets and rules through the pages of finance, the leader and the administrators."""

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest

from cases import trail
from rewards import claims
from rewards.money import decimal_yuan
from store.local_time import local_day
from tests.handlers.office import PASSWORD, office
from tests.handlers.test_finance_pages import PAYEE, act, assessment_form, fund, proposed

pytestmark = pytest.mark.filterwarnings("ignore::aiohttp.web.NotAppKeyWarning")


@pytest.fixture
async def house(mongo_server, tmp_path):
    async with office(mongo_server, tmp_path) as opened:
        yield opened


async def claimed(house):
    """(case id, reward id) of a reward of ¥4,500 that waits for payment."""
    case_id, reward_id = await proposed(house)
    await fund(house)
    assert (await act(house, "fin2", reward_id, "reward.approve")).status == 200
    assert (await act(house, "fin1", reward_id, "reward.notify")).status == 200
    services, now = house.services, datetime.now(UTC)
    await claims.claim(services.store, trail, services.vault, reward_id, PAYEE, mark_key=b"k" * 32, now=now)
    return case_id, reward_id


async def on_batch(house, login, action, **data):
    batch = await house.services.store["payment_batches"].find_one({})
    officer = await house.officer(login)
    return await officer.post(f"/finance/batches/{batch['_id']}/{action}", {"version": str(batch["version"]), **data})


async def upload(house, login, content: bytes):
    batch = await house.services.store["payment_batches"].find_one({})
    officer = await house.officer(login)
    from aiohttp import FormData

    form = FormData()
    form.add_field("csrf", officer.csrf)
    form.add_field("version", str(batch["version"]))
    form.add_field("file", content, filename="结果.csv", content_type="text/csv")
    answer = await officer.client.post(
        f"/finance/batches/{batch['_id']}/batch.result", data=form, headers={"Accept": "text/html"}
    )
    return await officer._page(answer)


async def test_a_batch_from_the_list_to_the_books(house):
    store = house.services.store
    case_id, reward_id = await claimed(house)
    one = await house.officer("fin1")
    escrow = (house.services.settings.data_dir / "secrets" / "escrow.key").read_text().strip()
    await one.post("/finance/keys/grant_by_escrow", {"escrow": escrow, "password": PASSWORD})
    page = await one.post("/finance/batches", {})
    assert page.status == 422 and "请选择要付款的奖励" in page
    assert reward_id in await one.get("/finance")
    page = await one.post("/finance/batches", {"reward": reward_id})
    assert page.status == 200 and "等待另一人批准" in page and "¥4,500.00" in page
    assert (await on_batch(house, "fin1", "batch.approve", total_fen="450000")).status == 403
    assert (await on_batch(house, "fin2", "batch.approve", total_fen="1")).status == 409
    assert (await on_batch(house, "fin2", "batch.approve", total_fen="450000")).status == 200
    page = await on_batch(house, "fin1", "batch.download", format="csv", password="a wrong password")
    assert page.status == 403 and PAYEE["account"] not in page and "a wrong password" not in page
    batch = await store["payment_batches"].find_one({})
    data = {"csrf": one.csrf, "version": str(batch["version"]), "format": "csv", "password": PASSWORD}
    answer = await one.client.post(f"/finance/batches/{batch['_id']}/batch.download", data=data)
    assert answer.status == 200 and answer.headers["Cache-Control"] == "no-store"
    assert f'filename="{batch["number"]}.csv"' in answer.headers["Content-Disposition"]
    rows = list(csv.DictReader(io.StringIO((await answer.read()).decode("utf-8-sig"))))
    assert [row["收款账号"] for row in rows] == [PAYEE["account"]] and rows[0]["金额（元）"] == "4500.00"

    line = batch["lines"][0]
    good = f"流水号,金额（元）,结果,原因\n{line['serial']},{decimal_yuan(line['amount_fen'])},成功,\n"
    page = await upload(house, "fin2", good.replace("4500.00", "4500.01").encode("gbk"))
    assert page.status == 422 and "¥4,500.01" in page and "没有入账" in page
    assert (await upload(house, "fin2", b"")).status == 422
    page = await upload(house, "fin2", good.encode("gbk"))
    assert page.status == 200 and "逐笔相符" in page
    assert (await house.case(case_id))["reward_outcome"] == "paid"
    page = await one.get("/finance/batches")
    assert "相符" in page and batch["number"] in page
    page = await one.post("/finance/ledger/verify")
    assert "账本完好" in page and "付款：没有发现问题" in page and "公开记录：没有发现问题" in page
    assert PAYEE["account"] not in page


async def test_a_large_reward_waits_for_the_leader(house):
    case_id = await house.file()
    await house.substantiated(case_id, "1000000")
    finance = await house.officer("fin1")
    form = await assessment_form(house, case_id, step="compute", penalty_yuan="1000000")
    page = await finance.post(f"/finance/cases/{case_id}/assess", form)
    shown = page.hidden("shown")
    page = await finance.post(f"/finance/cases/{case_id}/assess", {**form, "step": "propose", "shown": shown})
    reward_id = page.url.split("/")[-1].split("?")[0]
    await fund(house, "1000000")
    page = await act(house, "fin2", reward_id, "reward.approve")
    assert page.status == 403 and "领导批准" in page
    boss = await house.officer("boss")
    assert "批准 ¥150,000.00" in await boss.get(f"/finance/rewards/{reward_id}")
    assert (await act(house, "boss", reward_id, "reward.approve")).status == 200
    assert (await act(house, "boss", reward_id, "reward.notify")).status == 403


async def test_more_time_filing_and_a_reporter_who_cannot_be_reached(house):
    _, reward_id = await proposed(house)
    await fund(house)
    await act(house, "fin2", reward_id, "reward.approve")
    await act(house, "fin1", reward_id, "reward.notify")
    today = local_day(datetime.now(UTC))
    page = await act(house, "fin1", reward_id, "reward.extend", until="2026-13-01", reason="举报人住院，来不及")
    assert page.status == 422 and "请填日期" in page
    until = (today + timedelta(days=90)).isoformat()
    page = await act(house, "fin1", reward_id, "reward.extend", until=until, reason="举报人住院，来不及")
    assert page.status == 200 and until in page
    page = await act(
        house,
        "fin1",
        reward_id,
        "reward.file",
        to="省应急管理厅",
        document_no="青应急〔2026〕9号",
        on=today.isoformat(),
    )
    assert page.status == 200 and "青应急〔2026〕9号" in page
    page = await act(house, "fin1", reward_id, "reward.unreachable", reason="三次拨打无人接听")
    assert page.status == 200 and "领奖公告还没有发布" in page
    assert "待公告" in await (await house.officer("fin2")).get("/finance")
    publisher, second = await house.officer("pub"), await house.officer("pub2")
    page = await publisher.get("/publish")
    assert "起草领奖公告" in page
    case_id = page.hidden("case", "/publish/draft")
    page = await publisher.post("/publish/draft", {"case": case_id, "kind": "reward_notice", "reward": reward_id})
    assert page.status == 200 and "领奖公告" in page
    address = page.url.split("?")[0]
    assert (await second.post(f"{address}/disclosure.review", {"version": "1"})).status == 200
    assert (await publisher.post(f"{address}/disclosure.publish", {"version": "2"})).status == 200
    reward = await house.services.store["rewards"].find_one({"_id": reward_id})
    assert reward["notice_on"] == today.isoformat() and reward["claim_due"] == until
    assert "起草领奖公告" not in await publisher.get("/publish")


async def test_a_past_year_is_closed_with_what_is_left(house):
    finance, year = await house.officer("fin1"), datetime.now(UTC).year - 1
    page = await finance.get("/finance/budget")
    await finance.post("/finance/budget", {"key": page.hidden("key"), "year": str(year), "amount": "100", "memo": ""})
    page = await finance.get("/finance/budget")
    data = {"key": page.hidden("key", "/finance/budget/close"), "year": str(year), "amount_fen": "10000"}
    assert (await finance.post("/finance/budget/close", data)).status == 422
    assert (await finance.post("/finance/budget/close", {**data, "sure": "1", "amount_fen": "1"})).status == 400
    assert (await finance.post("/finance/budget/close", {**data, "sure": "1", "year": str(year + 1)})).status == 422
    page = await finance.post("/finance/budget/close", {**data, "sure": "1"})
    assert page.status == 200 and "已结转" in page


async def test_a_rule_set_is_completed_and_approved_by_two_administrators(house):
    from tests.rewards.test_rule_book import COMPLETED, NOTE

    admin, finance = await house.officer("adm"), await house.officer("fin1")
    assert "补全" in await admin.get("/admin/rules") and "鲁应急发" in await admin.get(
        "/admin/rules?from=shandong_2025"
    )
    page = await admin.post("/admin/rules", {"text": COMPLETED.replace("12.5%", "0.125"), "note": NOTE})
    assert page.status == 422 and "rate" in page and "山东省安全生产举报奖励办法" in page
    page = await admin.post("/admin/rules", {"text": COMPLETED, "note": NOTE})
    assert page.status == 200 and "等待另一名管理员批准" in page
    digest = page.url.split("/")[-1].split("?")[0]
    assert (await admin.post(f"/admin/rules/{digest}/rules.approve", {"version": "1"})).status == 403
    assert (await finance.post(f"/admin/rules/{digest}/rules.approve", {"version": "1"})).status == 403
    second = await house.officer("adm2")
    assert (await second.post(f"/admin/rules/{digest}/rules.approve", {"version": "1"})).status == 200
    case_id = await house.file()
    await house.substantiated(case_id)
    page = await finance.get(f"/finance/cases/{case_id}?rule_set=shandong_2025")
    assert "经核查属实" in page and "鲁应急发" not in page


async def test_pages_that_do_not_exist_and_hostile_queries(house):
    finance = await house.officer("fin1")
    for path in ("/finance/batches/nothing", "/finance/rewards/nothing", "/finance/cases/nothing"):
        assert (await finance.get(path)).status == 404
    for query in ("before=x", "before=" + "9" * 40, "kind=$where", "claim=%00%27", "claim[$ne]=1"):
        assert (await finance.get(f"/finance/ledger?{query}")).status == 200
