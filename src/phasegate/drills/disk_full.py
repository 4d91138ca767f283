"""The disk under a SQLite store is full; a sentinel comes before there is room again."""

from __future__ import annotations

import resource
from collections.abc import Sequence

from phasegate.drills.drill import Drill
from phasegate.drills.processes import Broken, until
from phasegate.drills.stage import Figure, Stage, treated


def play(stage: Stage) -> Sequence[Figure]:
    """Allow the server no byte more in any file, raise the alarm, and allow it again."""
    one = stage.serve("one")
    client = stage.application(one)
    run = stage.start(one)
    until("patients are treated", lambda: treated(client) and treated(client, "new_prices"))
    before = resource.prlimit(one.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(one.process.pid, resource.RLIMIT_FSIZE, (0, before[1]))
    stage.visits(one, client, 0, 100)
    _, noticed = until("it says that it is not ready", lambda: not stage.is_ready(one))
    stage.alarm(one)
    _, back = until("it is withdrawn from memory", lambda: treated(client) == 0)
    if not treated(client, "new_prices"):
        raise Broken("more was withdrawn than was accused")
    if "rollback_started" in stage.kinds(run):
        raise Broken("the disk was not full")
    resource.prlimit(one.process.pid, resource.RLIMIT_FSIZE, before)
    _, written = until("it is on record", lambda: "rollback_confirmed" in stage.kinds(run))
    until("the evidence is stored", lambda: stage.seen(run) == 100)
    stage.sound(run)
    return (
        Figure(what="full to not ready", value=noticed, most=7.0),
        Figure(what="sentinel received to safe, disk full", value=back, most=1.0),
        Figure(what="room again to rollback on record and confirmed", value=written, most=5.0),
    )


DRILL = Drill(
    name="disk-full",
    fault="no byte more fits on the disk of a SQLite store; a sentinel comes in between",
    promise="nothing is half written; the sentinel withdraws from memory what it accuses, and "
    "everything is written once there is room",
    play=play,
    on_postgres=False,
)
