"""Forms read as they stream in: what is too large is refused before it is in memory, what was typed before it is kept.

Text fields stand before the photos in every form of ours, so that even a 200 MB upload is answered with the typed text.
"""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import BodyPartReader, hdrs, web

from cases.attachments import HEAD, MB, limit_of
from cases.evidence import MAX_BYTES, MAX_PHOTOS
from handlers import small_multipart
from store.errors import Refusal, Unavailable

MAX_BODY = 60 * 1024 * 1024
# Up to here the handler refuses by itself, with the typed text kept and the photos unread; beyond, its middleware does.
REFUSED_WITH_TEXT = 4 * MAX_BODY
# 100,000 characters of Chinese, percent-encoded, still get an answer that names the field.
MAX_TEXT_BYTES = 2 * 1024 * 1024
MAX_FIELDS = 60
# Photos of all requests together while they are read and decoded; beyond that an honest "busy" beats a dead process.
MAX_HELD = 400 * 1024 * 1024
_CHUNK = 64 * 1024

_held = 0


@dataclass(frozen=True)
class Upload:
    """`name` is the file name in the reporter's phone: shown again after an error, never stored."""

    name: str
    data: bytes


@dataclass
class Form:
    """`fields` by name (the last of equal names); `problem` is what must be said instead of going on."""

    fields: dict[str, str] = field(default_factory=dict)
    uploads: list[Upload] = field(default_factory=list)
    problem: Refusal | None = None
    held: int = 0

    def get(self, name: str) -> str:
        return self.fields.get(name, "")

    def __enter__(self) -> "Form":
        return self

    def __exit__(self, *_: object) -> None:
        """Give the memory budget back; the photos are stored or forgotten by now."""
        global _held
        _held -= self.held
        self.held = 0


class TooLarge(Refusal):
    status = 413


class BrokenForm(Refusal):
    """Not a form, or a damaged one."""

    def __init__(self) -> None:
        super().__init__("没有收到完整的表单,请检查网络后再提交一次。")


_TOO_MUCH = "一次上传的内容太大(最多60MB)。请减少照片后再提交,其余照片可在提交后补充。"


async def read_form(request: web.Request) -> Form:
    """Read a multipart or urlencoded body. Raises `BrokenForm`; size problems are told in `Form.problem`."""
    form = Form()
    try:
        if request.content_type == "multipart/form-data":
            await _multipart(request, form)
        elif request.content_type == "application/x-www-form-urlencoded":
            await _urlencoded(_limited(request), form)
        else:
            raise BrokenForm
    except BaseException:
        form.__exit__()
        raise
    return form


READ = web.RequestKey("form read", Form)


def in_memory(handler: Any) -> Any:
    """The handler of a staff form with photos. The check of its form token must read it the same way as a
    citizen's: aiohttp's own `request.post()` would write the photos, with all that is in them, to a temporary file.
    """
    handler.in_memory = True
    return handler


def wants_memory(request: web.Request) -> bool:
    handler = request.match_info.handler
    return getattr(getattr(handler, "handler", handler), "in_memory", False)


async def read_posted(request: web.Request) -> Form:
    """A staff form: the check of its form token has read it already when it is an `in_memory` one."""
    if READ not in request:
        request[READ] = await read_form(request)
    return request[READ]


def _limited(request: web.Request) -> web.Request:
    """The request with a limit for text; as it is when the check of its form token has read it already."""
    try:
        return request.clone(client_max_size=MAX_TEXT_BYTES)
    except RuntimeError:
        return request


async def _urlencoded(request: web.Request, form: Form) -> None:
    try:
        body = await request.read()
        pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except web.HTTPRequestEntityTooLarge:
        form.problem = TooLarge("文字太长,请精简后再提交,其余可在提交后补充。", field="what")
        return
    except ValueError:
        raise BrokenForm from None
    form.fields.update(pairs)


async def _multipart(request: web.Request, form: Form) -> None:
    if 0 < (request.content_length or 0) <= small_multipart.MAX_SMALL:
        await _small(request, form)
    else:
        await _streamed(request, form)


async def _small(request: web.Request, form: Form) -> None:
    body = await request.read()
    try:
        for part in small_multipart.split(body, request.headers[hdrs.CONTENT_TYPE]):
            if len(form.fields) + len(form.uploads) > MAX_FIELDS:
                raise BrokenForm
            if part.filename is None:
                form.fields[part.name] = part.data.decode("utf-8", "replace")
            elif len(form.uploads) >= MAX_PHOTOS:
                form.problem = _too_many()
            elif part.filename or part.data:
                form.uploads.append(Upload((part.filename or "照片")[:80], part.data))
    except (ValueError, LookupError):
        raise BrokenForm from None


async def _streamed(request: web.Request, form: Form) -> None:
    declared_too_large = (request.content_length or 0) > MAX_BODY
    budget = _Budget(form)
    try:
        reader = await request.multipart()
        while (part := await reader.next()) is not None:
            if not isinstance(part, BodyPartReader) or len(form.fields) + len(form.uploads) > MAX_FIELDS:
                raise BrokenForm
            if part.filename is None:
                form.fields[part.name or ""] = await _text(part, budget)
            elif declared_too_large:
                raise TooLarge(_TOO_MUCH, field="photos")
            elif part.filename or part.headers.get("Content-Length"):
                await _photo(part, form, budget)
    except (TooLarge, Unavailable) as problem:
        form.problem = problem
    except (ValueError, AssertionError, RuntimeError, LookupError, web.RequestPayloadError):
        # A broken boundary, a missing header, an unknown charset: the reader raises whatever it meets.
        raise BrokenForm from None


def _too_many() -> TooLarge:
    return TooLarge(f"照片和文件一次最多{MAX_PHOTOS}个,其余可在提交后补充。", field="photos")


class _Budget:
    """Counts the bytes of one request, and those of all requests that are held in memory."""

    def __init__(self, form: Form) -> None:
        self._form = form
        self._text = 0
        self._all = 0

    def text(self, size: int) -> None:
        self._text += size
        self._all += size
        if self._text > MAX_TEXT_BYTES:
            raise TooLarge("文字太长,请精简后再提交,其余可在提交后补充。", field="what")

    def photo(self, size: int, keep: bool) -> None:
        global _held
        self._all += size
        if self._all > MAX_BODY:
            raise TooLarge(_TOO_MUCH, field="photos")
        if keep:
            if _held + size > MAX_HELD:
                raise Unavailable(
                    "现在上传照片的人太多,请等一分钟再提交;也可以先不带照片提交,之后再补充。", field="photos"
                )
            _held += size
            self._form.held += size


async def _text(part: BodyPartReader, budget: _Budget) -> str:
    data = bytearray()
    while chunk := await part.read_chunk(_CHUNK):
        budget.text(len(chunk))
        data += chunk
    return data.decode("utf-8", "replace")


async def _photo(part: BodyPartReader, form: Form, budget: _Budget) -> None:
    """One file into memory. A too large one is read to its end without keeping it: the text after it is kept."""
    data, limit = bytearray(), MAX_BYTES
    name = (part.filename or "照片")[:80]
    too_many = len(form.uploads) >= MAX_PHOTOS
    keep = not too_many
    while chunk := await part.read_chunk(_CHUNK):
        budget.photo(len(chunk), keep)
        if keep:
            data += chunk
            # What it is, is known by now; a name or a type that the browser tells is not asked.
            if len(data) > MAX_BYTES and len(data) > (limit := limit_of(bytes(data[:HEAD]), MAX_BYTES)):
                keep = False
                data.clear()
    if too_many:
        form.problem = _too_many()
    elif not keep:
        form.problem = TooLarge(f"“{name}”太大,这种文件每个不要超过{limit // MB}MB。", field="photos")
        form.uploads.append(Upload(name, b""))
    elif data or part.filename:
        form.uploads.append(Upload(name, bytes(data)))
