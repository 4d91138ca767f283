"""One world per story."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from phasegate.adapters.stores.memory import MemoryStore
from phasegate.testing.world import World

PLANS = Path(__file__).parents[2] / "plans"


@pytest.fixture
def world() -> Iterator[World]:
    store = MemoryStore()
    yield World(store=store)
    store.close()
