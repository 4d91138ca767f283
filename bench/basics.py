"""How long the small things take that everything waits for: reading a plan, storing evidence.

Run: python bench/basics.py [--rounds 50]
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from phasegate.adapters.stores.sqlite import SqliteStore
from phasegate.planfile import parse
from phasegate.testing.store_suite import NOON_MS, tally

PLAN = Path(__file__).parent.parent / "plans/sihat-tcm.yaml"
TALLIES = 100


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=50)
    rounds = parser.parse_args().rounds
    text = PLAN.read_text(encoding="utf-8")
    told("the Sihat plan read and reviewed", [timed(lambda: parse(text)) for _ in range(rounds)])
    with tempfile.TemporaryDirectory() as folder:
        store = SqliteStore(Path(folder) / "phasegate.sqlite")
        told(f"{TALLIES} tallies stored, SQLite", [add(store, turn) for turn in range(rounds)])
        store.close()


def add(store: SqliteStore, turn: int) -> float:
    batch = [(tally(turn * TALLIES + number), NOON_MS) for number in range(TALLIES)]
    return timed(lambda: store.add_evidence(batch, []))


def timed(act: Callable[[], object]) -> float:
    """Return milliseconds."""
    began = time.perf_counter()
    act()
    return (time.perf_counter() - began) * 1000


def told(what: str, took: list[float]) -> None:
    print(
        f"{what:36} {statistics.median(took):7.2f} ms   worst {max(took):7.2f} ms   n = {len(took)}"
    )


if __name__ == "__main__":
    main()
