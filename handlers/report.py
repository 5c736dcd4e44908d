"""The web form: a plain form that needs no JavaScript, and the one page that ever shows the secret code."""

import asyncio
import io
import secrets
from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import lru_cache

import segno
from aiohttp import hdrs, web
from PIL import Image, ImageDraw, ImageFont

from cases import deadlines
from cases.attachments import PICKED
from cases.intake import AlreadyFiled
from cases.model import MAX_TEXT, ONGOING
from cases.places import checked_choice, divisions, streets_by_district
from cases.receipts import CODE_LENGTH, NUMBER_DIGITS, Receipt, grouped, plain_code, plain_number
from cases.reception import Filed, NoTip, Reception, WhereExactly
from handlers.keys import SERVICES
from handlers.middlewares.errors import wants_json
from handlers.middlewares.sizes import up_to
from handlers.pages import render
from handlers.uploads import REFUSED_WITH_TEXT, Form, read_form
from services import Services
from store.errors import Refusal
from store.local_time import LOCAL, last_day

# Whom to call with what is no safety matter; shown when a text is clearly something else.
OTHER_NUMBERS = (
    ("12345", "政务服务、市容、噪声、停水停电、物业等"),
    ("110", "正在发生的违法犯罪"),
    ("12315", "商品和服务质量、价格"),
    ("12333", "拖欠工资、劳动合同、社保"),
    ("12369", "环境污染"),
    ("122", "交通事故"),
)
# The tip is taken all the same: a person can read more out of it, and its author can add to it.
UNPLACED = "没有认出您写的地点。请用编号和查询码补充区市、街道、村或路名和门牌,检查员才能找到。"


def new_client_key() -> str:
    return secrets.token_urlsafe(32)


def reception(services: Services) -> Reception:
    return Reception(services.intake, services.evidence, services.locator, services.rasa)


async def show(request: web.Request) -> web.Response:
    return form_page(request, "report.html", {"client_key": new_client_key()})


async def begin(request: web.Request) -> web.Response:
    """The form with words that were written elsewhere. Posted: no address line, history or proxy log has them."""
    with await read_form(request) as form:
        values = {"what": form.get("what")[:MAX_TEXT], "client_key": new_client_key()}
    return form_page(request, "report.html", values)


async def submit(request: web.Request) -> web.Response:
    """201 with the receipt itself: no redirect, so that the code is in no address line and no history."""
    with await read_form(request) as form:
        form.fields["client_key"] = request.headers.get("Idempotency-Key") or form.get("client_key")
        try:
            asks = not wants_json(request)
            filed = await file_form(request.app[SERVICES], "form", form, ask_where=asks)
        except Refusal as problem:
            if wants_json(request):
                raise
            return form_page(request, "report.html", after(problem, form), problem=problem, form=form)
    return receipt_page(request, filed)


up_to(REFUSED_WITH_TEXT, submit)


async def file_form(services: Services, channel: str, form: Form, *, ask_where: bool = False) -> Filed:
    """Raises a `Refusal` for whatever is wrong with the form."""
    if form.problem:
        raise form.problem
    form.fields["chosen_place"] = checked_choice(divisions(services.settings.city_dir), form.get("chosen_place"))
    filed = await reception(services).file(
        channel, form.get("client_key"), form.fields, form.uploads, ask_where=ask_where
    )
    services.workers.wake()
    return filed


def after(problem: Refusal, form: Form) -> dict[str, str]:
    """What the form holds when it comes back: everything typed, except what the problem is about."""
    values = dict(form.fields)
    if problem.field == "position":
        values.update(lng="", lat="")
    if problem.field == "client_key" or isinstance(problem, AlreadyFiled):
        values["client_key"] = new_client_key()
    return values


def form_page(
    request: web.Request,
    template: str,
    values: Mapping[str, str],
    *,
    problem: Refusal | None = None,
    form: Form | None = None,
) -> web.Response:
    no_tip = isinstance(problem, NoTip)
    where = problem if isinstance(problem, WhereExactly) else None
    response = render(
        request,
        template,
        status=problem.status if problem else 200,
        values=defaultdict(str, values),
        problem=problem,
        photo_names=[upload.name for upload in form.uploads] if form else [],
        confirm=no_tip or values.get("confirmed") == "1",
        numbers=OTHER_NUMBERS if no_tip else (),
        place_asked=where is not None or values.get("place_asked") == "1",
        candidates=where.candidates if where else (),
        streets=streets_by_district(divisions(request.app[SERVICES].settings.city_dir)),
        ongoing=ONGOING,
        max_text=MAX_TEXT,
        accepted=PICKED,
    )
    if problem and problem.status == 413:
        response.force_close()  # the rest of the upload is not read
    return response


def receipt_page(request: web.Request, filed: Filed, template: str = "receipt.html") -> web.Response:
    receipt = filed.receipt
    if wants_json(request):
        answer: dict[str, str] = {"number": receipt.number, "code": receipt.code}
        if filed.unplaced:
            answer |= {"message": UNPLACED, "field": "place"}
        response = web.json_response(answer, status=201)
    else:
        today = datetime.now(LOCAL).date()
        response = render(
            request,
            template,
            status=201,
            receipt=receipt,
            danger=filed.danger,
            unplaced=UNPLACED if filed.unplaced else "",
            dates=promised(today),
        )
    return response


@lru_cache(maxsize=4)
def promised(today: date) -> dict[str, date]:
    """Clock id → the last day by which it happens, for a tip filed `today`."""
    start = datetime.combine(today, datetime.min.time(), LOCAL).astimezone(UTC)
    table = deadlines.periods()
    ends = {name: deadlines.due(table[name], start).at for name in ("accept_decision", "verify_close")}
    return {name: last_day(at) for name, at in ends.items()}


async def card(request: web.Request) -> web.Response:
    """The receipt as a picture for the reporter's own album; posted, so that the code stays out of every address."""
    with await read_form(request) as form:
        number, code = plain_number(form.get("number")), plain_code(form.get("code"))
    if len(number) != NUMBER_DIGITS or len(code) != CODE_LENGTH:
        raise Refusal("编号或查询码不完整,无法生成图片。", status=422, field="code")
    picture = await asyncio.get_running_loop().run_in_executor(None, draw_card, Receipt(grouped(number), grouped(code)))
    headers = {hdrs.CONTENT_DISPOSITION: 'attachment; filename="receipt.png"'}
    return web.Response(body=picture, content_type="image/png", headers=headers)


def draw_card(receipt: Receipt) -> bytes:
    """PNG with number, code and a QR code of the two, for a camera of the reporter's own; it leads to no address."""
    qr = io.BytesIO()
    segno.make(f"{receipt.number} {receipt.code}", error="m").save(qr, kind="png", scale=8, border=4)
    square = Image.open(qr).convert("L")
    image = Image.new("L", (720, square.height + 190), 255)
    image.paste(square, ((720 - square.width) // 2, 10))
    draw = ImageDraw.Draw(image)
    for row, text in enumerate((receipt.number, receipt.code)):
        draw.text((360, square.height + 60 + 70 * row), text, fill=0, font=ImageFont.load_default(size=50), anchor="mm")
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()
