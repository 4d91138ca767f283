"""The server that decides is killed in the middle of a rollback; another one finishes it."""

from __future__ import annotations

import time
from collections.abc import Sequence

from phasegate.drills.application import SlowApplication
from phasegate.drills.drill import Drill
from phasegate.drills.processes import Broken, until
from phasegate.drills.stage import Figure, Stage, treated

LEASE_S = 8.0
VISITS = 50
"""Each leaves one observation."""


def play(stage: Stage) -> Sequence[Figure]:
    """Kill server one after it has decided and before the rollback is confirmed."""
    one, two = stage.serve("one"), stage.serve("two")
    gone, stays = stage.application(one, "gone"), stage.application(two, "stays")
    lost = SlowApplication(one, stage.tokens["application"], "lost")
    slow = SlowApplication(two, stage.tokens["application"])
    run = stage.start(one, unattended=f"{LEASE_S:g}s")
    until("patients are treated", lambda: treated(gone) and treated(stays))
    stage.visits(two, stays, 0, VISITS)
    until("telemetry is stored", lambda: stage.seen(run) == VISITS)
    slow.hold()
    lost.hold()
    stage.alarm(two)
    _, back = until("the survivor's application is safe", lambda: treated(stays) == 0)
    until("the rollback is decided", lambda: "rollback_started" in stage.kinds(run))
    one.kill()
    killed = time.perf_counter()
    stage.visits(two, stays, VISITS, VISITS)
    _, taken = until("another decides", lambda: stage.decides(two))
    if "rollback_confirmed" in stage.kinds(run):
        raise Broken("it was confirmed although an application had not said so")
    slow.confirm()
    until("it is confirmed", lambda: "rollback_confirmed" in stage.kinds(run))
    confirmed = time.perf_counter() - killed
    _safe_by_then(lost, treated(gone) + treated(stays))
    until("nothing is lost or doubled", lambda: stage.seen(run) == 2 * VISITS)
    stage.event(run, "rollback_started")
    stage.event(run, "rollback_confirmed")
    stage.sound(run)
    slow.close()
    lost.close()
    return (
        Figure(what="sentinel received to safe, on the other server", value=back, most=1.0),
        Figure(what="kill to another server deciding", value=taken, most=7.0),
        Figure(
            what="kill to confirmed (lease 8 s of the dead server's applications)",
            value=confirmed,
            most=LEASE_S + 3,
        ),
    )


def _safe_by_then(lost: SlowApplication, served: int) -> None:
    if time.monotonic() < lost.leased_until:
        raise Broken("it was confirmed before an application of the dead server lost its lease")
    if served:
        raise Broken("it was confirmed while an application still served the withdrawn version")


DRILL = Drill(
    name="server-killed",
    fault="the server that decides is killed in the middle of a rollback",
    promise="another server finishes it; no event is lost or doubled; it is not confirmed before "
    "applications of the dead server have lost their lease",
    play=play,
)
