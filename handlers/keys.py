"""Typed keys of what the application carries."""

from aiohttp import web

from services import Services

SERVICES = web.AppKey("services", Services)
# Where the staff menu leads: (path, words, permission), in order; set by the route table.
NAVIGATION: web.AppKey[list[tuple[str, str, str]]] = web.AppKey("navigation", list)
