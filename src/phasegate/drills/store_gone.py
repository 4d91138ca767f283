"""The database crashes; a sentinel comes while it is away."""

from __future__ import annotations

import time
from collections.abc import Sequence

from phasegate.drills.drill import Drill
from phasegate.drills.processes import Broken, until
from phasegate.drills.stage import Figure, Stage, treated


def play(stage: Stage) -> Sequence[Figure]:
    """Crash PostgreSQL, raise the alarm, start PostgreSQL again."""
    assert stage.cluster is not None, "it is played on PostgreSQL"
    one = stage.serve("one")
    client = stage.application(one)
    run = stage.start(one)
    until("patients are treated", lambda: treated(client) and treated(client, "new_prices"))
    before = treated(client)
    stage.cluster.crash()
    _, noticed = until("it says that it is not ready", lambda: not stage.is_ready(one))
    stage.visits(one, client, 0, 100)
    time.sleep(6)
    if treated(client) != before:
        raise Broken("an application was served otherwise because the store is gone")
    stage.alarm(one)
    _, back = until("it is withdrawn from memory", lambda: treated(client) == 0)
    if not treated(client, "new_prices"):
        raise Broken("more was withdrawn than was accused")
    stage.cluster.start()
    stage.open_again()
    _, written = until("it is on record", lambda: "rollback_confirmed" in stage.kinds(run))
    until("the evidence is stored", lambda: stage.seen(run) == 100)
    if treated(client):
        raise Broken("it was exposed again when the store came back")
    if stage.event(run, "rollback_started").body["components"] != ["new_cart"]:
        raise Broken("the log says something else than what was withdrawn")
    stage.sound(run)
    return (
        Figure(what="crash to not ready", value=noticed, most=1.0),
        Figure(what="sentinel received to safe, without a store", value=back, most=1.0),
        Figure(what="store back to rollback on record and confirmed", value=written, most=5.0),
    )


DRILL = Drill(
    name="store-gone",
    fault="PostgreSQL crashes and comes back; a sentinel comes in between",
    promise="patients notice nothing; nothing is decided without evidence, but the sentinel "
    "withdraws from memory what it accuses, and is written when the store is back",
    play=play,
)
