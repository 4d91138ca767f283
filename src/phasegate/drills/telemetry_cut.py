"""Telemetry stops while patients are still treated."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from phasegate.drills.drill import Drill
from phasegate.drills.processes import Broken, until
from phasegate.drills.stage import Figure, Stage, treated

BLIND_S = 10.0


def play(stage: Stage) -> Sequence[Figure]:
    """Let patients come by, then say nothing of them any more."""
    one = stage.serve("one")
    client = stage.application(one)
    run = stage.start(one, blind=f"{BLIND_S:g}s")
    end = stage.traffic(one, client)
    until("telemetry is judged", lambda: stage.seen(run) > 100)
    end()
    spoke = datetime.now(UTC)
    stage.visits(one, client, 1_000_000, 10)
    _, held = until(
        "the run holds, unseen",
        lambda: stage.get(one, f"/api/v1/runs/{run}")["decision"]["rule"] == "guard_blind",
    )
    _, back = until("all is back", lambda: treated(client) == treated(client, "new_prices") == 0)
    until("it is confirmed", lambda: "rollback_confirmed" in stage.kinds(run))
    started = stage.event(run, "rollback_started")
    if started.body["rule"] != "guard_blind":
        raise Broken("it went back for another reason")
    # What is seen is counted by the second in which it happened.
    if (started.at - spoke).total_seconds() < BLIND_S - 1:
        raise Broken("it went back before it was blind for as long as the plan says")
    stage.sound(run)
    return (
        Figure(what="last telemetry to holding (blind for 10 s)", value=held, most=BLIND_S),
        Figure(what="last telemetry to safe", value=held + back, most=BLIND_S + 2),
    )


DRILL = Drill(
    name="telemetry-cut",
    fault="telemetry stops while patients are treated",
    promise="unseen is not healthy: the run holds, and goes back after `blind for`",
    play=play,
)
