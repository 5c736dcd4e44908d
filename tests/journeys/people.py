"""What each person does in the browser, one small function each. A page object for a desk, not for a page."""

import io
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from PIL import ExifTags, Image
from playwright.sync_api import Browser, Page, expect

from store.local_time import local_day
from tests.system import System

PHONE = {"width": 360, "height": 740}
DESK = {"width": 1280, "height": 900}
TODAY = local_day(datetime.now(UTC)).isoformat()
LATER = (local_day(datetime.now(UTC)) + timedelta(days=14)).isoformat()
CAMERA_SERIAL = "SN-CANARY-7788"


def photo(lng: float = 120.3509, lat: float = 36.08546, shade: int = 90) -> bytes:
    """A phone photo with position and camera serial number in its EXIF."""
    image = Image.new("RGB", (640, 480), (shade, 60, 60))
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "CanaryCam"
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.BodySerialNumber] = CAMERA_SERIAL
    gps = exif.get_ifd(ExifTags.IFD.GPSInfo)
    for base, value, letter in ((1, lat, "N"), (3, lng, "E")):
        degrees, rest = divmod(value, 1)
        minutes, rest = divmod(rest * 60, 1)
        gps[base], gps[base + 1] = letter, (degrees, minutes, round(rest * 60, 4))
    out = io.BytesIO()
    image.save(out, "JPEG", exif=exif)
    return out.getvalue()


@dataclass(frozen=True)
class Slip:
    """What the reporter wrote down."""

    number: str
    code: str


def report_by_chat(browser: Browser, system: System, says: str, picture: bytes | None) -> Slip:
    """From the first sentence to number and code, answering what is asked."""
    page = browser.new_context(viewport=PHONE, locale="zh-CN").new_page()
    page.goto(f"{system.url}/chat")
    _say(page, says)
    if picture:
        page.set_input_files("#chat-files", {"name": "现场.jpg", "mimeType": "image/jpeg", "buffer": picture})
        _wait_for_answer(page)
    for _ in range(10):
        if page.locator(".chat-receipt").count():
            return Slip(
                page.locator(".chat-receipt .number").inner_text(), page.locator(".chat-receipt .code").inner_text()
            )
        _answer(page)
    raise AssertionError("no receipt:\n" + page.locator("#chat-log").inner_text())


def _say(page: Page, words: str) -> None:
    page.fill("#chat-text", words)
    page.click("#chat-send")
    _wait_for_answer(page)


def _wait_for_answer(page: Page) -> None:
    page.wait_for_timeout(150)
    expect(page.locator("#chat-typing")).to_be_hidden(timeout=30_000)
    page.wait_for_timeout(100)


def _answer(page: Page) -> None:
    """Press the friendliest of the offered buttons, else say that nothing more is known."""
    buttons = page.locator("#chat-quick button")
    words = buttons.all_inner_texts()
    for wanted in ("提交", "确认", "对", "没有", "跳过", "不清楚", "不知道", "还在", "匿名", "不留", "不用"):
        for index, text in enumerate(words):
            if wanted in text:
                buttons.nth(index).click()
                _wait_for_answer(page)
                return
    _say(page, "不知道")


def staff(browser: Browser, system: System, login: str, password: str, *, viewport: dict = DESK) -> Page:
    page = browser.new_context(viewport=viewport, locale="zh-CN").new_page()
    page.goto(f"{system.url}/login")
    page.fill("#login", login)
    page.fill("#password", password)
    page.click("main button[type=submit]")
    expect(page.get_by_role("button", name="退出")).to_be_visible()
    return page


def done(page: Page) -> None:
    expect(page.get_by_text(re.compile("已完成")).first).to_be_visible()


def dispatch(page: Page, system: System, case_id: str, inspector: str) -> None:
    page.goto(f"{system.url}/desk")
    page.goto(f"{system.url}/desk/cases/{case_id}")
    form = page.locator("form#accept_and_assign")
    form.locator("[name=district]").select_option("市北区")
    form.locator("[name=inspector_id]").select_option(inspector)
    form.locator("[name=summary]").fill("市北区台东街道一商场涉嫌锁闭安全出口、堵塞疏散通道,请现场核查。")
    if not form.locator("[name=department]").input_value():
        form.locator("[name=department]").fill("市北区消防救援大队")
    form.locator("button", has_text="受理并派单").click()
    done(page)


def inspect(page: Page, system: System, case_id: str) -> None:
    """Sign, check, finding, measures, reply."""
    page.goto(f"{system.url}/orders/{case_id}")
    page.locator("form#sign button").click()
    done(page)
    page.locator("form#start_check button").click()
    done(page)
    finding = page.locator("form#record_finding")
    finding.locator("[name=result]").first.select_option("substantiated")
    for index, name in enumerate(("赵一", "钱二")):
        finding.locator("[name=officers]").nth(index).fill(name)
    finding.locator("[name=checked_on]").fill(TODAY)
    finding.locator("[name=text]").fill("商场二楼东侧安全出口被铁链锁闭,疏散通道堆放货架。")
    finding.locator("button[type=submit]").last.click()
    done(page)
    measures = page.locator("form#decide_measures")
    measures.locator("[name=kind-0]").select_option("fine")
    measures.locator("[name=text-0]").fill("罚款")
    measures.locator("[name=law-0]").fill("消防法第六十条第一款第三项")
    measures.locator("[name=decided_on-0]").fill(TODAY)
    measures.locator("[name=penalty_fen-0]").fill("30000")
    measures.locator("[name=kind-1]").select_option("rectify")
    measures.locator("[name=text-1]").fill("立即拆除锁具,清理通道")
    measures.locator("[name=decided_on-1]").fill(TODAY)
    measures.locator("[name=rectify_by-1]").fill(LATER)
    measures.locator("button", has_text="保存处理决定").click()
    done(page)
    page.locator("form#reply button[type=submit]").click()
    done(page)


def recheck(page: Page, system: System, case_id: str) -> None:
    page.goto(f"{system.url}/supervise/cases/{case_id}")
    form = page.locator("form#recheck")
    form.locator("[name=checked_on]").fill(TODAY)
    form.locator("[name=text]").fill("锁具已拆除,通道畅通。")
    form.locator("button[type=submit]").click()
    done(page)


def propose_reward(page: Page, system: System, case_id: str) -> str:
    """Compute, look at the arithmetic, propose; the reward's address."""
    page.goto(f"{system.url}/finance/cases/{case_id}")
    form = page.locator("form#assess")
    for box in form.locator("input[type=checkbox][name^='c-']").all():
        box.check()
    form.get_by_role("button", name="计算").click()
    expect(page.get_by_text("15%").first).to_be_visible()
    page.get_by_role("button", name=re.compile("提出奖励")).click()
    page.wait_for_url(re.compile("/finance/rewards/"))
    return page.url


def press(page: Page, action: str) -> None:
    page.locator(f"form[id='{action}'] button").first.click()


def see_status(browser: Browser, system: System, slip: Slip) -> Page:
    page = browser.new_context(viewport=PHONE, locale="zh-CN").new_page()
    page.goto(f"{system.url}/tip")
    page.fill("#number", slip.number)
    page.fill("#code", slip.code)
    page.click("main button[type=submit] >> nth=0")
    return page
