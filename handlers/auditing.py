"""The auditor: the trail of a case or account, proof that nothing was changed, and who opened the vault."""

from datetime import UTC, datetime

from aiohttp import web

from access import audit, vault
from cases import queries, timeline
from handlers.forms import staff_page
from handlers.keys import SERVICES
from rewards import lists
from rewards.check_all import CheckReport, check_all
from store.mongo import Store


async def overview(request: web.Request) -> web.StreamResponse:
    return await show(request)


async def show(
    request: web.Request, *, trail: tuple[int, audit.Break | None] | None = None, ledger: CheckReport | None = None
) -> web.Response:
    store: Store = request.app[SERVICES].store
    typed = request.query.get("subject", "").strip()[:80]
    subject = queries.case_number(typed) or typed
    entries = await queries.audit_of(store, subject) if subject else []
    openings = await lists.recent_openings(store)
    people = {entry["actor"] for entry in entries} | {row["requested_by"] for row in openings}
    people |= {row["approved_by"] for row in openings if row["approved_by"]}
    names = await queries.names_of(store, people)
    return staff_page(
        request,
        "staff/audit.html",
        subject=subject,
        lines=timeline.lines(entries, names),
        hashes={entry["seq"]: entry["hash"] for entry in entries},
        openings=openings,
        kinds=vault.KINDS,
        purposes=vault.PURPOSES,
        names=names,
        trail=trail,
        ledger=ledger,
    )


async def verify_all(request: web.Request) -> web.StreamResponse:
    """Recompute the trail, the ledger, its payments and the public log. That it was done is itself in the trail."""
    services, actor = request.app[SERVICES], request["actor"]
    store = services.store
    trail, ledger = await audit.verify(store), await check_all(store, services.notary, datetime.now(UTC))
    whole = trail[1] is None and ledger.ok
    await audit.append(store, None, f"account:{actor.id}", "verify", actor.id, {"whole": whole, "entries": trail[0]})
    return await show(request, trail=trail, ledger=ledger)
