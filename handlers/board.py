"""The public board: what was found and punished, for people, feed readers and programs. Never a trace of a reporter."""

from datetime import UTC, date, datetime
from typing import Any
from xml.sax.saxutils import escape

from aiohttp import hdrs, web

from handlers.keys import SERVICES
from handlers.pages import render
from rewards.board import BoardFilter, public_board, public_entry
from rewards.disclosure_text import TITLES, DisclosureKind
from store.local_time import local_day

PAGE = 20
FEED = 50
# Nobody sees the difference, and a burst of readers does not reach the database.
_FOR_A_MINUTE = "public, max-age=60"


def wanted(request: web.Request, size: int = PAGE) -> BoardFilter:
    """From the address line; what is not understood is left out, because a board must always open."""
    query = request.query
    kind = query.get("kind", "")
    return BoardFilter(
        kind=DisclosureKind(kind) if kind in list(DisclosureKind) else None,
        district=query.get("district", "")[:20],
        group=query.get("group", "")[:30],
        month=query.get("month", "")[:7],
        text=query.get("q", "")[:50].replace("\0", ""),
        page=_page_number(query.get("page", "")),
        size=size,
    )


async def board(request: web.Request) -> web.Response:
    services, chosen = request.app[SERVICES], wanted(request)
    page = await public_board(services.store, chosen)
    return render(
        request,
        "board.html",
        entries=page.entries,
        total=page.total,
        pages=-(-page.total // PAGE),
        chosen=chosen,
        kinds=TITLES,
        districts=await _districts(request),
    )


async def entry(request: web.Request) -> web.Response:
    shown = await public_entry(request.app[SERVICES].store, request.match_info["public_number"])
    status = 410 if shown["withdrawn_on"] else 200
    return render(request, "board_entry.html", status=status, entry=shown, kinds=TITLES)


async def open_data(request: web.Request) -> web.Response:
    page = await public_board(request.app[SERVICES].store, wanted(request, size=100))
    base = request.app[SERVICES].settings.base_url
    entries = [{**row, "url": f"{base}/board/{row['public_number']}"} for row in page.entries]
    return web.json_response({"total": page.total, "entries": entries}, headers={hdrs.CACHE_CONTROL: _FOR_A_MINUTE})


async def feed(request: web.Request) -> web.Response:
    """Atom (RFC 4287)."""
    services = request.app[SERVICES]
    page = await public_board(services.store, wanted(request, size=FEED))
    text = atom(page.entries, services.settings.base_url, local_day(datetime.now(UTC)))
    headers = {hdrs.CACHE_CONTROL: _FOR_A_MINUTE}
    return web.Response(text=text, content_type="application/atom+xml", charset="utf-8", headers=headers)


def atom(entries: list[dict[str, Any]], base: str, today: date) -> str:
    """Dates are days: nothing of the time at which somebody acted is in the feed."""
    newest = max((row["published_on"] for row in entries), default=today.isoformat())
    rows = "".join(
        f"<entry><id>{escape(base)}/board/{escape(row['public_number'])}</id>"
        f"<title>{escape(TITLES[DisclosureKind(row['kind'])])} {escape(row['district'] or '')}</title>"
        f'<link href="{escape(base)}/board/{escape(row["public_number"])}"/>'
        f"<updated>{row['published_on']}T00:00:00+08:00</updated>"
        f'<content type="text">{escape(row["text"])}</content></entry>'
        for row in entries
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?><feed xmlns="http://www.w3.org/2005/Atom">'
        f"<id>{escape(base)}/board</id><title>安全生产举报办理公示</title>"
        f'<link rel="self" href="{escape(base)}/board.atom"/><link href="{escape(base)}/board"/>'
        f"<author><name>12350</name></author><updated>{newest}T00:00:00+08:00</updated>{rows}</feed>"
    )


def _page_number(text: str) -> int:
    return max(1, int(text)) if text.isascii() and text.isdigit() and len(text) < 6 else 1


async def _districts(request: web.Request) -> list[str]:
    found = await request.app[SERVICES].store["disclosures"].distinct("district", {"state": "published"})
    return sorted(name for name in found if name)
