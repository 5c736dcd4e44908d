"""Forms of the staff pages: read what was typed, do the deed, and on a refusal show the page again with all of it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from multidict import MultiDict

from access.actors import Actor
from cases import mailbox, timeline
from cases.lifecycle import perform
from cases.model import clean_text
from cases.states import STATE_NAMES
from cases.violations import name_of
from handlers.keys import SERVICES
from handlers.pages import render
from services import Services
from store.errors import Refusal
from store.mongo import Document

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class Form:
    """What was typed, without uploads. Texts are cleaned of what no person types."""

    fields: MultiDict[str]

    def text(self, name: str) -> str:
        return clean_text(self.fields.get(name, ""))

    def all(self, name: str) -> list[str]:
        return [clean_text(value) for value in self.fields.getall(name, []) if value.strip()]

    def has(self, name: str) -> bool:
        return name in self.fields

    @property
    def version(self) -> int:
        """The version of the record that the person saw."""
        return whole_number(self.text("version"), "version", "页面不完整，请刷新后再试。")


@dataclass(frozen=True)
class Problem:
    """Why a form was refused: `form` names which one of the page, `field` the input at fault."""

    form: str
    message: str
    field: str | None
    status: int

    @classmethod
    def of(cls, form: str, refusal: Refusal) -> "Problem":
        return cls(form, refusal.message, refusal.field, refusal.status)


def whole_number(text: str, field: str, otherwise: str) -> int:
    """Digits as an int of sane length. Raises `Refusal` with the words `otherwise`."""
    if not (text.isascii() and text.isdigit() and len(text) <= 12):
        raise Refusal(otherwise, status=422, field=field)
    return int(text)


def staff_page(
    request: web.Request, template: str, *, form: Form | None = None, problem: Problem | None = None, **context: Any
) -> web.Response:
    """Render a staff template with what all of them use; a `problem` also sets the status.

    After a deed the address carries `?done=<action>`: the page says so once, without a session to keep it in.
    """
    done = "" if problem else request.query.get("done", "")
    return render(
        request,
        template,
        status=problem.status if problem else 200,
        form=form,
        problem=problem,
        done=done if done in timeline.KNOWN else "",
        action_name=timeline.action_name,
        name_of=name_of,
        state_names=STATE_NAMES,
        **context,
    )


async def read_form(request: web.Request) -> Form:
    posted = await request.post()
    return Form(MultiDict((name, value) for name, value in posted.items() if isinstance(value, str)))


Deed = Callable[[Services, str, Actor, Form], Awaitable[Any]]
Show = Callable[..., Awaitable[web.StreamResponse]]


def deed(action: str, *fields: str) -> Deed:
    """The lifecycle action with these form fields as its data."""

    async def do(services: Services, case_id: str, actor: Actor, form: Form) -> Document:
        data = {name: form.text(name) for name in fields}
        return await perform(services.store, case_id, action, actor, data, form.version)

    return do


async def ask_reporter(services: Services, case_id: str, actor: Actor, form: Form) -> Document:
    return await mailbox.ask(services.store, case_id, actor, form.text("text"), form.version)


def acting(deeds: Mapping[str, Deed], show: Show, back: str) -> Handler:
    """A handler for POST …/{id}/{action}: does the deed and goes `back` ("/desk/cases/{id}"), or shows the page again.

    `show(request, id, form=…, problem=…)` renders that page.
    """

    async def handle(request: web.Request) -> web.StreamResponse:
        subject, name = request.match_info["id"], request.match_info["action"]
        if name not in deeds:
            raise web.HTTPNotFound
        form = await read_form(request)
        services = request.app[SERVICES]
        try:
            await deeds[name](services, subject, request["actor"], form)
        except Refusal as refusal:
            return await show(request, subject, form=form, problem=Problem.of(name, refusal))
        services.workers.wake()  # a mail may be waiting to go out
        raise web.HTTPSeeOther(f"{back.format(id=subject)}?done={name}")

    return handle
