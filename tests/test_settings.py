"""What an installation may choose."""

from __future__ import annotations

from pathlib import Path

import pytest

from phasegate.settings import Settings
from phasegate.wiring import UnknownAdapter, open_store


def test_a_store_in_a_folder_is_the_folder() -> None:
    settings = Settings(data=Path("phasegate-data"))

    assert (settings.adapter, settings.place) == ("sqlite", "phasegate-data")


def test_a_stores_url_is_shown_without_user_password_and_options() -> None:
    settings = Settings(data=Path("d"), store="postgresql://ada:s@cret@db:5432/phasegate?sslmode=x")

    assert settings.adapter == "postgresql"
    assert settings.place == "postgresql://db:5432/phasegate"


def test_an_unknown_store_fails_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(UnknownAdapter, match=r"cassandra.*memory, postgres, postgresql, sqlite"):
        open_store(Settings(data=tmp_path, store="cassandra://db/phasegate"))


def test_a_sqlite_store_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    open_store(Settings(data=tmp_path / "new")).close()

    assert (tmp_path / "new" / "phasegate.sqlite").stat().st_mode & 0o777 == 0o600
