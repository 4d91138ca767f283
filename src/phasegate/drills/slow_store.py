"""The database answers slowly, and then not at all without saying so."""

from __future__ import annotations

import time
from collections.abc import Sequence

from phasegate.drills.drill import Drill
from phasegate.drills.processes import Broken, until
from phasegate.drills.stage import Figure, Stage, treated

DELAY_S = 0.15


def play(stage: Stage) -> Sequence[Figure]:
    """Slow the wire to the database, raise an alarm; let it hang, raise another."""
    wire, address = stage.wire()
    one = stage.serve("one", address=address)
    client = stage.application(one)
    run = stage.start(one)
    until("patients are treated", lambda: treated(client) and treated(client, "new_prices"))
    wire.delay_s = DELAY_S
    took = max(_answer_s(stage, client_first) for client_first in range(5))
    stage.alarm(one)
    _, slow = until("it is withdrawn", lambda: treated(client) == 0)
    until("it is confirmed", lambda: "rollback_confirmed" in stage.kinds(run))
    if not treated(client, "new_prices"):
        raise Broken("more was withdrawn than was accused")
    wire.delay_s = 0.0
    wire.hang()
    stage.alarm(one, "new_prices")
    _, hanging = until("it is withdrawn", lambda: treated(client, "new_prices") == 0)
    hung = _answer_s(stage, 100)
    wire.mend()
    _, written = until("it is on record", lambda: stage.kinds(run).count("rollback_confirmed") == 2)
    stage.sound(run)
    return (
        Figure(what="telemetry answered, store 0.3 s away and more", value=took, most=1.0),
        Figure(what="sentinel received to safe, store slow", value=slow, most=1.0),
        Figure(what="sentinel received to safe, store hanging", value=hanging, most=1.0),
        Figure(what="telemetry answered, store hanging", value=hung, most=1.0),
        Figure(what="store answers to rollback on record and confirmed", value=written, most=10.0),
    )


def _answer_s(stage: Stage, first: int) -> float:
    server = stage.servers["one"]
    began = time.perf_counter()
    stage.post(server, "/v1/traces", stage.silent_visit(first), who="application")
    return time.perf_counter() - began


DRILL = Drill(
    name="slow-store",
    fault="every answer of PostgreSQL takes 0.3 s; then it hangs without a word",
    promise="flags and telemetry flow on; a sentinel that is not written at once withdraws from "
    "memory, and is written when the store answers",
    play=play,
)
