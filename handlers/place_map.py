"""The drawing that a reporter taps on when words do not say where: a part of a page, fetched when it is opened."""

import asyncio
from functools import cache
from pathlib import Path

from aiohttp import web

from cases.places import divisions
from grid import schematic
from handlers.keys import SERVICES
from handlers.pages import render


async def show(request: web.Request) -> web.Response:
    city, parts = await asyncio.to_thread(_drawings, request.app[SERVICES].settings.city_dir)
    response = render(request, "place_map.html", city=city, parts=parts, width=schematic.WIDTH,
                      name_height=schematic.HEIGHT_OF_NAME)  # fmt: skip
    response.headers["Cache-Control"] = "public, max-age=3600"
    return response


@cache
def _drawings(city_dir: Path) -> tuple[schematic.Drawing, dict[str, schematic.Drawing]]:
    """The city and each district; about a second, once."""
    known = divisions(city_dir)
    return schematic.districts(known), {name: schematic.streets(known, name) for name in known.districts}
