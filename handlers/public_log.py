"""The public log: checkpoints, entries and proofs for programs, and the page that checks them in the reader's browser."""

from datetime import UTC, datetime
from typing import Any

from aiohttp import hdrs, web

from handlers import tip_session
from handlers.keys import SERVICES
from handlers.pages import render
from rewards import proofs, public_log, record
from rewards.checkpoints import size_of
from store.errors import NotFound

ENTRIES = 1_000
_FOR_A_MINUTE = "public, max-age=60"
_FOR_NOBODY = "no-store"


async def page(request: web.Request) -> web.Response:
    notary = request.app[SERVICES].notary
    note = await notary.board(datetime.now(UTC))
    number = request.query.get("number", "")[:20]
    return render(request, "verify.html", key=notary.key, note=note, size=size_of(note), number=number)


async def key(request: web.Request) -> web.Response:
    return web.Response(text=request.app[SERVICES].notary.key + "\n", headers={hdrs.CACHE_CONTROL: _FOR_A_MINUTE})


async def checkpoint(request: web.Request) -> web.Response:
    """The newest signed checkpoint of the board, as a note."""
    note = await request.app[SERVICES].notary.board(datetime.now(UTC))
    return web.Response(text=note, headers={hdrs.CACHE_CONTROL: _FOR_A_MINUTE})


async def checkpoints(request: web.Request) -> web.Response:
    """All signed checkpoints, of the board and of the ledger, newest first."""
    notary = request.app[SERVICES].notary
    await notary.board(datetime.now(UTC))
    logs = {log: await notary.notes(log) for log in ("board", "ledger")}
    return _json({"key": notary.key, **{log: [_told(row) for row in rows] for log, rows in logs.items()}})


async def entries(request: web.Request) -> web.Response:
    """Leaf texts from `from` (counted from 1) on, at most 1,000."""
    start = _number(request.query.get("from", "1")) or 1
    found = await public_log.leaves(request.app[SERVICES].store, start, ENTRIES)
    return _json({"from": start, "entries": found})


async def proof(request: web.Request) -> web.Response:
    """Everything that happened to a public number, each with its proof."""
    services, number = request.app[SERVICES], request.match_info["number"]
    older = _number(request.query.get("older", ""))
    bundles = await proofs.of_number(services.store, services.notary, number, now=datetime.now(UTC), older=older)
    return _json({"bundles": bundles}, f"{number}.json")


async def consistency(request: web.Request) -> web.Response:
    """The proof that the checkpoint of size `older` is contained in that of size `newer`."""
    services = request.app[SERVICES]
    older, newer = (_number(request.query.get(name, "")) or 0 for name in ("older", "newer"))
    return _json(await proofs.between(services.store, services.notary, older, newer))


async def own_payout(request: web.Request) -> web.Response:
    """The reporter, with number and code, sees that the own payout is in the tree."""
    tip, _ = await tip_session.required(request)
    await _payout(request)
    response = render(request, "payout.html", key=request.app[SERVICES].notary.key)
    tip_session.start(request, response, tip["_id"])
    return response


async def own_payout_file(request: web.Request) -> web.Response:
    services = request.app[SERVICES]
    bundle = await proofs.of_payout(services.store, services.notary, await _payout(request), now=datetime.now(UTC))
    return web.json_response({"bundles": [bundle]}, headers={hdrs.CACHE_CONTROL: _FOR_NOBODY})


async def _payout(request: web.Request) -> int:
    tip, _ = await tip_session.required(request)
    reward = await record.of_tip(request.app[SERVICES].store, tip["case_id"], tip["_id"])
    if reward is None or reward["log_seq"] is None:
        raise NotFound("这件举报还没有付款记录。付款后这里会显示。")
    return reward["log_seq"]


def _told(row: dict[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in ("size", "root", "on", "note")}


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None


def _json(body: dict[str, Any], name: str = "") -> web.Response:
    headers = {hdrs.CACHE_CONTROL: _FOR_A_MINUTE}
    if name:
        headers[hdrs.CONTENT_DISPOSITION] = f'inline; filename="{name}"'
    return web.json_response(body, headers=headers)
