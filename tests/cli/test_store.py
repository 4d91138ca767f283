from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from phasegate import service
from phasegate.adapters.stores.sqlite import FILE, SqliteStore
from phasegate.core.event import Event
from phasegate.core.evidence import Position
from phasegate.testing.checkout import ADA, NOON
from phasegate.testing.store_suite import NOON_MS, tally

Alone = Callable[..., Result]
PLAN = (Path(__file__).parents[2] / "plans" / "checkout.yaml").read_text()
PLACE = Path("pg") / FILE


@pytest.fixture
def kept(alone: Alone) -> Event:
    """A store in the folder pg: a run's first event, and tallies of ten minutes long ago."""
    alone("token", "create", "ada", "--role", "operator", "--data", "pg")
    store = SqliteStore(Path("pg") / FILE)
    asked = service.StartRequest(text=PLAN, origin="checkout.yaml", environment="demo")
    first = service.start(store, asked, ADA, NOON)
    assert isinstance(first, Event)
    ancient_ms = NOON_MS // 3
    batch = [(tally(number), ancient_ms + 1000 * number) for number in range(600)]
    store.add_evidence(batch, [])
    store.tallies("checkout-1", Position(), NOON_MS)
    store.close()
    return first


def test_a_backup_is_made_verified_and_restored(alone: Alone, kept: Event) -> None:
    made = alone("store", "backup", "monday", "--data", "pg")
    proved = alone("store", "verify", "monday")
    put = alone("store", "restore", "monday", "--data", "other")
    there = alone("store", "verify", "--data", "other", "--json")

    for result in (made, proved, put, there):
        assert result.exit_code == 0, result.output
    assert "every chain holds" in made.stdout
    assert kept.hash in proved.stdout
    assert "every chain holds" in put.stdout
    assert f"{kept.log}: event 2 paused" in put.stdout
    assert json.loads(there.stdout)["heads"][kept.log]["number"] == 2
    assert "ada" in alone("token", "list", "--data", "other").stdout


def test_programs_get_rows_and_heads(alone: Alone, kept: Event) -> None:
    told = json.loads(alone("store", "backup", "monday", "--data", "pg", "--json").stdout)
    put = json.loads(alone("store", "restore", "monday", "--data", "other", "--json").stdout)

    assert told["heads"] == {kept.log: {"number": 1, "hash": kept.hash}}
    assert told["flaws"] == []
    assert put["rows"] == told["rows"]
    assert put["added"] == [{"log": kept.log, "number": 2, "kind": "paused"}]


def test_as_it_was_nothing_is_added(alone: Alone, kept: Event) -> None:
    alone("store", "backup", "monday", "--data", "pg")

    put = alone("store", "restore", "monday", "--as-it-was", "--data", "other", "--json")

    assert json.loads(put.stdout)["added"] == []


def test_a_store_that_has_something_is_not_restored_into(alone: Alone, kept: Event) -> None:
    alone("store", "backup", "monday", "--data", "pg")

    result = alone("store", "restore", "monday", "--data", "pg")

    assert result.exit_code == 1
    assert "[store-not-empty]" in result.stderr


def test_a_file_that_is_no_backup_is_told(alone: Alone, kept: Event) -> None:
    Path("junk").write_text("patients")

    for result in (alone("store", "verify", "junk"), alone("store", "restore", "junk")):
        assert result.exit_code == 1
        assert "[backup-unreadable]" in result.stderr


def test_a_backup_does_not_replace_a_file(alone: Alone, kept: Event) -> None:
    Path("monday").write_text("precious")

    result = alone("store", "backup", "monday", "--data", "pg")

    assert result.exit_code == 1
    assert result.stderr.splitlines() == [
        "error: monday is there already. Name another file.",
        "    No backup was made.  [backup-exists]",
    ]
    assert Path("monday").read_text() == "precious"


def test_a_store_that_is_not_there_is_not_made(alone: Alone) -> None:
    for command in (("backup", "monday"), ("verify",), ("compact",)):
        result = alone("store", *command, "--data", "nowhere")
        assert result.exit_code == 1
        assert "[no-store]" in result.stderr
    assert not Path("nowhere").exists()


def test_a_store_that_was_tampered_with_fails(alone: Alone, kept: Event) -> None:
    with sqlite3.connect(PLACE) as behind:
        behind.execute("DROP TRIGGER events_are_never_edited")
        behind.execute("UPDATE events SET actor = 'Cleo'")

    result = alone("store", "verify", "--data", "pg")

    assert result.exit_code == 1
    assert "event-edited" in result.stderr
    assert "[store-flawed]" in result.stderr


def test_old_tallies_are_packed_and_their_room_is_given_back(alone: Alone, kept: Event) -> None:
    before = PLACE.stat().st_size

    result = alone("store", "compact", "--shrink", "--data", "pg", "--json")

    # Once by the minute, and once more by the hour.
    assert json.loads(result.stdout) == {"packed": 1200, "shrunk": True}
    assert PLACE.stat().st_size < before
    assert "0 tallies packed" in alone("store", "compact", "--data", "pg").stdout


def test_no_store_is_made_for_what_is_no_backup(alone: Alone, tmp_path: Path) -> None:
    result = alone("store", "restore", str(tmp_path / "none"), "--data", str(tmp_path / "new"))

    assert result.exit_code == 1
    assert "[backup-missing]" in result.stderr
    assert not (tmp_path / "new").exists()
