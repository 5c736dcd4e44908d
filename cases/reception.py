"""From a filled-in form to a receipt: the same way for the citizen's form and for the hotline operator's.

Everything is checked before the first byte is stored, so that a form with a mistake leaves nothing behind.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from access.redaction import redact
from cases.attachments import BadFile
from cases.danger import Danger
from cases.evidence import Attachment, BadPhoto, EvidenceFiles, Photo
from cases.intake import Intake
from cases.model import Filing, InvalidFiling, StoredFile, StoredPhoto, checked
from cases.rasa import RasaClient
from cases.receipts import Receipt
from cases.scope import QUESTION, ScopeQuestion
from grid import polygons
from grid.coordinates import BadCoordinate, Point
from grid.service import Location, Locator


class NoTip(InvalidFiling):
    """Clearly no safety matter; `confirmed=1` files it all the same."""


class WhereExactly(InvalidFiling):
    """The words do not say where; asked once. `candidates`: places that they could mean, as `chosen_place` takes them."""

    def __init__(self, candidates: Sequence[str]) -> None:
        said = "您写的地方可能不止一处。" if candidates else "没有认出您写的地点。"
        super().__init__(
            f"{said}请在下面选一下大概在哪里,也可以在图上点;不知道就直接再点一次“提交”。", field="chosen_place"
        )
        self.candidates = tuple(candidates)


class OutsideCity(InvalidFiling):
    """The position is not in this city; without it, or confirmed, the tip is taken."""


class UploadedFile(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def data(self) -> bytes: ...


@dataclass(frozen=True)
class Filed:
    """`unplaced`: neither the words nor a position say where; the reporter is asked to add it."""

    receipt: Receipt
    danger: Danger | None
    unplaced: bool


class Reception:
    """Holds what receiving needs; cheap to make."""

    def __init__(
        self,
        intake: Intake,
        evidence: EvidenceFiles,
        locator: Locator,
        rasa: RasaClient,
        question: ScopeQuestion = QUESTION,
    ) -> None:
        self._intake = intake
        self._evidence = evidence
        self._locator = locator
        self._rasa = rasa
        self._question = question

    async def file(
        self,
        channel: str,
        client_key: str,
        fields: Mapping[str, str],
        uploads: Sequence[UploadedFile] = (),
        *,
        ask_where: bool = False,
    ) -> Filed:
        """File one tip. Raises `InvalidFiling` (`NoTip`, `OutsideCity`), `BadFile`, `AlreadyFiled`, `Unavailable`.

        With `ask_where` also `WhereExactly`, once, unless somebody may be in danger.
        """
        filing = checked(filing_from(channel, client_key, fields))
        confirmed = fields.get("confirmed") == "1"
        if filing.point and not confirmed:
            self._refuse_outside(filing.point)
        read = await read_uploads(self._evidence, uploads)
        doubtful = not confirmed and filing.danger is None
        if doubtful and await self._question.clearly_no_tip(self._rasa, redact(filing.what).text):
            raise NoTip(
                "您写的内容好像不是安全生产方面的问题。请看看下面哪个电话更合适;如果确实要举报,请点“仍要提交”。"
            )
        if ask_where and doubtful and fields.get("place_asked") != "1":
            self._ask_where(filing, read)
        if read:
            stored = await store_uploads(self._evidence, read)
            filing = replace(filing, photos=stored.photos, files=stored.files)
        receipt = await self._intake.receive(filing)
        return Filed(receipt, filing.danger, self._unplaced(filing))

    def _unplaced(self, filing: Filing) -> bool:
        if filing.point or filing.chosen_place or any(photo.position for photo in filing.photos):
            return False
        location = self._read(filing)
        return location.district is None and not location.candidates

    def _ask_where(self, filing: Filing, read: "list[ReadUpload]") -> None:
        photographed = any(isinstance(one.found, Photo) and one.found.position for one in read)
        if filing.point or filing.chosen_place or photographed:
            return
        location = self._read(filing)
        if location.district is None:
            raise WhereExactly([f"{c.district} {c.street or ''}".strip() for c in location.candidates])

    def _read(self, filing: Filing) -> Location:
        return self._locator.locate(text="\n".join((filing.place, filing.company, filing.what)))

    def _refuse_outside(self, point: Point) -> None:
        try:
            self._locator.require_inside(point)
        except polygons.OutsideCity:
            raise OutsideCity(
                "您提供的位置不在本市范围内,已经去掉。请写明地点,或到现场附近重新定位,然后再提交。", field="position"
            ) from None
        except polygons.NoGrids:
            return  # no map yet: the tip is taken, a person finds the place


def filing_from(channel: str, client_key: str, fields: Mapping[str, str]) -> Filing:
    """The filing as it was typed, not yet checked. Raises `InvalidFiling` for a position that is none."""
    return Filing(
        client_key=client_key,
        channel=channel,
        what=fields.get("what", ""),
        place=fields.get("place", ""),
        company=fields.get("company", ""),
        ongoing=fields.get("ongoing", ""),
        happened=fields.get("happened", ""),
        contact=fields.get("contact", ""),
        employee=fields.get("employee") == "1",
        point=point_from(fields),
        chosen_place=fields.get("chosen_place", "").strip()[:60],
    )


def point_from(fields: Mapping[str, str]) -> Point | None:
    lng, lat = fields.get("lng", "").strip(), fields.get("lat", "").strip()
    if not lng and not lat:
        return None
    try:
        # The type checks the numbers itself, strings too.
        return Point(lng, lat, fields.get("system") or "wgs84")  # type: ignore[arg-type]
    except BadCoordinate as bad:
        raise InvalidFiling(f"位置有误:{bad.message}", field="position") from None


@dataclass(frozen=True)
class ReadUpload:
    """One upload that may be stored, with its original bytes."""

    found: Photo | Attachment
    data: bytes


async def read_uploads(evidence: EvidenceFiles, uploads: Sequence[UploadedFile]) -> list[ReadUpload]:
    """Each file checked and, if it is a photo, cleaned. Raises `BadFile` that names the file at fault."""
    read = []
    for upload in uploads:
        try:
            read.append(ReadUpload(await evidence.read(upload.data), upload.data))
        except BadFile as bad:
            raise type(bad)(f"“{upload.name}”:{bad.message}") if type(bad) in (BadFile, BadPhoto) else bad from None
    return read


async def read_photos(evidence: EvidenceFiles, uploads: Sequence[UploadedFile]) -> list[ReadUpload]:
    """Photos only. Raises `BadPhoto`."""
    read = await read_uploads(evidence, uploads)
    for upload, one in zip(uploads, read, strict=True):
        if not isinstance(one.found, Photo):
            raise BadPhoto(f"“{upload.name}”不是照片,这里只收照片。文件、录音和视频可以用网页表单提交。")
    return read


@dataclass(frozen=True)
class StoredEvidence:
    photos: tuple[StoredPhoto, ...] = ()
    files: tuple[StoredFile, ...] = ()

    def __len__(self) -> int:
        return len(self.photos) + len(self.files)


async def store_uploads(evidence: EvidenceFiles, read: Sequence[ReadUpload]) -> StoredEvidence:
    photos, files = [], []
    for one in read:
        if isinstance(one.found, Photo):
            photos.append(await _store_photo(evidence, one.found, one.data))
        else:
            kind = one.found.type
            name = await evidence.put(one.data)
            files.append(StoredFile(name, kind.kind, kind.extension, one.found.size, one.found.original_sha256))
    return StoredEvidence(tuple(photos), tuple(files))


async def _store_photo(evidence: EvidenceFiles, photo: Photo, original: bytes) -> StoredPhoto:
    names = await asyncio.gather(evidence.put(photo.jpeg), evidence.put(photo.thumb), evidence.put(original))
    return StoredPhoto(
        file=names[0],
        thumb=names[1],
        original=names[2],
        original_sha256=photo.original_sha256,
        dhash=photo.dhash,
        width=photo.width,
        height=photo.height,
        position=photo.position,
    )
