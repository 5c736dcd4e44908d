"""Lateness by post and person, for supervisors and leaders: cards of the month, each breach with who held the case."""

from datetime import datetime

from aiohttp import hdrs, web

from access.actors import Actor
from cases import breaches
from cases.breaches import Wanted
from cases.holders import posts
from handlers.forms import staff_page
from handlers.keys import SERVICES
from store.local_time import LOCAL
from store.mongo import Store


async def overview(request: web.Request) -> web.Response:
    store, actor, today = _asked(request)
    wanted = Wanted.read(request.query, today.date())
    cards = await breaches.cards(store, wanted, actor)
    return staff_page(
        request,
        "staff/breaches.html",
        wanted=wanted,
        months=sorted({*breaches.months(today.date()), wanted.month_name}, reverse=True),
        posts=posts(),
        totals=[row for row in breaches.by_post(cards) if wanted.post in (None, row.post)],
        people=[row for row in cards if row.person],
        rows=await breaches.breaches(store, wanted, actor),
        limit=breaches.MAX_SHOWN,
        held_words=breaches.held_words,
    )


async def table(request: web.Request) -> web.Response:
    """The same breaches as CSV, up to `MAX_EXPORTED`."""
    store, actor, today = _asked(request)
    wanted = Wanted.read(request.query, today.date())
    rows = await breaches.breaches(store, wanted, actor, breaches.MAX_EXPORTED)
    headers = {hdrs.CONTENT_DISPOSITION: f'attachment; filename="breaches-{wanted.month_name}.csv"'}
    return web.Response(text=breaches.to_csv(rows), content_type="text/csv", charset="utf-8", headers=headers)


def _asked(request: web.Request) -> tuple[Store, Actor, datetime]:
    return request.app[SERVICES].store, request["actor"], datetime.now(LOCAL)
