"""The server that decides loses the database, and the other one does not."""

from __future__ import annotations

from collections.abc import Sequence

from phasegate.drills.drill import Drill
from phasegate.drills.processes import Broken, until
from phasegate.drills.stage import Figure, Stage, treated

LEASE_S = 8.0


def play(stage: Stage) -> Sequence[Figure]:
    """Cut server one off the database; raise the alarm at server two; join them again."""
    wire, address = stage.wire()
    one = stage.serve("one", address=address)
    two = stage.serve("two")
    cut_off, joined = stage.application(one, "cut-off"), stage.application(two, "joined")
    run = stage.start(one, unattended=f"{LEASE_S:g}s")
    until("patients are treated", lambda: treated(cut_off) and treated(joined))
    wire.cut()
    _, taken = until("another decides", lambda: stage.decides(two))
    stage.alarm(two)
    _, back = until("those of the other server are safe", lambda: treated(joined) == 0)
    if "rollback_confirmed" in stage.kinds(run) and treated(cut_off):
        raise Broken("it was confirmed while an application still served the withdrawn version")
    _, ended = until("the lease of those cut off ends", lambda: treated(cut_off) == 0)
    _, confirmed = until("it is confirmed", lambda: "rollback_confirmed" in stage.kinds(run))
    wire.mend()
    _, again = until("the server cut off is ready again", lambda: stage.is_ready(one))
    until("what is not accused is treated again", lambda: treated(cut_off, "new_prices"))
    if treated(cut_off):
        raise Broken("a withdrawn version was served again after the servers had joined")
    stage.event(run, "rollback_started")
    stage.sound(run)
    return (
        Figure(what="cut to another server deciding", value=taken, most=7.0),
        Figure(what="sentinel received to safe, on the joined side", value=back, most=1.0),
        Figure(
            what="cut to safe, on the side cut off (lease 8 s)",
            value=taken + back + ended,
            most=LEASE_S + 1,
        ),
        Figure(what="both safe to confirmed", value=confirmed, most=5.0),
        Figure(what="joined again to ready", value=again, most=5.0),
    )


DRILL = Drill(
    name="split",
    fault="the server that decides loses the store, and another server does not",
    promise="the other decides; exposure on the side cut off ends with its lease; nothing is "
    "confirmed before; joined again, nothing withdrawn is served",
    play=play,
)
