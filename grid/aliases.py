"""Names that a person accepted: kept in the database, read over the files of the city, taken over by running services."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime

import structlog

from access import audit
from grid.lexicon import Where
from grid.places import Gazetteer
from grid.service import Locator
from store.errors import NotFound, Refusal
from store.mongo import Document, Session, Store
from store.periodic import Periodic

log = structlog.get_logger(__name__)

LOOK_EVERY_S = 10.0
_WORD = re.compile(r"[一-龥]{2,12}")
_VERSION = "place_aliases"


class InvalidAlias(Refusal):
    status = 422


async def accepted(store: Store) -> list[Document]:
    """All accepted names: {_id: word, district, street, cases, against, accepted_by, accepted_at}."""
    return await store["place_aliases"].find().sort("_id", 1).to_list(10_000)


async def names_of(store: Store) -> list[tuple[str, Where]]:
    return [(row["_id"], (row["district"], row["street"])) for row in await accepted(store)]


async def accept(
    store: Store, gazetteer: Gazetteer, word: str, where: Where, *, by: str, cases: int = 0, against: int = 0
) -> None:
    """`by` accepts the name for a district or street. Raises `InvalidAlias` with what must be changed."""
    district, street = where
    divisions = gazetteer.lexicon.divisions
    if not _WORD.fullmatch(word):
        raise InvalidAlias("地名要用2到12个汉字。", field="word")
    if gazetteer.lexicon.is_official(word):
        raise InvalidAlias(f"“{word}”是正式的区市、镇街或外地名称，不能改作别处。", field="word")
    if district not in divisions.districts:
        raise InvalidAlias("没有这个区市，请从列表中选择。", field="district")
    if street and (district, street) not in divisions.street_set:
        raise InvalidAlias(f"{district}没有“{street[:30]}”，请从列表中选择，或留空。", field="street")
    row = {
        "district": district, "street": street or None, "cases": cases, "against": against,
        "accepted_by": by, "accepted_at": datetime.now(UTC),
    }  # fmt: skip

    async def write(session: Session) -> None:
        await store["place_aliases"].replace_one({"_id": word}, row, upsert=True, session=session)
        await _count_up(store, session)
        detail = {"district": district, "street": street or None, "cases": cases, "against": against}
        await audit.append(store, session, f"alias:{word}", "accept_alias", by, detail)

    await store.transaction(write)


async def withdraw(store: Store, word: str, *, by: str) -> None:
    """Take an accepted name back. Raises `NotFound`."""

    async def write(session: Session) -> None:
        done = await store["place_aliases"].delete_one({"_id": word}, session=session)
        if done.deleted_count == 0:
            raise NotFound(f"没有“{word[:20]}”这个地名。")
        await _count_up(store, session)
        await audit.append(store, session, f"alias:{word}", "withdraw_alias", by, {})

    await store.transaction(write)


async def _count_up(store: Store, session: Session) -> None:
    await store["meta"].update_one({"_id": _VERSION}, {"$inc": {"version": 1}}, upsert=True, session=session)


async def version(store: Store) -> int:
    """Changes with every acceptance and withdrawal."""
    row = await store["meta"].find_one({"_id": _VERSION})
    return row["version"] if row else 0


async def take_over(store: Store, locator: Locator) -> None:
    """Read with the names of the database from now on. The work is done beside the event loop."""
    locator.gazetteer = await asyncio.to_thread(locator.gazetteer.with_aliases, await names_of(store))


async def follow_aliases(store: Store, locator: Locator) -> None:
    """Until cancelled: take over what was accepted, by whichever process."""
    known = 0

    async def look() -> None:
        nonlocal known
        now = await version(store)
        if now != known:
            await take_over(store, locator)
            known = now
            log.info("places.aliases_taken_over", version=now)

    await Periodic("place names", LOOK_EVERY_S, look).run()
