from pathlib import Path

import pytest

from grid.places import Gazetteer
from grid.service import Locator

CITY_DIR = Path(__file__).parents[2] / "grid" / "qingdao"


@pytest.fixture(scope="session")
def locator() -> Locator:
    return Locator.for_demonstration(CITY_DIR)


@pytest.fixture(scope="session")
def gazetteer(locator: Locator) -> Gazetteer:
    return locator.gazetteer
