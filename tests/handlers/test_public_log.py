"""The public log over HTTP, and the page that checks it, in a real browser."""

import json
import sys
from asyncio import create_subprocess_exec
from datetime import UTC, datetime

import pytest
from playwright.async_api import async_playwright

from access.actors import Actor, Role
from cases import trail
from rewards import claims, payments, public_log
from rewards.bundle import check
from tests.handlers.citizens import citizens, file, open_tip
from tests.handlers.test_claim import PAYEE, rewarded
from tests.journeys.conftest import CHROMIUM, FLAGS

CAT = Actor("cat", "cat", frozenset({Role.FINANCE}))
JSON = {"Accept": "application/json"}


@pytest.fixture
async def site(mongo_server, tmp_path):
    async with citizens(mongo_server, tmp_path) as opened:
        yield opened


async def paid(site):
    """The reporter's tip is open in the client's session and its reward is paid: (reward, number, code)."""
    client, services, _ = site
    number, code = await file(client)
    await open_tip(client, number, code)
    reward, now = await rewarded(services), datetime.now(UTC)
    key = services.keys.derive("payee mark")
    await claims.claim(services.store, trail, services.vault, reward["_id"], PAYEE, mark_key=key, now=now)
    await payments.pay(services.store, trail, services.ledger, CAT, reward["_id"], now=now)
    return await services.store["rewards"].find_one({"_id": reward["_id"]}), number, code


async def say(services, number="J00000000A", text="某企业无证作业被罚款。"):
    async def write(session):
        shown = {"public_number": number, "text": text}
        now = datetime.now(UTC)
        event = public_log.Event.PUBLISHED
        await public_log.append(services.store, session, event, number, content=shown, private={"x": 1}, now=now)

    await services.store.transaction(write)


async def get(client, path):
    answer = await client.get(path, headers=JSON)
    return answer.status, (await answer.json())


async def test_an_empty_log_can_be_looked_at(site):
    client, _, _ = site
    assert "还没有记录" in await (await client.get("/verify")).text()
    assert (await get(client, "/log/entries"))[1]["entries"] == []
    status, body = await get(client, "/log/proof/J00000000A")
    assert status == 404 and "公开编号" not in body["message"] and "编号" in body["message"]
    assert (await get(client, "/log/consistency?older=1&newer=2"))[0] == 404
    for path in ("/log/proof/j'", "/log/proof/{}", "/log/consistency?older=x&newer=-1", "/log/entries?from=zz"):
        assert (await client.get(path, headers=JSON)).status in (200, 404)


async def test_programs_get_all_they_need_to_check(site):
    client, services, _ = site
    reward, _, _ = await paid(site)
    await say(services)
    key = (await (await client.get("/log/key")).text()).strip()
    note = await (await client.get("/log/checkpoint")).text()
    assert note.startswith("12350/qingdao/board\n2\n")
    _, body = await get(client, f"/log/proof/{reward['public_number']}")
    assert check(body["bundles"][0], key).leaf["event"] == "paid"
    assert reward["case_id"] not in json.dumps(body) and "1500000" not in json.dumps(body)
    _, body = await get(client, "/log/checkpoints")
    assert body["key"] == key and [row["size"] for row in body["board"]] == [2]
    _, body = await get(client, "/log/entries?from=2")
    assert len(body["entries"]) == 1 and json.loads(body["entries"][0])["seq"] == 2


async def test_the_reporter_sees_the_own_payout_and_nobody_else_does(site):
    client, services, _ = site
    assert (await client.get("/tip/payout.json", allow_redirects=False)).status == 303
    reward, _, _ = await paid(site)
    page = await (await client.get("/tip")).text()
    assert "/tip/payout" in page and reward["public_number"] in page
    assert "我的奖励在账本里" in await (await client.get("/tip/payout")).text()
    answer = await client.get("/tip/payout.json")
    assert answer.headers["Cache-Control"] == "no-store"
    proven = check((await answer.json())["bundles"][0], services.notary.key)
    assert proven.private["amount_fen"] == 1_500_000
    client.session.cookie_jar.clear()
    assert (await client.get("/tip/payout.json", allow_redirects=False)).status == 303


async def test_without_a_payout_there_is_nothing_to_prove(site):
    client, _, _ = site
    await open_tip(client, *await file(client))
    assert (await client.get("/tip/payout")).status == 404


async def test_the_stand_alone_command_checks_a_downloaded_file(site, tmp_path, project):
    client, services, _ = site
    await say(services)
    saved = tmp_path / "bundle.json"
    saved.write_text(await (await client.get("/log/proof/J00000000A")).text())
    command = [sys.executable, "-m", "rewards.verify", str(saved), "--key", services.notary.key]
    done = await create_subprocess_exec(*command, cwd=project, stdout=-1, stderr=-1)
    out, err = await done.communicate()
    assert done.returncode == 0 and "核对通过" in out.decode(), err.decode()


async def test_the_readers_browser_checks_by_itself(site):
    client, services, _ = site
    reward, _, _ = await paid(site)
    for n in range(6):
        await say(services, f"J0000000{n}B")
    base = str(client.make_url("/")).rstrip("/")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = await (await browser.new_context(locale="zh-CN", viewport={"width": 390, "height": 844})).new_page()
        said = page.locator("#verified")

        async def look(number):
            await page.goto(f"{base}/verify?number={number}")
            await page.wait_for_selector("#verified .done, #verified .field-error")
            return await said.inner_text()

        text = await look("J00000003B")
        assert "核对通过" in text and "签名有效" in text and "某企业无证作业被罚款" in text
        text = await look(reward["public_number"])
        assert "核对通过" in text and "奖励付款" in text and "15,000" not in text
        # Whoever comes back sees that nothing was changed since.
        await say(services, "J0000000CC")
        assert "与这个浏览器上次看到的 7 条一致" in await look("J0000000CC")
        assert "没有这个编号" in await look("J9999999ZZ")

        # Our own answers with a changed byte: the browser does not believe us.
        async def changed(route):
            answer = await route.fetch()
            body = await answer.json()
            content = body["bundles"][0]["content"]
            content["text"] = content["text"].replace("无证", "有证")
            await route.fulfill(response=answer, json=body)

        await page.route("**/log/proof/**", changed)
        text = await look("J00000003B")
        assert "没有通过" in text and "公开内容" in text
        await page.unroute("**/log/proof/**")

        # A log that was rewritten behind our back, with everything signed anew, contradicts the last visit.
        for name in (public_log.LOG, public_log.NODES, public_log.HEADS, "checkpoints"):
            await services.store[name].delete_many({})
        for n in range(9):
            await say(services, f"J0000000{n}D")
        assert "不一致" in await look("J00000003D")
        await browser.close()


async def test_the_reporters_browser_finds_the_own_payout(site):
    client, _, _ = site
    _, number, code = await paid(site)
    base = str(client.make_url("/")).rstrip("/")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = await (await browser.new_context(locale="zh-CN", viewport={"width": 390, "height": 844})).new_page()
        await page.goto(f"{base}/tip")
        await page.fill("#number", number)
        await page.fill("#code", code)
        await page.keyboard.press("Enter")
        await page.get_by_text("这笔付款在公开记录里").click()
        await page.wait_for_selector("#verified .done")
        text = await page.locator("#verified").inner_text()
        assert "核对通过" in text and "¥15,000.00" in text
        await browser.close()
