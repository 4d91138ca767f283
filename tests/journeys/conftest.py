"""One world per story."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from phasegate.adapters.stores.memory import MemoryStore
from phasegate.server.board import FlagBoard
from phasegate.testing.world import World

PLANS = Path(__file__).parents[2] / "plans"


@pytest.fixture
def world() -> Iterator[World]:
    board = FlagBoard()

    def served(environment: str) -> bytes | None:
        published = board.current(environment)
        return published.body if published else None

    store = MemoryStore()
    yield World(store=store, publisher=board, served=served)
    store.close()
