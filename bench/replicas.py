"""How soon a flag that is changed at one server is in force at applications of another.

Two servers on one PostgreSQL. Ada kills and revives a flag at the first; an application that is
connected to the second evaluates it until it sees the change. The clock starts before the request
is sent. n = 2 * ROUNDS.
"""

from __future__ import annotations

import statistics
import time

from phasegate.client.client import FlagClient
from phasegate.drills.processes import ServerProcess, until
from phasegate.drills.stage import Stage, treated
from phasegate.testing.postgres import Cluster

ROUNDS = 50


def main() -> None:
    with Cluster() as cluster, Stage(cluster) as stage:
        one, two = stage.serve("one"), stage.serve("two")
        near, far = stage.application(one, "near"), stage.application(two, "far")
        stage.start(one)
        until("patients are treated", lambda: treated(near) and treated(far))
        figures = {
            "same server": changes(stage, one, near),
            "other server": changes(stage, one, far),
        }
    for name, took in figures.items():
        in_order = sorted(took)
        print(
            f"{name:13} median {1000 * statistics.median(took):6.0f} ms  "
            f"p99 {1000 * in_order[int(0.99 * len(took))]:6.0f} ms  n = {len(took)}"
        )


def changes(stage: Stage, server: ServerProcess, client: FlagClient) -> list[float]:
    """Change a flag again and again; return how long each took to arrive."""
    took = []
    for _ in range(ROUNDS):
        for action, served in (("kill", False), ("revive", True)):
            began = time.perf_counter()
            body = {"reason": "bench"}
            stage.post(server, f"/api/v1/flags/new_cart/{action}?environment=drill", body)
            while bool(treated(client)) is not served:
                time.sleep(0.001)
            took.append(time.perf_counter() - began)
    return took


if __name__ == "__main__":
    main()
