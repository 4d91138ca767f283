"""The server that decides is stalled and wakes up after another has rolled back."""

from __future__ import annotations

import time
from collections.abc import Sequence

import httpx

from phasegate.drills.drill import Drill
from phasegate.drills.processes import Broken, until
from phasegate.drills.stage import Figure, Stage, treated

LEASE_S = 8.0


def play(stage: Stage) -> Sequence[Figure]:
    """Stop server one where it is; roll back at server two; wake server one."""
    one, two = stage.serve("one"), stage.serve("two")
    left, other = stage.application(one, "left"), stage.application(two, "other")
    run = stage.start(one, unattended=f"{LEASE_S:g}s")
    until("patients are treated", lambda: treated(left) and treated(other))
    one.stall()
    stage.alarm(two)
    _, back = until("those of the other server are safe", lambda: treated(other) == 0)
    _, taken = until("another decides", lambda: stage.decides(two))
    _, confirmed = until("it is confirmed", lambda: "rollback_confirmed" in stage.kinds(run))
    if treated(left):
        raise Broken("it was confirmed while an application still served the withdrawn version")
    one.resume()
    woke = time.perf_counter()
    while time.perf_counter() - woke < 3:
        if treated(left) or _served(stage):
            raise Broken("the server that woke late served a withdrawn version")
    _, again = until("the server that woke is ready again", lambda: stage.is_ready(one))
    stage.event(run, "rollback_started")
    stage.sound(run)
    return (
        Figure(what="sentinel received to safe, while nobody decides", value=back, most=1.0),
        Figure(what="stall to another server deciding", value=taken + back, most=7.0),
        Figure(
            what="stall to confirmed (lease 8 s of the stalled server's applications)",
            value=back + taken + confirmed,
            most=LEASE_S + 2,
        ),
        Figure(what="withdrawn version served after waking", value=0, unit="times", most=0),
        Figure(what="3 s after waking to ready", value=again, most=2.0),
    )


def _served(stage: Stage) -> bool:
    """Say whether OFREP still gives any of a few patients the withdrawn version."""
    url = "/ofrep/v1/evaluate/flags/new_cart"
    for number in range(5):
        body = {"context": {"targetingKey": f"patient-{number}"}}
        try:
            if stage.post(stage.servers["one"], url, body, who="application").get("value"):
                return True
        except httpx.HTTPError:
            return False
    return False


DRILL = Drill(
    name="stalled-server",
    fault="the server that decides is stalled, and wakes up after another has rolled back",
    promise="another decides; the one that wakes late changes nothing and serves nothing that was "
    "withdrawn",
    play=play,
)
