"""The publisher: drafts from closed checks, edited, read by a second person, published, withdrawn."""

from datetime import UTC, datetime

from aiohttp import web

from access.actors import Actor, Role
from cases import orders, queries, settlement, trail
from handlers.forms import Deed, Form, Problem, acting, read_form, staff_page
from handlers.keys import SERVICES
from rewards import disclosures, lists
from rewards.disclosure_text import EDITABLE, TITLES, DisclosureKind
from rewards.disclosures import STATE_NAMES, DisclosureState
from services import Services
from store.errors import Refusal

LISTS = (DisclosureState.DRAFT, DisclosureState.REVIEWED, DisclosureState.PUBLISHED, DisclosureState.WITHDRAWN)


async def overview(request: web.Request) -> web.StreamResponse:
    return await show_overview(request)


async def show_overview(
    request: web.Request, *, form: Form | None = None, problem: Problem | None = None
) -> web.Response:
    store = request.app[SERVICES].store
    return staff_page(
        request,
        "staff/publish.html",
        cases=[{"case": case, "headline": orders.headline(case)} for case in await lists.disclosable(store)],
        lists=[(STATE_NAMES[state], await disclosures.in_states(store, state)) for state in LISTS],
        titles=TITLES,
        to_notice=await lists.to_notice(store),
        form=form,
        problem=problem,
    )


async def draft(request: web.Request) -> web.StreamResponse:
    """Generate a draft of the chosen kind from a case."""
    services, form = request.app[SERVICES], await read_form(request)
    try:
        if form.text("kind") not in list(DisclosureKind):
            raise Refusal("请选择公开的种类。", status=422, field="kind")
        case = await queries.case_for(services.store, form.text("case"), request["actor"])
        made = await disclosures.draft(
            services.store,
            trail,
            request["actor"],
            DisclosureKind(form.text("kind")),
            case,
            await lists.reward_to_tell(services.store, case["_id"], form.text("reward")),
            demonstrate=services.settings.demo,
            now=datetime.now(UTC),
        )
    except Refusal as refusal:
        return await show_overview(request, form=form, problem=Problem.of("draft", refusal))
    raise web.HTTPSeeOther(f"/publish/{made['_id']}?done=disclosure.draft")


async def entry_page(request: web.Request) -> web.StreamResponse:
    return await show_entry(request, request.match_info["id"])


async def show_entry(
    request: web.Request, disclosure_id: str, *, form: Form | None = None, problem: Problem | None = None
) -> web.Response:
    store, actor = request.app[SERVICES].store, request["actor"]
    entry = await disclosures.find(store, disclosure_id)
    people = {entry["edited_by"], entry["reviewed_by"], entry["published_by"]} - {None}
    return staff_page(
        request,
        "staff/disclosure.html",
        entry=entry,
        title=TITLES[DisclosureKind(entry["kind"])],
        state_zh=STATE_NAMES[DisclosureState(entry["state"])],
        editable=EDITABLE[DisclosureKind(entry["kind"])],
        warning=await disclosures.warning_for(store, entry),
        may_publish=actor.has(Role.PUBLISHER),
        may_review=entry["edited_by"] != actor.id,
        names=await queries.names_of(store, people),
        form=form,
        problem=problem,
    )


async def _edit(services: Services, disclosure_id: str, actor: Actor, form: Form) -> None:
    entry = await disclosures.find(services.store, disclosure_id)
    fields = EDITABLE[DisclosureKind(entry["kind"])]
    changes = {name: form.text(name) for name in fields if form.has(name)}
    await disclosures.edit(
        services.store, trail, actor, disclosure_id, changes, version=form.version, now=datetime.now(UTC)
    )


async def _review(services: Services, disclosure_id: str, actor: Actor, form: Form) -> None:
    await disclosures.review(services.store, trail, actor, disclosure_id, version=form.version, now=datetime.now(UTC))


async def _publish(services: Services, disclosure_id: str, actor: Actor, form: Form) -> None:
    entry = await disclosures.publish(
        services.store, trail, actor, disclosure_id, version=form.version, now=datetime.now(UTC)
    )
    await settlement.mark_disclosed(services.store, entry["case_id"])


async def _withdraw(services: Services, disclosure_id: str, actor: Actor, form: Form) -> None:
    await disclosures.withdraw(
        services.store,
        trail,
        actor,
        disclosure_id,
        reason=form.text("reason"),
        version=form.version,
        now=datetime.now(UTC),
    )


DEEDS: dict[str, Deed] = {
    "disclosure.edit": _edit,
    "disclosure.review": _review,
    "disclosure.publish": _publish,
    "disclosure.withdraw": _withdraw,
}

act = acting(DEEDS, show_entry, "/publish/{id}")
