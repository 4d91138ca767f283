"""Telemetry comes twice and in the wrong order, and answers of the database are lost."""

from __future__ import annotations

import time
from collections.abc import Sequence

from phasegate.drills.drill import Drill
from phasegate.drills.processes import Broken, until
from phasegate.drills.stage import Figure, Stage, treated

CUTS = 20


def play(stage: Stage) -> Sequence[Figure]:
    """Send bodies twice, the last one first; then cut the wire to the database under traffic."""
    wire, address = stage.wire()
    one = stage.serve("one", address=address)
    client = stage.application(one)
    run = stage.start(one)
    until("patients are treated", lambda: treated(client))
    bodies = [stage.visits(one, client, 20 * number, 20) for number in range(5)]
    for body in reversed(bodies):
        stage.post(one, "/v1/traces", body, who="application")
    until("all is stored", lambda: stage.seen(run) == 200)
    if stage.subjects(run) != 100:
        raise Broken(f"{stage.subjects(run)} patients were counted instead of 100")
    end = stage.traffic(one, client)
    for _ in range(CUTS):
        time.sleep(0.15)
        wire.cut()
        time.sleep(0.05)
        wire.mend()
    sent = end()
    _, stored = until("all is stored", lambda: stage.seen(run) == 200 + sent)
    stage.visits(one, client, 1_000_000, 10)
    until("what came later is stored", lambda: stage.seen(run) >= 200 + sent + 10)
    if stage.seen(run) != 200 + sent + 10:
        raise Broken("something was stored twice")
    for _ in range(2):
        stage.alarm(one)
    until("it is back", lambda: "rollback_confirmed" in stage.kinds(run))
    stage.event(run, "rollback_started")
    stage.sound(run)
    return (
        Figure(what="observations stored once each, over 20 cuts", value=sent, unit=""),
        Figure(what="last cut to everything stored", value=stored, most=5.0),
    )


DRILL = Drill(
    name="duplicate-and-reordered-delivery",
    fault="telemetry comes twice and last first; the wire to PostgreSQL is cut under traffic",
    promise="a patient is counted once; what is counted is stored exactly once; two alarms are "
    "one rollback",
    play=play,
)
