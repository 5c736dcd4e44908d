"""Opening payee data with two people, and handing the vault's key to a colleague."""

from typing import Any

from aiohttp import web

from access import administration, vault, vault_keys
from access.actors import Actor
from access.passwords import MIN_LENGTH
from cases import queries
from handlers.forms import Deed, Form, Problem, acting, read_form, staff_page
from handlers.keys import SERVICES
from rewards import lists
from services import Services
from store.errors import Refusal

FIELDS = {"name": "收款人", "bank": "开户银行", "account": "账号", "phone": "电话", "contact": "联系方式"}


async def opening_page(request: web.Request) -> web.StreamResponse:
    return await show_opening(request, request.match_info["id"])


async def show_opening(
    request: web.Request,
    opening_id: str,
    *,
    form: Form | None = None,
    problem: Problem | None = None,
    opened: dict[str, Any] | None = None,
) -> web.Response:
    services = request.app[SERVICES]
    opening = await lists.opening(services.store, opening_id)
    return staff_page(
        request,
        "staff/opening.html",
        opening=opening,
        kinds=vault.KINDS,
        purposes=vault.PURPOSES,
        names=await queries.names_of(services.store, {opening["requested_by"], opening["approved_by"]} - {None}),
        opened=[(FIELDS.get(key, key), value) for key, value in (opened or {}).items()],
        form=form,
        problem=problem,
    )


async def _approve(services: Services, opening_id: str, actor: Actor, form: Form) -> None:
    await vault.approve_opening(services.store, opening_id, actor)


async def _refuse(services: Services, opening_id: str, actor: Actor, form: Form) -> None:
    await vault.refuse_opening(services.store, opening_id, actor)


DEEDS: dict[str, Deed] = {"approved_opening": _approve, "refused_opening": _refuse}
decide = acting(DEEDS, show_opening, "/finance/openings/{id}")


async def open_record(request: web.Request) -> web.StreamResponse:
    """The record is shown in this answer only; loading the page again shows nothing."""
    services, opening_id = request.app[SERVICES], request.match_info["id"]
    form = await read_form(request)
    # Not `form.text`: a password is taken exactly as typed.
    password = form.fields.get("password", "")
    try:
        opened = await vault.open_record(services.store, opening_id, request["actor"], password)
    except Refusal as refusal:
        return await show_opening(request, opening_id, form=form, problem=Problem.of("open_record", refusal))
    return await show_opening(request, opening_id, opened=opened)


async def keys_page(request: web.Request) -> web.StreamResponse:
    return await show_keys(request, "")


async def show_keys(
    request: web.Request, _: str, *, form: Form | None = None, problem: Problem | None = None
) -> web.Response:
    store = request.app[SERVICES].store
    holders = await vault_keys.holders(store)
    return staff_page(
        request,
        "staff/vault_keys.html",
        holders=holders,
        mine=request["actor"].id in holders,
        officers=await lists.finance_officers(store),
        form=form,
        problem=problem,
    )


async def _grant(services: Services, _: str, actor: Actor, form: Form) -> None:
    colleague, password = form.text("colleague"), form.fields.get("colleague_password", "")
    await lists.require_finance_officer(services.store, colleague)
    if len(password) < MIN_LENGTH:
        raise Refusal(f"请由对方输入自己的口令（至少{MIN_LENGTH}位）。", status=422, field="colleague_password")
    await administration.require_own_password(services.store, colleague, password, "colleague_password")
    await vault_keys.grant_access(services.store, actor.id, form.fields.get("password", ""), colleague, password)


async def _grant_by_escrow(services: Services, _: str, actor: Actor, form: Form) -> None:
    password = form.fields.get("password", "")
    if len(password) < MIN_LENGTH:
        raise Refusal("请输入您自己的登录口令，以后用它打开保密柜。", status=422, field="password")
    await administration.require_own_password(services.store, actor.id, password, "password")
    await vault_keys.grant_by_escrow(services.store, form.text("escrow"), actor.id, password, actor.id)


KEY_DEEDS: dict[str, Deed] = {"grant_access": _grant, "grant_by_escrow": _grant_by_escrow}
change_keys = acting(KEY_DEEDS, show_keys, "/finance/{id}")
