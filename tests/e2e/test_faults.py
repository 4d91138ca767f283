"""Processes are killed and stopped while patients come: what was promised still holds."""

from __future__ import annotations

import signal
import time

import httpx
import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


def test_a_control_plane_that_is_killed_again_and_again_goes_on_with_the_run(town) -> None:
    town.open_control_plane()
    town.open_clinic(rate=60, duration=290)
    run = town.start_run()
    town.until_event(run, "exposure_confirmed")

    for pause_s in (0.2, 1.7, 3.1):
        time.sleep(pause_s)
        before = town.events(run)
        town.processes.kill("control-plane")
        town.open_control_plane()
        assert town.events(run)[: len(before)] == before

    sign = ("run", "sign-off", run, "--phase", "phase_1_medical_safety", "--meaning", "seen")
    town.phasegate(*sign, "--plan-hash", town.get(f"/api/v1/runs/{run}")["plan_hash"], who="sam")
    town.until_event(run, "phase_passed", most_s=120)
    kinds = [event["kind"] for event in town.events(run)]
    assert kinds.count("rollback_started") == 0
    assert "the chain of" in town.phasegate("audit", "verify", run)


def test_a_rollback_that_had_begun_is_finished_after_a_kill(town) -> None:
    town.open_control_plane()
    town.open_clinic(rate=60, duration=290)
    run = town.start_run()
    town.until_event(run, "exposure_confirmed")
    time.sleep(1)

    town.processes.send("clinic", signal.SIGSTOP)
    town.phasegate("rollback", "emergency", "--phase", "current", "--no-wait")
    time.sleep(1)
    unconfirmed = [event["kind"] for event in town.events(run)]
    town.processes.kill("control-plane")
    town.processes.send("clinic", signal.SIGCONT)
    town.open_control_plane()

    assert unconfirmed[-1] == "rollback_started"
    town.until_event(run, "rollback_confirmed")
    assert town.newly_treated() == 0
    kinds = [event["kind"] for event in town.events(run)]
    assert kinds.count("rollback_started") == kinds.count("rollback_confirmed") == 1


def test_the_clinic_serves_on_while_the_control_plane_is_away_and_its_lease_withdraws(town) -> None:
    town.open_control_plane()
    town.open_clinic(rate=20, duration=290)
    run = town.start_run()
    town.until_event(run, "exposure_confirmed")
    town.processes.until("patients are treated", lambda: town.newly_treated() > 0)

    town.processes.kill("control-plane")
    withdrawn = town.processes.until("the lease ends", lambda: town.newly_treated() == 0)

    assert withdrawn
    assert httpx.get(f"{town.clinic}/health/ready", timeout=30).status_code == 200
    town.open_control_plane()
    town.processes.until("trial exposure is back", lambda: town.newly_treated() > 0)


def test_a_planted_wrong_safety_answer_takes_the_validator_back(town) -> None:
    town.open_control_plane()
    town.open_clinic(rate=60, duration=290)
    run = town.start_run()
    town.until_event(run, "exposure_confirmed")
    time.sleep(1)

    town.defect("wrong_safety_answer", on=True)
    back = town.until_event(run, "rollback_started", most_s=60)
    safe = town.until_event(run, "rollback_confirmed", most_s=60)

    assert back["body"]["components"] == ["medical_safety_validator"]
    assert back["body"]["rule"] == "sentinel_tripped"
    assert safe["body"]["time_to_safe_ms"] > 0
