"""The Sihat plan says what the deployment guide says: every figure written out again here."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from phasegate.core.plan import Plan, Risk, Role, StepKind
from phasegate.planfile import parse

PATH = Path(__file__).parents[2] / "plans" / "sihat-tcm.yaml"
TEXT = PATH.read_text(encoding="utf-8")


@pytest.fixture(scope="module", name="plan")
def _plan() -> Plan:
    parsed = parse(TEXT, PATH.name)
    assert parsed.errors == ()
    assert parsed.plan is not None
    return parsed.plan


EXPOSURES = {
    "phase_1_medical_safety": {
        "medical_safety_validator": 2500,
        "emergency_detector": 2000,
        "allergy_checker": 1500,
    },
    "phase_2_ai_core": {
        "ai_model_router_v2": 1000,
        "ai_complexity_analyzer": 800,
        "ai_performance_monitor": 1500,
    },
    "phase_3_event_command": {
        "event_system_v2": 1500,
        "command_system_v2": 1000,
        "command_undo_redo": 500,
    },
    "phase_4_personalization": {
        "personalization_engine_v2": 2000,
        "notification_system_v2": 2500,
        "cultural_context_builder": 1500,
    },
    "phase_5_device_mobile": {
        "device_integration_v2": 3000,
        "camera_system_v2": 2500,
        "audio_recorder_v2": 2000,
    },
    "phase_6_advanced": {
        "voice_command_handler": 1500,
        "monitoring_system_v2": 4000,
        "accessibility_system": 3500,
    },
}

FRAMES = {
    "phase_1_medical_safety": (1, Risk.LOW, timedelta(hours=2)),
    "phase_2_ai_core": (2, Risk.MEDIUM, timedelta(hours=3)),
    "phase_3_event_command": (3, Risk.MEDIUM, timedelta(hours=2.5)),
    "phase_4_personalization": (4, Risk.LOW, timedelta(hours=2)),
    "phase_5_device_mobile": (5, Risk.MEDIUM, timedelta(hours=3)),
    "phase_6_advanced": (6, Risk.LOW, timedelta(hours=2.5)),
    "phase_7_full_rollout": (7, Risk.LOW, timedelta(hours=4)),
}

GATES = {
    "phase_1_medical_safety": [
        "error_rate < 2%",
        "emergency_sensitivity > 95%",
        "satisfaction > 85%",
        "no safety_critical",
    ],
    "phase_2_ai_core": [
        "error_rate < 1.5%",
        "ai_response_time < 2.5s",
        "memory < 75%",
        "model_selection > 90%",
    ],
    "phase_3_event_command": [
        "error_rate < 1%",
        "response_time < 2s",
        "cpu < 70%",
        "event_latency < 100ms",
    ],
    "phase_4_personalization": [
        "error_rate < 1%",
        "satisfaction > 88%",
        "notification_engagement > 75%",
        "personalization_accuracy > 85%",
    ],
    "phase_5_device_mobile": [
        "error_rate < 1.5%",
        "device_connection > 90%",
        "media_capture > 95%",
        "app_start < 2s",
    ],
    "phase_6_advanced": [
        "error_rate < 1%",
        "satisfaction > 90%",
        "accessibility_compliance > 95%",
        "voice_accuracy > 85%",
    ],
    "phase_7_full_rollout": [
        "error_rate < 0.5%",
        "response_time < 1.5s",
        "satisfaction > 92%",
        "availability > 99.9%",
    ],
}

TRIGGERS = {
    "phase_1_medical_safety": {"error_rate > 2%", "response_time > 3s", "satisfaction < 85%"},
    "phase_2_ai_core": {"error_rate > 1.5%", "response_time > 2.5s", "memory > 75%"},
    "phase_3_event_command": {"error_rate > 1%", "response_time > 2s", "cpu > 70%"},
    "phase_4_personalization": {"error_rate > 1%", "satisfaction < 88%"},
    "phase_5_device_mobile": {"error_rate > 1.5%", "response_time > 3s"},
    "phase_6_advanced": {"error_rate > 1%", "satisfaction < 90%"},
    "phase_7_full_rollout": {"error_rate > 0.5%", "response_time > 1.5s", "satisfaction < 92%"},
}

COMMANDS = {
    "phase_1_medical_safety": ["clinic validate staging", "clinic test medical-safety"],
    "phase_2_ai_core": [
        "phasegate validate phase phase_1_medical_safety",
        "clinic test ai-system",
        "clinic benchmark ai-performance",
        "clinic configure ai --models=gemini-2.0-flash,gemini-2.5-pro",
    ],
    "phase_3_event_command": [
        "phasegate validate prerequisites phase_3_event_command",
        "clinic test events",
        "clinic test commands",
        "clinic events init-history",
        "clinic commands configure-queues",
    ],
    "phase_4_personalization": [
        "phasegate validate dependencies phase_4_personalization",
        "clinic test personalization",
        "clinic test notifications",
        "clinic personalization init-profiles",
        "clinic notifications configure-templates",
    ],
    "phase_5_device_mobile": [
        "clinic validate mobile",
        "clinic test device-integration",
        "clinic test media-systems",
        "clinic devices configure-permissions",
        "clinic media initialize",
    ],
    "phase_6_advanced": [
        "phasegate validate stability",
        "clinic test voice",
        "clinic test accessibility",
        "clinic voice configure",
        "clinic accessibility enable",
    ],
    "phase_7_full_rollout": [
        "phasegate validate all-phases",
        "clinic test comprehensive",
        "clinic validate performance",
    ],
}


def test_the_phases_run_in_the_order_of_the_guide(plan: Plan) -> None:
    assert [phase.name for phase in plan.phases] == list(FRAMES)


@pytest.mark.parametrize("name", EXPOSURES)
def test_each_phase_exposes_what_the_guide_exposes(plan: Plan, name: str) -> None:
    found = {found.name: found.stages[-1].exposure for found in plan.phase(name).components}

    assert found == EXPOSURES[name]


def test_the_last_phase_opens_all_eighteen_components_to_everyone(plan: Plan) -> None:
    earlier = [name for components in EXPOSURES.values() for name in components]

    last = plan.phase("phase_7_full_rollout")

    assert len(earlier) == 18
    assert [component.name for component in last.components] == earlier
    assert {component.stages[-1].exposure for component in last.components} == {10_000}


@pytest.mark.parametrize("name", FRAMES)
def test_week_risk_and_shortest_watch_are_the_guides(plan: Plan, name: str) -> None:
    phase = plan.phase(name)

    assert (phase.week, phase.risk, phase.lasts_least) == FRAMES[name]


@pytest.mark.parametrize("name", GATES)
def test_the_gates_are_the_guides_success_metrics(plan: Plan, name: str) -> None:
    assert [gate.text for gate in plan.phase(name).pass_when] == GATES[name]


@pytest.mark.parametrize("name", TRIGGERS)
def test_the_guards_contain_every_rollback_trigger(plan: Plan, name: str) -> None:
    guards = {guard.text for guard in plan.phase(name).roll_back_when}

    assert guards >= TRIGGERS[name] | {"safety_critical"}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_of_the_guide_has_its_counterpart(plan: Plan, name: str) -> None:
    steps = plan.phase(name).before

    assert [step.argument for step in steps if step.kind is StepKind.RUN] == COMMANDS[name]


@pytest.mark.parametrize("name", ["phase_1_medical_safety", "phase_2_ai_core"])
def test_every_component_with_a_health_page_is_checked_before_it_is_exposed(
    plan: Plan, name: str
) -> None:
    checks = {step.argument for step in plan.phase(name).before if step.kind is StepKind.CHECK}
    urls = {check.name: dict(check.options)["url"] for check in plan.checks}

    assert checks >= set(EXPOSURES[name])
    assert all(urls[check] == f"{{clinic}}/health/components/{check}" for check in checks)


def test_the_safety_officer_signs_the_first_and_the_last_phase(plan: Plan) -> None:
    signs = {phase.name: {rule.role for rule in phase.sign_off} for phase in plan.phases}

    assert [name for name, roles in signs.items() if Role.SAFETY_OFFICER in roles] == [
        "phase_1_medical_safety",
        "phase_7_full_rollout",
    ]
    assert all(roles for roles in signs.values())


def test_every_item_of_the_guide_is_named_in_the_file() -> None:
    named = {int(number) for number in re.findall(r"\bA(\d+)\b", TEXT)}
    # Targets (A6, A7 …) stand at their metrics; the checklist before the first phase (A9 to A24)
    # is judged by the readiness board, not by a phase.

    missing = set(range(25, 107)) - named

    assert missing == set()


def test_nothing_is_left_to_warn_of_but_shared_bounds_and_late_engagement(plan: Plan) -> None:
    warnings = parse(TEXT).warnings

    assert {warning.code for warning in warnings} == {"gate-equals-guard", "gate-late"}
    assert [warning.path for warning in warnings if warning.code == "gate-late"] == [
        "phases.phase_4_personalization.pass_when[2]"
    ]
