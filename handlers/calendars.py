"""The calendars of the years: which are official, which count provisionally, and loading one from a CSV file."""

from datetime import datetime

from aiohttp import web

from cases import calendar_years
from handlers.forms import Problem, staff_page
from handlers.keys import SERVICES
from store.errors import Refusal
from store.local_time import LOCAL

MAX_FILE = 100_000


async def overview(request: web.Request) -> web.StreamResponse:
    return await show(request)


async def show(
    request: web.Request, *, problem: Problem | None = None, loaded: calendar_years.Year | None = None
) -> web.Response:
    store = request.app[SERVICES].store
    years = await calendar_years.known_years(store, datetime.now(LOCAL).date())
    return staff_page(request, "staff/calendars.html", years=years, loaded=loaded, problem=problem)


async def load(request: web.Request) -> web.StreamResponse:
    services = request.app[SERVICES]
    upload = (await request.post()).get("file")
    if not isinstance(upload, web.FileField):
        return await show(request, problem=Problem("load_calendar", "请选择 CSV 文件。", "file", 422))
    content = upload.file.read(MAX_FILE + 1)
    try:
        if len(content) > MAX_FILE:
            raise calendar_years.WrongCalendar("文件太大，一年的日历只有几十行。", field="file")
        year = await calendar_years.load(services.store, content, request["actor"].id)
    except Refusal as refusal:
        return await show(request, problem=Problem.of("load_calendar", refusal))
    services.workers.wake()
    return await show(request, loaded=year)
