"""The public board: only what is published, for people, feed readers and programs."""

from datetime import UTC, datetime
from xml.etree import ElementTree

import pytest

from tests import hostile
from tests.handlers.citizens import citizens

ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture
async def site(mongo_server, tmp_path):
    async with citizens(mongo_server, tmp_path) as opened:
        yield opened


def disclosure(number: str, state: str = "published", district: str = "城阳区", **more) -> dict:
    return {
        "_id": number, "version": 3, "kind": "typical_case", "case_id": "SECRE-TCASE", "public_number": number,
        "state": state, "district": district, "month": "2026-03", "types": ["secret_type"], "groups": ["危险作业"],
        "fields": {}, "open_words": [], "amount_shown": False,
        "text": f"{district}某企业 <b>无证</b> 作业被罚款。{number}",
        "edited_by": "officer-secret", "reviewed_by": "officer-secret", "published_by": "officer-secret",
        "published_at": datetime(2026, 4, 9, 3, 21, tzinfo=UTC) if state != "draft" else None,
        "published_month": "2026-04", "withdrawn": None, "company": "秘密公司", "created_at": datetime.now(UTC), **more,
    }  # fmt: skip


async def fill(services) -> None:
    withdrawn = {"by": "officer-secret", "reason": "处罚撤销", "on": "2026-05-01"}
    await services.store["disclosures"].insert_many(
        [
            disclosure("J1"),
            disclosure("J2", district="市北区"),
            disclosure("J3", state="draft"),
            disclosure("J4", state="withdrawn", withdrawn=withdrawn),
        ]
    )


async def test_only_what_is_published_is_on_the_board(site):
    client, services, _ = site
    assert "还没有公示" in await (await client.get("/board")).text()
    await fill(services)
    page = await (await client.get("/board")).text()
    assert "J1" in page and "J2" in page and "J3" not in page and "J4" not in page and "&lt;b&gt;" in page


async def test_nothing_internal_leaves_through_any_form(site):
    client, services, _ = site
    await fill(services)
    for path in ("/board", "/board.json", "/board.atom", "/board/J1", "/board/J4"):
        text = await (await client.get(path)).text()
        for secret in ("SECRE-TCASE", "officer-secret", "秘密公司", "secret_type", "03:21", "11:21"):
            assert secret not in text, (path, secret)


async def test_search_and_filters_narrow_the_list(site):
    client, services, _ = site
    await fill(services)
    for query, shown in (
        ("district=市北区", {"J2"}),
        ("q=J1", {"J1"}),
        ("kind=exposure", set()),
        ("kind=nonsense", {"J1", "J2"}),
    ):
        entries = (await (await client.get(f"/board.json?{query}")).json())["entries"]
        assert {row["public_number"] for row in entries} == shown


async def test_a_permanent_link_says_when_it_was_withdrawn_but_not_what_it_said(site):
    client, services, _ = site
    await fill(services)
    assert (await client.get("/board/J1")).status == 200
    gone = await client.get("/board/J4")
    text = await gone.text()
    assert gone.status == 410 and "2026-05-01 撤回" in text and "无证" not in text
    assert (await client.get("/board/J3")).status == 404
    assert (await client.get("/board/none")).status == 404


async def test_the_feed_is_atom_with_days_only(site):
    client, services, _ = site
    await fill(services)
    answer = await client.get("/board.atom")
    assert answer.content_type == "application/atom+xml"
    feed = ElementTree.fromstring(await answer.text())
    entries = feed.findall(f"{ATOM}entry")
    assert len(entries) == 2 and all(entry.find(f"{ATOM}updated").text.endswith("T00:00:00+08:00") for entry in entries)


@pytest.mark.parametrize("text", hostile.TEXTS, ids=range(len(hostile.TEXTS)))
async def test_hostile_searches_find_nothing_and_break_nothing(site, text):
    client, _, _ = site
    clean = text.encode("utf-8", "replace").decode()
    for name in ("q", "district", "kind", "page", "group", "month"):
        answer = await client.get("/board", params={name: clean})
        assert answer.status == 200 and "<script>alert" not in await answer.text()


@pytest.mark.parametrize("path", ["/", "/privacy", "/report", "/tip", "/board"])
async def test_pages_are_strict_and_ask_nobody_else(site, path):
    client, _, _ = site
    answer = await client.get(path)
    text = await answer.text()
    assert answer.status == 200 and "script-src 'self'" in answer.headers["Content-Security-Policy"]
    assert "<style" not in text and " style=" not in text and " onclick=" not in text
    for tag in ('src="http', 'href="http'):
        assert text.replace('href="https://www.weather.com.cn/"', "").count(tag) == 0


async def test_the_hotline_page_is_for_operators(site):
    client, _, _ = site
    answer = await client.get("/hotline", allow_redirects=False)
    assert answer.status == 303 and answer.headers["Location"].startswith("/login")
    assert (
        await client.post("/hotline/propose", data={"what": "x"}, headers={"Accept": "application/json"})
    ).status == 401
