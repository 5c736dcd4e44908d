"""The operator's page: the citizen's form, filled in while the caller talks, with proposals beside it."""

from dataclasses import asdict
from typing import Any

from aiohttp import web

from access.redaction import redact
from cases import duplicates
from cases.danger import danger_in
from cases.model import MAX_TEXT, clean_text
from cases.rasa import RasaDown
from cases.reception import point_from
from cases.violations import name_of
from handlers.keys import SERVICES
from handlers.middlewares.sizes import up_to
from handlers.report import after, file_form, form_page, new_client_key, receipt_page
from handlers.uploads import MAX_BODY, in_memory, read_posted
from services import Services
from store.errors import Refusal

SHOWN_TYPES = 3


async def show(request: web.Request) -> web.Response:
    return form_page(request, "hotline.html", {"client_key": new_client_key()})


async def submit(request: web.Request) -> web.Response:
    """The operator has judged the matter with the caller on the line: nothing is asked a second time."""
    with await read_posted(request) as form:
        form.fields["confirmed"] = "1"
        try:
            filed = await file_form(request.app[SERVICES], "hotline", form)
        except Refusal as problem:
            return form_page(request, "hotline.html", after(problem, form), problem=problem, form=form)
    return receipt_page(request, filed)


up_to(MAX_BODY, in_memory(submit))


async def propose(request: web.Request) -> web.Response:
    """POST what, place, company, lng, lat → {"danger", "types", "place", "duplicates", "model"}; stores nothing."""
    with await read_posted(request) as form:
        fields = {name: clean_text(form.get(name)[:MAX_TEXT]) for name in ("what", "place", "company", "lng", "lat")}
    for name in ("what", "place", "company"):  # the caller's name and number are for the vault, not for Rasa
        fields[name] = redact(fields[name]).text
    return web.json_response(await proposals(request.app[SERVICES], fields))


in_memory(propose)


async def proposals(services: Services, fields: dict[str, str]) -> dict[str, Any]:
    text = "\n".join(part for part in (fields["place"], fields["company"], fields["what"]) if part)
    location = asdict(services.locator.locate(text=text, point=point_from(fields)))
    types, model = await _types(services, fields["what"])
    ids = [row["type"] for row in types]
    found = await duplicates.candidates(services.store, "", fields, location, ids) if fields["what"] else []
    danger = danger_in(fields["what"])
    return {
        "danger": danger.advice if danger else None,
        "types": types,
        "model": model,
        "place": {key: location.get(key) for key in ("district", "street", "grid", "certain", "explanation")},
        "duplicates": found,
    }


async def _types(services: Services, what: str) -> tuple[list[dict[str, Any]], bool]:
    """(the likeliest types with names, whether Rasa answered)."""
    if not what:
        return [], True
    try:
        (parsed,) = await services.rasa.parse([what])
    except RasaDown:
        return [], False
    rows = parsed["violations"][:SHOWN_TYPES]
    return [{"type": row["type"], "zh": name_of(row["type"]), "confidence": row["confidence"]} for row in rows], True
