"""The wall clocks of servers jump, forward and back, and one server begins with a wrong one."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from phasegate.drills.drill import Drill
from phasegate.drills.processes import Broken, until
from phasegate.drills.stage import Figure, Stage, treated

HOUR = 3600


def play(stage: Stage) -> Sequence[Figure]:
    """Set the clock of server one forward and back; begin server two an hour late."""
    wall, late = stage.folder / "wall-one", stage.folder / "wall-two"
    late.write_text(str(-HOUR))
    one = stage.serve("one", wall=wall)
    client = stage.application(one)
    run = stage.start(one, blind="20s")
    stage.traffic(one, client)
    until("telemetry is judged", lambda: stage.seen(run) > 50)
    _jumps(stage, wall, run, HOUR)
    _jumps(stage, wall, run, -2 * HOUR)
    two = stage.serve("two", wall=late, wait=False)
    until("it says that its clock is wrong", lambda: "[clock-skewed]" in stage.trouble(two))
    other = stage.application(two, "other")
    until("patients are treated on both", lambda: treated(client) and treated(other))
    stage.alarm(two)
    _, back = until("both are safe", lambda: treated(client) == treated(other) == 0)
    until("it is confirmed", lambda: "rollback_confirmed" in stage.kinds(run))
    stage.sound(run)
    return (Figure(what="sentinel received to safe, clocks wrong by hours", value=back, most=1.0),)


def _jumps(stage: Stage, wall: Path, run: str, by_s: int) -> None:
    before = stage.kinds(run)
    wall.write_text(str(by_s))
    seen = stage.seen(run)
    time.sleep(2)
    until(f"telemetry goes on after a jump by {by_s} s", lambda: stage.seen(run) > seen + 50)
    if stage.kinds(run) != before:
        raise Broken(f"a clock that jumped by {by_s} s decided something: {stage.kinds(run)}")


DRILL = Drill(
    name="clock-jump",
    fault="a server's wall clock jumps by hours; another server starts with a wrong one",
    promise="no decision comes sooner, later or otherwise; a server whose clock is not the "
    "store's does not decide and says so, and still withdraws what others decide",
    play=play,
)
