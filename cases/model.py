"""What a reporter files, before it becomes a tip and a case."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from cases.danger import Danger, danger_in
from grid.coordinates import Point
from store.errors import Refusal

MAX_TEXT = 5000
CHANNELS = {"chat": "网页对话", "form": "网页表单", "hotline": "电话", "wechat": "微信", "open311": "接口"}
ONGOING = {"yes": "还在继续", "no": "已经停止", "unknown": "不清楚", "": "未说明"}

_CLIENT_KEY = re.compile(r"[A-Za-z0-9_-]{16,128}")
_WORD = re.compile(r"[^\W\d_]")


class InvalidFiling(Refusal):
    """Something in the form must be changed first; `field` says where."""

    status = 422


@dataclass(frozen=True)
class StoredPhoto:
    """A cleaned photo whose sealed files are already on the disk; `file`, `thumb`, `original` name them."""

    file: str
    thumb: str
    original: str
    original_sha256: str
    dhash: str
    width: int
    height: int
    position: tuple[float, float] | None = None


@dataclass(frozen=True)
class StoredFile:
    """A document or recording whose sealed file is already on the disk. What it was called is not kept."""

    file: str
    kind: str
    extension: str
    size: int
    original_sha256: str


@dataclass(frozen=True)
class Filing:
    """One report as it came in. `client_key` is made by the client, once for each filing: a retry carries the same.

    `chosen_type`: the violation type that the reporter chose among those the model was unsure of.
    `chosen_place`: "区市" or "区市 镇街", chosen by the reporter from a list, a drawing or the candidates of the chat.
    `identity`: kind → values that were taken out of the words before (the chat does it message by message).
    """

    client_key: str
    channel: str
    what: str
    place: str = ""
    company: str = ""
    ongoing: str = ""
    happened: str = ""
    contact: str = ""
    chosen_type: str = ""
    chosen_place: str = ""
    employee: bool = False
    point: Point | None = None
    photos: tuple[StoredPhoto, ...] = field(default=())
    files: tuple[StoredFile, ...] = field(default=())
    identity: Mapping[str, list[str]] = field(default_factory=dict)


class CheckedFiling(Filing):
    """A filing that may be stored; only `checked` makes one."""

    @cached_property
    def danger(self) -> Danger | None:
        return danger_in(self.what)


def clean_text(text: str) -> str:
    """What a person typed, without what no person types: NUL, lone surrogates, direction overrides, zero-width."""
    kept = (c for c in text if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cs", "Cf", "Co", "Cn"))
    return "".join(kept).strip()


def checked(filing: Filing) -> CheckedFiling:
    """The filing with clean texts. Raises `InvalidFiling` for what its author must change."""
    if isinstance(filing, CheckedFiling):
        return filing
    if not _CLIENT_KEY.fullmatch(filing.client_key):
        raise InvalidFiling("页面已过期,请刷新后重新提交;您写的内容不会丢失。", field="client_key")
    what = clean_text(filing.what)
    if not what:
        raise InvalidFiling("请写一句话,说说发生了什么、在哪里。", field="what")
    if len(what) > MAX_TEXT:
        raise InvalidFiling(f"描述太长({len(what)}字),请控制在{MAX_TEXT}字以内,其余可在提交后补充。", field="what")
    if len(_WORD.findall(what)) < 4 or len(set(what)) < 4:
        raise InvalidFiling("看不懂这句话。请用几个字说明哪里有什么安全问题,例如“某某厂的安全出口锁着”。", field="what")
    for name, value, limit in (("place", filing.place, 300), ("company", filing.company, 100),
                               ("happened", filing.happened, 100), ("contact", filing.contact, 100)):  # fmt: skip
        if len(value) > limit:
            raise InvalidFiling(f"这一项太长,请控制在{limit}字以内。", field=name)
    if filing.ongoing not in ONGOING:
        raise InvalidFiling("请选择现在是否还在继续。", field="ongoing")
    return CheckedFiling(
        client_key=filing.client_key,
        channel=filing.channel,
        what=what,
        place=clean_text(filing.place),
        company=clean_text(filing.company),
        ongoing=filing.ongoing,
        happened=clean_text(filing.happened),
        contact=clean_text(filing.contact),
        chosen_type=filing.chosen_type,
        chosen_place=filing.chosen_place,
        employee=filing.employee,
        point=filing.point,
        photos=filing.photos,
        files=filing.files,
        identity=filing.identity,
    )
