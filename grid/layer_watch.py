"""Every process of the service uses the version of the grids that the database says, soon after it changed."""

from __future__ import annotations

import structlog

from grid.layer_store import active_version
from grid.service import Locator
from store.mongo import Store
from store.periodic import Periodic

log = structlog.get_logger(__name__)

LOOK_EVERY_S = 15.0


async def follow_layer(store: Store, locator: Locator) -> None:
    """Until cancelled: take another version over that a command or another process switched on."""

    async def look() -> None:
        version = await active_version(store)
        if version is not None and version != locator.grid_index.version:
            await locator.reload(store)
            log.info("grids.version_taken_over", version=version, grids=len(locator.grid_index))

    await Periodic("grids", LOOK_EVERY_S, look).run()
