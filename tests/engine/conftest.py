"""Two servers' insides on one store and one clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from phasegate.adapters.stores.memory import MemoryStore
from phasegate.testing.dial import Dial
from phasegate.testing.world import World


@pytest.fixture
def store() -> Iterator[MemoryStore]:
    opened = MemoryStore()
    yield opened
    opened.close()


@pytest.fixture
def dial() -> Dial:
    return Dial()


@pytest.fixture
def world(store: MemoryStore, dial: Dial) -> Callable[[str], World]:
    """Make a server of that name on the store; all have the same clock."""

    def make(name: str) -> World:
        return World(store=store, dial=dial, name=name)

    return make
