"""The administrator's page of place names: what corrections propose, what was accepted, one decision at a time."""

from aiohttp import web

from access.actors import Actor
from cases.place_learning import proposed_aliases
from cases.places import divisions, streets_by_district
from grid import aliases
from handlers.forms import Deed, Form, Problem, acting, staff_page
from handlers.keys import SERVICES
from services import Services


async def overview(request: web.Request) -> web.StreamResponse:
    return await show_overview(request)


async def show_overview(
    request: web.Request, _: str = "", *, form: Form | None = None, problem: Problem | None = None
) -> web.Response:
    services = request.app[SERVICES]
    return staff_page(
        request,
        "staff/place_names.html",
        proposals=await proposed_aliases(services.store, services.locator.gazetteer),
        accepted=await aliases.accepted(services.store),
        streets=streets_by_district(divisions(services.settings.city_dir)),
        form=form,
        problem=problem,
    )


async def _accept(services: Services, _: str, actor: Actor, form: Form) -> None:
    """`place` is "district" or "district street"; the counts are those of the proposal of today."""
    district, _, street = form.text("place").partition(" ")
    word, gazetteer = form.text("word"), services.locator.gazetteer
    where = (district, street or None)
    proposals = await proposed_aliases(services.store, gazetteer)
    ground = next((p for p in proposals if (p.word, (p.district, p.street)) == (word, where)), None)
    counts = {"cases": ground.cases, "against": ground.against} if ground else {}
    await aliases.accept(services.store, gazetteer, word, where, by=actor.id, **counts)
    await aliases.take_over(services.store, services.locator)


async def _withdraw(services: Services, word: str, actor: Actor, form: Form) -> None:
    await aliases.withdraw(services.store, word, by=actor.id)
    await aliases.take_over(services.store, services.locator)


DEEDS: dict[str, Deed] = {"accept_alias": _accept, "withdraw_alias": _withdraw}
change = acting(DEEDS, show_overview, "/admin/place-names")
