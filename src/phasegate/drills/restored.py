"""The database is lost for good, and a backup of a while ago is restored into a new one."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from phasegate.adapters.stores import archive
from phasegate.drills.drill import Drill
from phasegate.drills.processes import Broken, until
from phasegate.drills.stage import Figure, Stage, treated
from phasegate.engine.restored import Plans, settlement
from phasegate.ports import Settlement

LEASE_S = 8.0


def play(stage: Stage) -> Sequence[Figure]:
    """Back up under traffic; roll back; lose the database; restore it; begin another server."""
    one = stage.serve("one")
    client = stage.application(one)
    run = stage.start(one, unattended=f"{LEASE_S:g}s")
    end = stage.traffic(one, client)
    until("telemetry is judged", lambda: stage.seen(run) > 100)
    path = stage.folder / "backup"
    wrote = _timed(
        lambda: archive.back_up(stage.store, path, "postgresql", datetime.now(UTC), _begun)
    )
    until("telemetry goes on", lambda: stage.seen(run) > 200)
    stage.alarm(one)
    until("it is back", lambda: "rollback_confirmed" in stage.kinds(run))
    end()
    one.kill()
    stage.move()
    lost = time.perf_counter()
    put = _timed(lambda: archive.restore(stage.store, path, _settle, _begun))
    began = time.perf_counter()
    two = stage.serve("two")
    ready = time.perf_counter() - began
    other = stage.application(two, "other")
    confirmed = _watched(stage, run, lambda: treated(other) + treated(client), began)
    if time.perf_counter() - lost < LEASE_S:
        raise Broken("it was confirmed before applications of the lost server lost their lease")
    if "exposed" in stage.kinds(run)[stage.kinds(run).index("paused") :]:
        raise Broken("something was exposed again")
    stage.sound(run)
    return (
        Figure(what="backup under traffic", value=wrote, most=5.0),
        Figure(what="restore, chain verified", value=put, most=5.0),
        Figure(what="another server ready", value=ready, most=5.0),
        Figure(what="withdrawn version served after the restore", value=0, unit="times", most=0),
        Figure(
            what="server started to rollback confirmed (lease 8 s)",
            value=confirmed,
            most=LEASE_S + 4,
        ),
    )


def _watched(stage: Stage, run: str, served: Callable[[], int], began: float) -> float:
    """Wait for the confirmation; nobody may be treated meanwhile, whatever the backup says."""

    def confirmed() -> bool:
        if served():
            raise Broken("a withdrawn version was served after the restore")
        return "rollback_confirmed" in stage.kinds(run)

    until("the rollback is confirmed", confirmed)
    return time.perf_counter() - began


def _settle(logs: archive.Logs, plans: Plans) -> Settlement:
    now = datetime.now(UTC)
    return settlement(logs, plans, why="drill", actor="ada", now=now, made_at=now, as_it_was=False)


def _begun(_: int) -> Callable[[int], None]:
    return lambda _: None


def _timed(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


DRILL = Drill(
    name="restored",
    fault="after a rollback the database is lost, and a backup of before the rollback is restored",
    promise="what the backup has as exposed is taken back and never served; the rollback is "
    "confirmed only once applications of the lost server have lost their lease; every chain holds",
    play=play,
)
