"""The whole seven-phase plan on a virtual clock: it passes on good traffic, and only then."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from phasegate.core.command import Person, Retry, SignOff
from phasegate.core.event import Event
from phasegate.core.plan import Role
from phasegate.core.run import Status, TrialState
from phasegate.engine.rederive import rederive
from phasegate.ports import Exercise
from phasegate.testing.world import World

PLAN = (Path(__file__).parents[2] / "plans" / "sihat-tcm.yaml").read_text()
PHASES = (
    "phase_1_medical_safety",
    "phase_2_ai_core",
    "phase_3_event_command",
    "phase_4_personalization",
    "phase_5_device_mobile",
    "phase_6_advanced",
    "phase_7_full_rollout",
)
SIGNERS = {
    Role.APPROVER: Person(name="Ben", role=Role.APPROVER),
    Role.SAFETY_OFFICER: Person(name="the safety officer", role=Role.SAFETY_OFFICER),
}
PACE = 240.0
TICK = timedelta(seconds=2)
PER_TICK = 150
"""Two hundred and forty times faster than life, with the traffic of a large hospital group."""


@dataclass
class Traffic:
    """Good patients, and what is wrong with those who are treated with one component."""

    errors: dict[str, float] = field(default_factory=dict)
    slow: dict[str, float] = field(default_factory=dict)
    slow_ai: dict[str, float] = field(default_factory=dict)
    unhappy: dict[str, float] = field(default_factory=dict)
    alarm: str | None = None
    everywhere: float = 0.0

    def __call__(self, treated: frozenset[str], chance: random.Random) -> Mapping[str, Any]:
        def hit(harm: dict[str, float], base: float) -> bool:
            return chance.random() < max([base, *(harm.get(name, 0.0) for name in treated)])

        failed = hit(self.errors, self.everywhere)
        return {
            "error": failed,
            "http.response.status_code": 500 if failed else 200,
            "duration": 8000.0 if hit(self.slow, 0.001) else 300.0,
            "ai.duration": 9000.0 if hit(self.slow_ai, 0.001) else 200.0,
            "event:satisfaction": {"rating": 1 if hit(self.unhappy, 0.03) else 5},
            **{
                name: outcome(chance)
                for component, outcomes in OUTCOMES.items()
                if component in treated
                for name, outcome in outcomes.items()
            },
            **(
                {"event:safety.critical": {"phasegate.component": self.alarm}}
                if self.alarm in treated
                else {}
            ),
        }


Outcome = Callable[[random.Random], Mapping[str, Any]]

EVENTS: dict[str, Outcome] = {"event:event.processed": lambda _: {"latency": 20.0}}
MESSAGES: dict[str, Outcome] = {
    "event:notification.delivered": lambda chance: {"opened": chance.random() < 0.9},
    "event:personalization.answered": lambda chance: {"accepted": chance.random() < 0.95},
}
DEVICES: dict[str, Outcome] = {
    "event:device.connection": lambda chance: {"connected": chance.random() < 0.98},
    "event:media.capture": lambda chance: {"captured": chance.random() < 0.99},
    "event:app.start": lambda _: {"duration": 700.0},
}
ACCESS: dict[str, Outcome] = {
    "event:accessibility.check": lambda chance: {"compliant": chance.random() < 0.99},
    "event:voice.command": lambda chance: {"understood": chance.random() < 0.95},
}
OUTCOMES = {
    "event_system_v2": EVENTS,
    "command_system_v2": EVENTS,
    "command_undo_redo": EVENTS,
    "personalization_engine_v2": MESSAGES,
    "notification_system_v2": MESSAGES,
    "cultural_context_builder": MESSAGES,
    "device_integration_v2": DEVICES,
    "camera_system_v2": DEVICES,
    "audio_recorder_v2": DEVICES,
    "voice_command_handler": ACCESS,
    "monitoring_system_v2": ACCESS,
    "accessibility_system": ACCESS,
}
"""What patients who are treated with a component report of it."""


def go(
    world: World,
    run: str,
    traffic: Traffic,
    until: Callable[[], bool],
    *,
    sign: bool = True,
    most: timedelta = timedelta(minutes=30),
) -> None:
    """Let time and patients pass until something is so."""
    end = world.dial() + most
    while not until():
        assert world.dial() < end, world.view(run).decision
        world.dial.turn(TICK)
        world.patients(PER_TICK, traffic, environment="demo", over=TICK)
        world.round()
        if sign and world.loop.views[run].decision.rule == "sign_off_missing":
            sign_off(world, run)


def sign_off(world: World, run: str) -> None:
    view = world.loop.views[run]
    phase = view.plan.phase(str(view.run.phase))
    for rule in phase.sign_off:
        request = SignOff(phase=phase.name, meaning="seen", plan_hash=view.run.plan_hash)
        assert isinstance(world.ask(run, request, SIGNERS[rule.role]), Event)


def started(world: World) -> str:
    run = world.start(PLAN, environment="demo", pace=PACE)
    world.round()
    return run


def rollbacks(world: World, run: str) -> list[Event]:
    return [event for event in world.store.events(run) if event.kind == "rollback_started"]


def test_all_seven_phases_pass_on_good_traffic_and_reach_everyone(world: World) -> None:
    run = started(world)

    go(world, run, Traffic(), lambda: world.run(run).ended is not None)

    done = world.run(run)
    assert (done.status, done.passed) == (Status.COMPLETED, PHASES)
    assert rollbacks(world, run) == []
    flags = world.flags("demo")
    assert all(flags.evaluate(key, "anybody", {}).value is True for key in flags.keys)
    assert len(list(flags.keys)) == len(done.trials)
    assert rederive(world.store, run).differences == ()


HARMS = {
    "errors": Traffic(errors={"emergency_detector": 0.2}),
    "slow answers": Traffic(slow={"emergency_detector": 0.4}),
    "unhappy patients": Traffic(unhappy={"emergency_detector": 0.6}),
    "a safety-critical event": Traffic(alarm="emergency_detector"),
}


@pytest.mark.parametrize("harm", HARMS.values(), ids=HARMS.keys())
def test_each_trigger_takes_back_the_guilty_component_alone(world: World, harm: Traffic) -> None:
    run = started(world)

    go(world, run, harm, lambda: bool(rollbacks(world, run)) and not world.run(run).rollbacks)

    trials = world.run(run).trials
    assert rollbacks(world, run)[0].body["components"] == ["emergency_detector"]
    assert trials["emergency_detector"].state is TrialState.WITHDRAWN
    assert trials["medical_safety_validator"].exposure == 2_500
    assert trials["allergy_checker"].exposure == 1_500
    assert world.flags("demo").evaluate("emergency_detector", "anybody", {}).value is False


def test_a_harmful_feature_of_phase_two_leaves_phase_one_alone(world: World) -> None:
    run = started(world)
    go(world, run, Traffic(), lambda: "phase_1_medical_safety" in world.run(run).passed)

    bad = Traffic(errors={"ai_model_router_v2": 1.0})
    go(world, run, bad, lambda: bool(rollbacks(world, run)))

    assert rollbacks(world, run)[0].body["components"] == ["ai_model_router_v2"]


def test_the_mended_component_is_tried_again_on_the_same_patients_and_passes(world: World) -> None:
    run = started(world)
    before: set[str] = set()
    bad = Traffic(errors={"emergency_detector": 0.5})
    go(world, run, Traffic(), lambda: "emergency_detector" in list(world.flags("demo").keys))
    before = treated(world, "emergency_detector")
    go(world, run, bad, lambda: bool(rollbacks(world, run)) and not world.run(run).rollbacks)
    assert treated(world, "emergency_detector") == set()

    world.ask(run, Retry(reason="mended"), Person(name="Ada", role=Role.OPERATOR))
    exposed = lambda: world.run(run).trials["emergency_detector"].exposure > 0  # noqa: E731 short
    go(world, run, Traffic(), exposed)
    again = treated(world, "emergency_detector")
    go(world, run, Traffic(), lambda: "phase_1_medical_safety" in world.run(run).passed)

    assert again == before
    assert len(rollbacks(world, run)) == 1


def treated(world: World, flag: str) -> set[str]:
    flags = world.flags("demo")
    people = [f"patient-{number}" for number in range(2000)]
    return {name for name in people if flags.evaluate(flag, name, {}).value is True}


def test_an_outage_of_both_arms_blames_no_component_alone(world: World) -> None:
    run = started(world)
    go(world, run, Traffic(), lambda: world.run(run).watched_since is not None)

    go(world, run, Traffic(everywhere=0.3), lambda: bool(rollbacks(world, run)))

    assert len(rollbacks(world, run)[0].body["components"]) == 3  # type: ignore[arg-type]
    assert rederive(world.store, run).differences == ()
    assert "no component alone" in str(rollbacks(world, run)[0].body["reasons"])


def test_lost_telemetry_takes_the_phase_back(world: World) -> None:
    run = started(world)
    go(world, run, Traffic(), lambda: world.run(run).watched_since is not None)

    for _ in range(30):
        world.dial.turn(TICK)
        world.round()

    assert rollbacks(world, run)[0].body["rule"] == "guard_blind"


def test_a_failed_check_before_a_phase_exposes_nobody(world: World) -> None:
    world.check.answers["clinic validate staging"] = Exercise(
        passed=False, exercised=1, seen="exit code 1"
    )
    run = started(world)

    for _ in range(20):
        world.dial.turn(TICK)
        world.round()

    assert world.run(run).trials == {}
    assert world.view(run).decision.rule == "steps_unfinished"


def test_a_missed_emergency_too_many_keeps_the_phase_from_passing(world: World) -> None:
    world.check.answers["cases/medical-safety.jsonl"] = Exercise(
        passed=True, exercised=60, bad=6, seen="54 of 60"
    )
    run = started(world)

    go(world, run, Traffic(), lambda: "gate_failed" in world.kinds(run) or bool(closed(world, run)))

    assert world.run(run).passed == ()


def closed(world: World, run: str) -> bool:
    return world.loop.views[run].decision.rule == "gate_closed"


def test_memory_above_its_bound_takes_the_phase_back_and_blames_nobody(world: World) -> None:
    run = started(world)
    go(world, run, Traffic(), lambda: "phase_1_medical_safety" in world.run(run).passed)

    world.source.reading = 90.0
    go(world, run, Traffic(), lambda: bool(rollbacks(world, run)))

    assert len(rollbacks(world, run)[0].body["components"]) == 3  # type: ignore[arg-type]


def test_nobody_signs_and_the_phase_waits(world: World) -> None:
    run = started(world)

    waiting = lambda: world.loop.views[run].decision.rule == "sign_off_missing"  # noqa: E731 short
    go(world, run, Traffic(), waiting, sign=False)
    go(world, run, Traffic(), waiting, sign=False)

    assert world.run(run).passed == ()
