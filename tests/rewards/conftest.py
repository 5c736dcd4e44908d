import pytest

from rewards.ledger import Ledger
from rewards.money import Fen
from tests.rewards.desk import Desk


@pytest.fixture
async def funded(store):
    """A ledger with ¥50,000.00 for 2026."""
    async with Ledger(store) as opened:
        await opened.appropriate("b", "qingdao", 2026, Fen(5_000_000), actor="ann")
        yield opened


@pytest.fixture
def desk(store, funded):
    return Desk(store, funded)
