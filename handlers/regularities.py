"""规律可循: types, places, seasons, repeated offenders; the monthly ranking; the weekly bulletin. As pages and files."""

import asyncio
from datetime import UTC, date, datetime, timedelta

from aiohttp import web

from cases import bulletin, ranking, regularities, tallies
from cases.bulletin import Week
from cases.bulletin_pdf import pdf
from cases.places import divisions
from cases.quarters import SEASONS, month_of, month_words, next_month, read_month
from cases.regularities import Period
from cases.violations import violations
from handlers.downloads import file_answer, tables_answer
from handlers.forms import staff_page
from handlers.keys import SERVICES
from services import Services
from store.errors import NotFound
from store.local_time import local_day

FOOT = "内部资料，不得公开。数字只含案件，不含任何举报人信息。"


def _today() -> date:
    return local_day(datetime.now(UTC))


def _districts(services: Services) -> list[str]:
    return list(divisions(services.settings.city_dir).districts)


async def overview(request: web.Request) -> web.Response:
    services, actor = request.app[SERVICES], request["actor"]
    period = Period.read(request.query, _today())
    return staff_page(
        request,
        "staff/regularities.html",
        found=await regularities.look(services.store, actor, period),
        period=period,
        seasons=list(SEASONS),
        districts=[actor.district] if actor.district else _districts(services),
        types=[kind for kind in violations().values() if kind.core],
        counted_at=await tallies.counted_at(services.store),
        query=request.query_string,
    )


async def overview_file(request: web.Request) -> web.Response:
    period = Period.read(request.query, _today())
    found = await regularities.look(request.app[SERVICES].store, request["actor"], period)
    return await tables_answer(
        regularities.tables(found), request.match_info["kind"], f"规律{period.first}至{period.last}"
    )


async def grid_page(request: web.Request) -> web.Response:
    services, actor = request.app[SERVICES], request["actor"]
    grid = services.locator.grid_index.get(request.match_info["grid"])
    if grid is None or not actor.may_see_district(grid.district):
        raise NotFound("没有这个网格，或不在您的区市。")
    period = Period.read(request.query, _today())
    return staff_page(
        request,
        "staff/regularities_grid.html",
        grid=grid,
        period=period,
        found=await regularities.grid_detail(services.store, actor, grid.code, period),
        seasons=list(SEASONS),
        inspector=services.locator.roster.of_grid(grid.code),
        query=request.query_string,
    )


async def ranking_page(request: web.Request) -> web.Response:
    services = request.app[SERVICES]
    this = month_of(_today())
    month = min(read_month(request.query.get("month", ""), next_month(this, -1)), this)
    rows = await ranking.ranking(services.store, month, _districts(services))
    return staff_page(
        request,
        "staff/ranking.html",
        rows=rows,
        total=ranking.total(rows),
        month=month,
        month_words=month_words(month),
        before=next_month(month, -1),
        after=next_month(month) if month < this else None,
        unfinished=month == this,
        formula=ranking.formula_of(month),
        counted_at=await tallies.counted_at(services.store),
    )


async def ranking_file(request: web.Request) -> web.Response:
    services = request.app[SERVICES]
    this = month_of(_today())
    month = min(read_month(request.query.get("month", ""), next_month(this, -1)), this)
    rows = await ranking.ranking(services.store, month, _districts(services))
    table = bulletin.ranking_table(rows, month)
    return await tables_answer([table], request.match_info["kind"], f"各区市排名{month}")


async def _bulletin(request: web.Request) -> bulletin.Bulletin:
    services = request.app[SERVICES]
    known = divisions(services.settings.city_dir)
    week = Week.read(request.query.get("week", ""), _today())
    return await bulletin.collect(services.store, known.city, list(known.districts), week, datetime.now(UTC))


async def bulletin_page(request: web.Request) -> web.Response:
    made = await _bulletin(request)
    monday = made.week.monday
    return staff_page(
        request,
        "staff/bulletin.html",
        bulletin=made,
        sentences=bulletin.sentences(made),
        tables=bulletin.tables(made),
        before=(monday - timedelta(days=7)).isoformat(),
        after=(monday + timedelta(days=7)).isoformat() if monday + timedelta(days=7) <= _today() else None,
        foot=FOOT,
    )


async def bulletin_file(request: web.Request) -> web.Response:
    made, kind = await _bulletin(request), request.match_info["kind"]
    name = f"安全生产举报周报{made.week.monday.isoformat()}"
    if kind != "pdf":
        return await tables_answer(bulletin.tables(made), kind, name)
    title = f"{made.city}12350安全生产举报每周通报"
    paper = await asyncio.to_thread(pdf, title, made.week.zh, bulletin.sentences(made), bulletin.tables(made), FOOT)
    return file_answer(paper, "pdf", name)
