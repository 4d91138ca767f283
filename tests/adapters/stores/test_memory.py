"""The memory store keeps the behaviour of every store."""

from __future__ import annotations

from pathlib import Path

from phasegate.adapters.stores.memory import MemoryStore
from phasegate.testing.store_suite import StoreSuite


class TestMemoryStore(StoreSuite):
    def open_store(self, place: Path) -> MemoryStore:  # noqa: ARG002 memory has no place
        return MemoryStore()
