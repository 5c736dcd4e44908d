import pytest

from access.vault_keys import create_vault_keys


@pytest.fixture
async def escrow(store) -> str:
    """The escrow key of a vault that two finance officers can open."""
    return await create_vault_keys(store, [("finance1", "password one"), ("finance2", "password two")])
