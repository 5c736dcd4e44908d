"""What the page of a case shows and does about its enterprise and earlier cases; for dispatcher and supervisor."""

from typing import Any

from access.actors import Actor
from cases import credit, merging, orders, queries, relations
from cases.inputs import FINDINGS
from handlers.forms import Deed, Form
from services import Services
from store.mongo import Document


async def shown(services: Services, case: Document, actor: Actor) -> dict[str, Any]:
    """The names that `staff/case_relations.html` reads."""
    store = services.store
    code = case.get("enterprise")
    enterprise = await store["enterprises"].find_one({"_id": code}, {"grams": 0}) if code else None
    earlier = await relations.earlier_cases(store, case, actor)
    return {
        "enterprise": enterprise,
        "proposed_enterprises": [] if enterprise else await relations.proposed_enterprises(store, case),
        "earlier": [{"case": row, "headline": orders.headline(row)} for row in earlier],
        "credit_events": await credit.events(store, code, earlier) if code else [],
        "finding_names": FINDINGS,
    }


async def _unmerge(services: Services, case_id: str, actor: Actor, form: Form) -> Document:
    return await merging.unmerge(services.store, case_id, actor, form.text("text"), form.version)


async def _link_enterprise(services: Services, case_id: str, actor: Actor, form: Form) -> Document:
    return await relations.link_enterprise(services.store, case_id, actor, form.text("enterprise"), form.version)


async def _link_recurrence(services: Services, case_id: str, actor: Actor, form: Form) -> Document:
    of = queries.case_number(form.text("of")) or form.text("of")
    return await relations.link_recurrence(services.store, case_id, actor, of, form.version)


DEEDS: dict[str, Deed] = {
    "unmerge": _unmerge,
    "link_enterprise": _link_enterprise,
    "link_recurrence": _link_recurrence,
}
