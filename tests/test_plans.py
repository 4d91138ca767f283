"""The plans that are shipped: the demonstration's is the Sihat plan's, not a loosened one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from phasegate import planfile
from phasegate.core.plan import Plan

PLANS = Path(__file__).parents[1] / "plans"


def plan(name: str) -> Plan:
    path = PLANS / name
    found = planfile.parse(path.read_text(), str(path)).plan
    assert found is not None
    return found


@pytest.mark.parametrize("path", sorted(PLANS.glob("*.yaml")), ids=lambda path: path.name)
def test_every_shipped_plan_is_sound(path: Path) -> None:
    assert planfile.parse(path.read_text(), str(path)).errors == ()


@pytest.mark.parametrize("name", ["phase_1_medical_safety", "phase_2_ai_core"])
def test_the_first_clinic_runs_phases_one_and_two_word_for_word(name: str) -> None:
    assert plan("sihat-first-clinic.yaml").phase(name) == plan("sihat-tcm.yaml").phase(name)


def test_its_full_rollout_keeps_every_condition_and_names_fewer_components() -> None:
    ours = plan("sihat-first-clinic.yaml").phase("phase_7_full_rollout")
    theirs = plan("sihat-tcm.yaml").phase("phase_7_full_rollout")

    assert replace(ours, components=theirs.components) == theirs
    assert set(ours.components) < set(theirs.components)
    assert {stage.exposure for part in ours.components for stage in part.stages} == {10_000}


def test_its_metrics_and_its_budget_are_the_same() -> None:
    ours, theirs = plan("sihat-first-clinic.yaml"), plan("sihat-tcm.yaml")

    assert set(ours.metrics) < set(theirs.metrics)
    same = ("error_budget", "confidence", "blind_for", "block", "unattended", "traffic")
    assert [getattr(ours, name) for name in same] == [getattr(theirs, name) for name in same]
