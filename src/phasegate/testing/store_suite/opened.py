"""Opening the store under test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from phasegate.ports import Store


class OpenedStore:
    """Lends each test a store of its own."""

    def open_store(self, place: Path) -> Store:
        """Open a store that lives at `place`, an empty folder that each test has for itself."""
        raise NotImplementedError

    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[Store]:
        """Lend a new store and close it."""
        opened = self.open_store(tmp_path)
        yield opened
        opened.close()
