"""An inspector sends an order back, with photos of the place where the reason asks for them."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from pydantic import ValidationError

from access.actors import Actor
from cases import orders
from cases.evidence import EvidenceFiles
from cases.inputs import explain
from cases.lifecycle import perform
from cases.reception import UploadedFile, read_photos, store_uploads
from cases.returns import Return
from store.mongo import Document, Session, Store

PHOTO = "return_photo"


async def send_back(
    store: Store,
    evidence: EvidenceFiles,
    case_id: str,
    actor: Actor,
    data: Mapping[str, Any],
    uploads: Sequence[UploadedFile],
    version: int,
) -> Document:
    """The action 退回. `data` as for `Return`, without its photos.

    Raises `InvalidInput`, `BadPhoto`, `NotFound` and what `perform` raises. What can be refused is refused before the
    first file is stored.
    """
    await orders.order_for(store, case_id, actor)
    ids = tuple(f"{case_id}-r{version}-{n}" for n in range(len(uploads)))
    try:
        Return.model_validate({**data, "photos": ids})
    except ValidationError as error:
        raise explain(error) from None
    stored = (await store_uploads(evidence, await read_photos(evidence, uploads))).photos

    async def keep(session: Session, *_: object) -> None:
        rows = [
            {"_id": photo_id, "case_id": case_id, "kind": PHOTO, **asdict(photo)}
            for photo_id, photo in zip(ids, stored, strict=True)
        ]
        if rows:
            await store["evidence"].insert_many(rows, session=session)

    return await perform(store, case_id, "return", actor, {**data, "photos": ids}, version, also=keep)
