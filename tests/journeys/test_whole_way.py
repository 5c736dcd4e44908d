"""From one Chinese sentence with a photo to the public board, through every role, with a kill -9 of each process."""

import re

from playwright.sync_api import Browser, expect

from access.audit import verify as verify_audit
from rewards.verify import verify as verify_ledger
from tests.journeys import people
from tests.system import System, with_store

SAYS = "台东三路利群商场二楼的安全出口用铁链锁着,货架把疏散通道都堵了,现在还是这样,我叫王小芳,电话13812345678"
CANARIES = ("13812345678", "王小芳", people.CAMERA_SERIAL)


def test_from_a_sentence_to_the_public_board(system: System, browser: Browser):
    accounts = system.accounts()

    # A worker tells it in one sentence, with a photo.
    slip = people.report_by_chat(browser, system, SAYS, people.photo())
    assert re.fullmatch(r"\d{4}-\d{4}-\d{4}", slip.number)
    tip, case = with_store(system, lambda store: tip_and_case(store, slip.number))
    wait_until(system, case["_id"], "triage")
    _, case = with_store(system, lambda store: tip_and_case(store, slip.number))
    assert case["types"][0]["type"] == "exit_blocked_locked"
    assert case["location"]["district"] == "市北区"
    assert case["photos"] == 1
    inspector = with_store(system, lambda store: inspector_of(store, "市北区", accounts))

    # The dispatcher confirms; meanwhile MongoDB dies: the case is still there.
    desk = people.staff(browser, system, *accounts["dispatcher"])
    ready = system.log.count("MongoDB已就绪")
    system.kill("mongodb")
    system.wait_for("MongoDB已就绪", count=ready + 1)
    system.wait_for_service()
    people.dispatch(desk, system, case["_id"], inspector)

    # The inspector has an order by mail and handles it on a phone.
    wait_for_mail(system, case["_id"])
    passwords = with_store(system, lambda store: inspector_password(store, accounts))
    walker = people.staff(browser, system, inspector, passwords, viewport=people.PHONE)
    ready = system.log.count("服务已就绪")
    system.kill("service")
    system.wait_for("服务已就绪", count=ready + 1)
    people.inspect(walker, system, case["_id"])
    people.recheck(people.staff(browser, system, *accounts["supervisor"]), system, case["_id"])

    # The reporter reads the reply with number and code.
    status = people.see_status(browser, system, slip)
    expect(status.get_by_text("答复").first).to_be_visible()

    # Money: one officer proposes, another approves, the reporter claims, finance pays.
    first = people.staff(browser, system, *accounts["finance1"])
    reward = people.propose_reward(first, system, case["_id"])
    expect(first.locator("form[id='reward.approve']")).to_have_count(0)
    second = people.staff(browser, system, *accounts["finance2"])
    second.goto(reward)
    people.press(second, "reward.approve")
    second.goto(reward)
    people.press(second, "reward.notify")
    claim = people.see_status(browser, system, slip)
    claim.goto(f"{system.url}/claim")
    expect(claim.get_by_text("4,500").first).to_be_visible()
    claim.fill("[name=name]", "王小芳")
    claim.fill("[name=bank]", "青岛银行台东支行")
    claim.fill("[name=account]", "6222020200112233445")
    if claim.locator("[name=confirmed]").count():
        claim.check("[name=confirmed]")
    claim.get_by_role("button", name="登记收款").click()
    if claim.locator("[name=confirmed]").count():
        claim.check("[name=confirmed]")
        claim.get_by_role("button", name="登记收款").click()
    first.goto(reward)
    people.press(first, "reward.pay")
    wait_until(system, case["_id"], "rewarded")

    # One publisher drafts, another reviews; everybody reads it on the board.
    drafter = people.staff(browser, system, *accounts["publisher"])
    drafter.goto(f"{system.url}/publish")
    draft = drafter.locator("form#draft")
    draft.locator("[name=case]").select_option(case["_id"])
    draft.locator("[name=kind]").select_option("typical_case")
    draft.get_by_role("button", name="生成草稿").click()
    drafter.wait_for_url(re.compile(r"/publish/.+"))
    assert not drafter.url.endswith("/draft"), drafter.locator(".problem").all_inner_texts()
    entry = drafter.url
    reviewer = people.staff(browser, system, *accounts["publisher2"])
    reviewer.goto(entry)
    assert reviewer.get_by_role("button", name="审核通过").count(), reviewer.locator("main").inner_text()
    reviewer.get_by_role("button", name="审核通过").click()
    expect(reviewer.get_by_text("已审核").first).to_be_visible()
    drafter.goto(entry)
    drafter.get_by_role("button", name="公开", exact=True).click()
    expect(drafter.get_by_role("link", name="看公开页")).to_be_visible()
    board = browser.new_context(viewport=people.PHONE).new_page()
    board.goto(f"{system.url}/board")
    expect(board.get_by_role("link", name=re.compile("公开编号")).first).to_be_visible()
    wait_until(system, case["_id"], "disclosed")

    # Nothing of the reporter is anywhere outside the vault, and the books and the trail are whole.
    assert not with_store(system, lambda store: places_with(store, CANARIES))
    published = board.content() + "".join(m.decode("utf-8", "replace") for m in system.mail.messages) + system.log
    assert not [canary for canary in CANARIES if canary in published]
    for file in (system.folder / "data").rglob("*.log"):
        assert not [canary for canary in CANARIES if canary in file.read_text("utf-8", "replace")], file
    count, broken = with_store(system, lambda store: verify_audit(store))
    assert count > 10 and broken is None
    assert with_store(system, lambda store: verify_ledger(store)).ok
    # What was taken out of the chat is in the vault, for those who may open it.
    assert with_store(system, lambda store: store["vault"].count_documents({"tip_id": tip["_id"], "kind": "identity"}))


def test_a_conversation_survives_the_death_of_rasa_and_of_the_service(system: System, browser: Browser):
    page = browser.new_context(viewport=people.PHONE, locale="zh-CN").new_page()
    page.goto(f"{system.url}/chat")
    people._say(page, "李沧区李村有个工地塔吊没验收就在用")
    for name, words in (("rasa", "Rasa已就绪"), ("service", "服务已就绪")):
        ready = system.log.count(words)
        system.kill(name)
        system.wait_for(words, count=ready + 1)
    page.reload()
    expect(page.locator("#chat-log")).to_contain_text("塔吊没验收", timeout=15_000)
    for _ in range(10):
        if page.locator(".chat-receipt").count():
            break
        people._answer(page)
    number = page.locator(".chat-receipt .number").inner_text()
    tip, _ = with_store(system, lambda store: tip_and_case(store, number))
    assert "塔吊" in tip["facts"]["what"]


def test_danger_is_answered_in_the_very_next_message_and_reaches_the_duty_desk(system: System, browser: Browser):
    page = browser.new_context(viewport=people.PHONE, locale="zh-CN").new_page()
    page.goto(f"{system.url}/chat")
    page.fill("#chat-text", "城阳区流亭有个厂子着火了快来人")
    page.click("#chat-send")
    expect(page.locator("#chat-log")).to_contain_text("119", timeout=15_000)
    wait_for_mail(system, "正在发生")


# ---- looking into the database


async def tip_and_case(store, number):
    tip = await store["tips"].find_one({"number": number})
    return tip, await store["cases"].find_one({"_id": tip["case_id"]})


async def inspector_of(store, district, accounts):
    row = await store["inspectors"].find_one({"district": district, "street": {"$regex": "台东"}})
    row = row or await store["inspectors"].find_one({"district": district})
    return str(row["_id"])


async def inspector_password(store, accounts):
    return accounts["inspector"][1]


def wait_until(system: System, case_id: str, state: str, seconds: int = 60) -> None:
    import time

    async def now(store):
        return (await store["cases"].find_one({"_id": case_id}))["state"]

    for _ in range(seconds * 2):
        if with_store(system, now) == state:
            return
        time.sleep(0.5)
    raise AssertionError(f"{case_id} is {with_store(system, now)}, not {state}")


def wait_for_mail(system: System, words: str, seconds: int = 60) -> None:
    import email
    import time

    for _ in range(seconds * 2):
        for raw in list(system.mail.messages):
            message = email.message_from_bytes(raw)
            body = message.get_payload(decode=True) or b"".join(
                part.get_payload(decode=True) or b"" for part in message.walk()
            )
            if words in body.decode("utf-8", "replace"):
                return
        time.sleep(0.5)
    raise AssertionError(f"no mail with {words}")


async def places_with(store, canaries):
    """Collections whose documents contain a canary in clear."""
    found = []
    for name in await store.db.list_collection_names():
        async for document in store[name].find({}):
            if any(canary in str(document) for canary in canaries):
                found.append(name)
                break
    return found
