"""What became of a tip: opened with number and code, in plain words, with the mailbox and the reporter's rights."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from aiohttp import hdrs, web

from cases import lookup, mailbox, tip_reading, withdrawal
from cases.attachments import PICKED
from cases.mailbox import Mailbox
from cases.receipts import plain_number
from cases.reception import read_uploads, store_uploads
from cases.states import CLOSED, STATE_NAMES, State
from handlers import tip_session
from handlers.keys import SERVICES
from handlers.middlewares.sizes import up_to
from handlers.middlewares.throttle import dwell, slow_down, succeeded
from handlers.pages import render
from handlers.reward_view import reward_view
from handlers.uploads import REFUSED_WITH_TEXT, Form, read_form
from rewards import record
from store.errors import Refusal
from store.mongo import Document

MAX_LOOKUP_FIELD = 200


async def show(request: web.Request) -> web.Response:
    found = await tip_session.current(request)
    if found is None:
        return render(request, "tip_login.html", number="", problem=None)
    return await _page(request, *found)


async def login(request: web.Request) -> web.StreamResponse:
    with await read_form(request) as form:
        number, code = form.get("number")[:MAX_LOOKUP_FIELD], form.get("code")[:MAX_LOOKUP_FIELD]
    services = request.app[SERVICES]
    try:
        slow_down(request, "receipt", plain_number(number))
        tip = await lookup.find(services.store, services.receipts, number, code)
    except Refusal as problem:
        if isinstance(problem, lookup.WrongReceipt):
            await dwell(request, plain_number(number))
        # The number comes back, the code does not: it must be on no page but the receipt.
        response = render(request, "tip_login.html", status=problem.status, number=number, problem=problem)
        if wait := getattr(problem, "retry_after_s", None):
            response.headers[hdrs.RETRY_AFTER] = str(wait)
        return response
    succeeded(request, "receipt", plain_number(number))
    answer = web.HTTPSeeOther("/tip")
    tip_session.start(request, answer, tip["_id"])
    raise answer


async def leave(request: web.Request) -> web.StreamResponse:
    answer = web.HTTPSeeOther("/tip")
    tip_session.end(request, answer)
    raise answer


async def answer(request: web.Request) -> web.StreamResponse:
    async def do(box: Mailbox, tip: Document, form: Form) -> None:
        await box.answer(tip["_id"], form.get("question"), form.get("text"))

    return await _write(request, "answer", do)


async def add(request: web.Request) -> web.StreamResponse:
    evidence = request.app[SERVICES].evidence

    async def do(box: Mailbox, tip: Document, form: Form) -> None:
        read = await read_uploads(evidence, form.uploads)
        if form.get("text").strip():
            box.words(form.get("text"), tip)  # refuse the words before the files are stored
        stored = await store_uploads(evidence, read)
        await box.add(tip["_id"], form.get("text"), stored.photos, stored.files)

    return await _write(request, "add", do)


up_to(REFUSED_WITH_TEXT, add)


async def object_(request: web.Request) -> web.StreamResponse:
    async def do(box: Mailbox, tip: Document, form: Form) -> None:
        await box.object(tip["_id"], form.get("text"))

    return await _write(request, "object", do)


async def retaliation(request: web.Request) -> web.StreamResponse:
    async def do(box: Mailbox, tip: Document, form: Form) -> None:
        await box.report_retaliation(tip["_id"], form.get("text"))

    return await _write(request, "retaliation", do)


async def withdraw(request: web.Request) -> web.StreamResponse:
    store = request.app[SERVICES].store

    async def do(box: Mailbox, tip: Document, form: Form) -> None:
        if form.get("sure") != "1":
            raise Refusal("请先勾选“我确定要撤回”。", status=422, field="sure")
        await withdrawal.withdraw(store, tip)

    return await _write(request, "withdraw", do)


async def _write(request: web.Request, name: str, do: Any) -> web.StreamResponse:
    """Do it and show the tip again; after a refusal with what was typed, at the form named `name`."""
    tip, case = await tip_session.required(request)
    services = request.app[SERVICES]
    with await read_form(request) as form:
        try:
            if form.problem:
                raise form.problem
            await do(Mailbox(services.store, services.receipts, services.vault), tip, form)
        except Refusal as problem:
            return await _page(request, tip, case, failed=Failed(name, problem, form.get("text")))
    raise web.HTTPSeeOther(f"/tip?done={name}")


@dataclass(frozen=True)
class Failed:
    """Which form of the page was refused, why, and what was typed."""

    form: str
    problem: Refusal
    text: str


DONE = {
    "answer": "已收到您的回答。",
    "add": "已收到您的补充。",
    "object": "已收到您的异议,督办人员会复核。",
    "retaliation": "已收到,督办人员会处理。如有人身危险请立即拨打 110。",
    "withdraw": "已撤回。",
    "claim": "已登记收款信息,付款后这里会显示。",
    "waive": "您已放弃这笔奖励。",
    "donate": "您已把这笔奖励捐出,付款后这里会显示。",
    "appeal": "已收到您对奖励的异议,由另一名人员重新审查。",
}


async def _page(request: web.Request, tip: Document, case: Document, failed: Failed | None = None) -> web.Response:
    services, now = request.app[SERVICES], datetime.now(UTC)
    reward = await record.of_tip(services.store, tip["case_id"], tip["_id"])
    until = mailbox.objection_until(case)
    response = render(
        request,
        "tip.html",
        status=failed.problem.status if failed else 200,
        number=tip["number"],
        state=STATE_NAMES[State.WITHDRAWN if tip["withdrawn"] else State(case["state"])],
        steps=tip_reading.steps(case, tip),
        clocks=tip_reading.promises(case),
        reply=case.get("reply"),
        messages=tip_reading.thread(tip),
        questions=mailbox.open_questions(tip),
        open=State(case["state"]) not in CLOSED and not tip["withdrawn"],
        may_withdraw=withdrawal.may_withdraw(tip, case),
        may_object=mailbox.may_object(tip, case, now),
        object_until=tip_reading.written_day(tip_reading.last_day(until).isoformat()) if until else None,
        reward=reward_view(reward, now),
        done=DONE.get(request.query.get("done", "")),
        failed=failed,
        accepted=PICKED,
    )
    tip_session.start(request, response, tip["_id"])
    return response
