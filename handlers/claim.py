"""Claiming a reward without showing up: number and code were given before, here only where the money shall go."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from aiohttp import web

from cases import settlement, trail
from cases.mailbox import Mailbox
from handlers import tip_session
from handlers.finance_batches import donee_of
from handlers.keys import SERVICES
from handlers.pages import render
from handlers.reward_view import reward_view
from handlers.uploads import Form, read_form
from rewards import appeals, claims, endings, record
from rewards.payee import checked_payee
from services import Services
from store.errors import Conflict, Refusal
from store.mongo import Document

PAYEE = ("name", "bank", "account", "phone")


class NothingToClaim(Conflict):
    def __init__(self) -> None:
        super().__init__("这件举报现在没有可以领取的奖励。请从“查进度”里查看奖励的情况。")


async def show(request: web.Request) -> web.Response:
    tip, _ = await tip_session.required(request)
    return await _page(request, tip, await _reward(request, tip))


async def submit(request: web.Request) -> web.StreamResponse:
    return await _answer(request, "claim", _claim)


async def waive(request: web.Request) -> web.StreamResponse:
    return await _answer(request, "waive", _waive)


async def donate(request: web.Request) -> web.StreamResponse:
    """Give the reward to the donee that the city has named."""
    return await _answer(request, "donate", _donate)


async def appeal(request: web.Request) -> web.StreamResponse:
    """Object to "no reward" or to the amount; the words are treated like the tip itself."""
    return await _answer(request, "appeal", _appeal)


Deed = Callable[[Services, Document, Document, Form], Awaitable[None]]
"""What a reporter decides about the reward: (services, tip, reward, form). Raises `Refusal`."""


async def _answer(request: web.Request, done: str, deed: Deed) -> web.StreamResponse:
    """Do the deed and go back to the tip, or show the page again with what was typed and why it was refused."""
    tip, _ = await tip_session.required(request)
    reward = await _reward(request, tip)
    with await read_form(request) as form:
        try:
            if reward is None:
                raise NothingToClaim
            await deed(request.app[SERVICES], tip, reward, form)
        except Refusal as problem:
            return await _page(request, tip, reward, form, problem)
    raise web.HTTPSeeOther(f"/tip?done={done}")


async def _claim(services: Services, tip: Document, reward: Document, form: Form) -> None:
    payee = _payee(form)
    refuse_mistyped(checked_payee(payee)["account"], confirmed=form.get("confirmed") == "1")
    await claims.claim(
        services.store, trail, services.vault, reward["_id"], payee, now=datetime.now(UTC),
        mark_key=services.keys.derive("payee mark"),
    )  # fmt: skip


async def _waive(services: Services, tip: Document, reward: Document, form: Form) -> None:
    if form.get("sure") != "1":
        raise Refusal("请先勾选“我确定放弃”。", status=422, field="sure")
    await endings.waive(services.store, trail, services.ledger, reward["_id"], now=datetime.now(UTC))
    await settlement.settle_reward(services.store, tip["case_id"])


async def _donate(services: Services, tip: Document, reward: Document, form: Form) -> None:
    if donee_of(services) is None:
        raise NothingToClaim
    if form.get("sure") != "1":
        raise Refusal("请先勾选“我确定捐赠”。", status=422, field="donate_sure")
    await claims.donate(services.store, trail, reward["_id"], now=datetime.now(UTC))


async def _appeal(services: Services, tip: Document, reward: Document, form: Form) -> None:
    try:
        words = Mailbox(services.store, services.receipts, services.vault).words(form.get("appeal"), tip)
        await appeals.appeal(
            services.store, trail, services.vault, reward["_id"], words.text, words.identity, now=datetime.now(UTC)
        )
    except Refusal as problem:
        problem.field = "appeal"
        raise


def _payee(form: Form) -> dict[str, str]:
    return {name: form.get(name) for name in PAYEE}


async def _reward(request: web.Request, tip: Document) -> Document | None:
    return await record.of_tip(request.app[SERVICES].store, tip["case_id"], tip["_id"])


async def _page(
    request: web.Request,
    tip: Document,
    reward: Document | None,
    form: Form | None = None,
    problem: Refusal | None = None,
) -> web.Response:
    view, donee = reward_view(reward, datetime.now(UTC)), donee_of(request.app[SERVICES])
    unsure = problem is not None and problem.field == "account"
    response = render(
        request,
        "claim.html",
        status=problem.status if problem else 200,
        reward=view,
        values=_payee(form) if form else dict.fromkeys(PAYEE, ""),
        problem=problem,
        unsure=unsure,
        donee=donee.name if donee else "",
        typed=form.get("appeal") if form else "",
    )
    tip_session.start(request, response, tip["_id"])
    return response


def refuse_mistyped(account: str, *, confirmed: bool) -> None:
    """A bank card's check digit catches a slip of the finger; passbooks have none, so the claimant may insist."""
    if 16 <= len(account) <= 19 and not luhn(account) and not confirmed:
        raise Refusal(
            "银行卡号好像有一位写错了,请对照银行卡再看一遍。如果确实没有错,请勾选“账号没有错”再提交。",
            status=422,
            field="account",
        )


def luhn(digits: str) -> bool:
    """ISO/IEC 7812-1, annex B."""
    total = 0
    for place, char in enumerate(reversed(digits)):
        value = int(char) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0
