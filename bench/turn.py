"""How long one turn takes that judges a thousand live guards anew, each with fresh evidence.

Run: python bench/turn.py [--seconds 120]

One run, 100 components with ten guarded metrics each, on SQLite. Every second all 2,000 series and
arms have a new tally; the engine then takes a round as it does in life: reads what is new, folds
it, judges, decides. The first seconds, in which a run is exposed, are not counted. Memory is
collected as the server has it collected.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import tempfile
import time
from datetime import timedelta
from pathlib import Path

import structlog

from phasegate.adapters.stores.sqlite import SqliteStore
from phasegate.core.evidence import Arm, Tally
from phasegate.server.run import collect_seldom
from phasegate.testing.world import World

COMPONENTS, METRICS = 100, 10
SUBJECTS, BAD = (10, 30), 0.01
WARM = 10


def plan() -> str:
    metrics = {f"m{n}": {"kind": "share", "bad": f"bad_{n}"} for n in range(METRICS)}
    guards = [f"{name} > 5%" for name in metrics]
    alpha = {
        "lasts": "1h to 8h",
        "components": {f"part_{n}": "50%" for n in range(COMPONENTS)},
        "pass_when": ["m0 < 4%"],
        "roll_back_when": guards,
        "sign_off": ["approver"],
    }
    head = {"plan": "wide", "environment": "bench", "author": "ada", "traffic": "4000/s"}
    return json.dumps(
        {**head, "subjects": "customer", "metrics": metrics, "phases": {"alpha": alpha}}
    )


def main() -> None:
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=120)
    asked = parser.parse_args()
    collect_seldom()
    with tempfile.TemporaryDirectory() as folder:
        store = SqliteStore(Path(folder) / "phasegate.sqlite")
        told(*rounds(store, asked.seconds))
        store.close()


def rounds(store: SqliteStore, seconds: int) -> tuple[list[float], list[float], int]:
    """Return milliseconds of each counted round, by the clock and by the processor, and guards."""
    world = World(store=store)
    run, draw, numbers = world.start(plan()), random.Random(1), iter(range(1, 10**9))
    took, worked = [], []
    for second in range(seconds + WARM):
        world.dial.turn(timedelta(seconds=1))
        now = int(world.dial().timestamp())
        watches = world.loop.views[run].run.exposed if second else ()
        if watches:
            store.add_evidence(
                [(one, now * 1000) for one in _tallies(run, now - 1, draw, numbers)], []
            )
        began, began_cpu = time.perf_counter(), time.process_time()
        world.round()
        if second >= WARM:
            took.append((time.perf_counter() - began) * 1000)
            worked.append((time.process_time() - began_cpu) * 1000)
    view = world.view(run)
    assert len(view.run.exposed) == COMPONENTS, "a healthy component was taken back"
    return took, worked, len(view.evidence.guards)


def _tallies(run: str, second: int, draw: random.Random, numbers) -> list[Tally]:
    return [
        Tally(
            run=run,
            phase="alpha",
            component=f"part_{component}",
            attempt=1,
            series=f"m{metric}",
            arm=arm,
            bucket=second,
            seen=(seen := draw.randrange(*SUBJECTS)),
            bad=(bad := sum(draw.random() < BAD for _ in range(seen))),
            subjects=seen,
            subjects_bad=bad,
            at_risk=seen,
            newly_bad=bad,
            writer="bench",
            sequence=next(numbers),
        )
        for component in range(COMPONENTS)
        for metric in range(METRICS)
        for arm in Arm
    ]


def told(took: list[float], worked: list[float], guards: int) -> None:
    cuts, cpu = statistics.quantiles(took, n=100), statistics.median(worked)
    print(f"{guards:,} guards, each with two new tallies a second, SQLite")
    print(f"one round   {statistics.median(took):6.1f} ms   p99 {cuts[98]:.1f} ms, target < 100 ms")
    print(f"of it CPU   {cpu:6.1f} ms")
    print(f"n = {len(took)} rounds")


if __name__ == "__main__":
    main()
