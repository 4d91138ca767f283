"""A server is killed, and the version that follows reads the plan differently."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import httpx
import pytest

from phasegate.adapters.stores.sqlite import FILE
from phasegate.drills.processes import ServerProcess, until
from phasegate.drills.stage import COMPONENTS, Stage, treated


@pytest.mark.timeout(120)
def test_what_a_person_takes_back_is_back_though_nobody_can_read_the_plan() -> None:
    with Stage() as stage:
        one = stage.serve("one")
        client = stage.application(one)
        run = stage.start(one, unattended="2s")
        until("patients are treated", lambda: treated(client) > 0)
        one.kill()
        one.end()
        with closing(sqlite3.connect(stage.folder / "one" / FILE)) as store:
            store.execute("UPDATE plans SET text = replace(text, 'new_cart: 50%', 'new_cart: 60%')")
            store.commit()

        two = stage.serve("one", wait=False)
        until("it answers again", lambda: "plan_read_differently" in two.log)
        shown, paused = told(stage, two, run), refused(stage, two, f"{run}/pause")
        before = stage.kinds(run)
        asked = {"phase": "all", "reason": "the new version cannot read it"}
        stage.post(two, f"/api/v1/runs/{run}/rollback", asked)
        until("it is confirmed", lambda: "rollback_confirmed" in stage.kinds(run))

        assert shown == paused == "plan-read-differently"
        assert before[-1] == "exposure_confirmed"
        other = stage.application(two, "other")
        assert {treated(each, key) for each in (client, other) for key in COMPONENTS} == {0}
        stage.sound(run)


def told(stage: Stage, server: ServerProcess, run: str) -> str:
    with pytest.raises(httpx.HTTPStatusError) as caught:
        stage.get(server, f"/api/v1/runs/{run}")
    return str(caught.value.response.json()["error"]["code"])


def refused(stage: Stage, server: ServerProcess, path: str) -> str:
    with pytest.raises(httpx.HTTPStatusError) as caught:
        stage.post(server, f"/api/v1/runs/{path}", {"reason": "wait"})
    return str(caught.value.response.json()["error"]["code"])
