"""The front page and the privacy promise."""

from aiohttp import web

from handlers.pages import render


async def home(request: web.Request) -> web.Response:
    return render(request, "home.html")


async def privacy(request: web.Request) -> web.Response:
    return render(request, "privacy.html")
