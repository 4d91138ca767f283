"""A server that begins anew knows no more than the evidence does."""

from __future__ import annotations

import time

import pytest

from phasegate.drills.processes import until
from phasegate.drills.stage import Stage


@pytest.mark.timeout(120)
def test_a_run_whose_telemetry_stopped_before_a_restart_holds_after_it() -> None:
    with Stage() as stage:
        one = stage.serve("one")
        client = stage.application(one)
        run = stage.start(one, blind="12s")
        end = stage.traffic(one, client)
        until("telemetry is judged", lambda: stage.seen(run) > 20)
        end()
        one.kill()
        one.end()
        time.sleep(7)

        two = stage.serve("one")
        shown = stage.get(two, f"/api/v1/runs/{run}")

        assert shown["decision"]["rule"] == "guard_blind"
        assert "rollback_started" not in stage.kinds(run)
        other = stage.application(two)
        stage.traffic(two, other)
        until("it goes on", lambda: rule(stage, two, run) == "soaking")


def rule(stage: Stage, server, run: str) -> str:
    return str(stage.get(server, f"/api/v1/runs/{run}")["decision"]["rule"])
