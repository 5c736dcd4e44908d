"""The leader's page: counts by district, state and type, on-time share, rewards paid."""

from aiohttp import web

from cases import statistics
from cases.states import STATE_NAMES, State
from handlers.forms import staff_page
from handlers.keys import SERVICES


async def overview(request: web.Request) -> web.Response:
    numbers = await statistics.overview(request.app[SERVICES].store, request["actor"])
    states = [(STATE_NAMES[State(row.name)], row.cases) for row in numbers.states]
    return staff_page(request, "staff/leader.html", numbers=numbers, states=states)
