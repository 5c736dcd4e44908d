"""Typed keys of what the application carries."""

from collections.abc import Sequence

from aiohttp import web

from services import Services

SERVICES = web.AppKey("services", Services)
# Where the staff menu leads: (path, words, permission), in order; set by the route table.
NAVIGATION: web.AppKey[Sequence[tuple[str, str, str]]] = web.AppKey("navigation", list)
