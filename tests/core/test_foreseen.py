from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from phasegate import planfile
from phasegate.cli.main import cli
from phasegate.core.plan import Plan
from phasegate.core.review.foreseen import Foreseen, foreseen

FILE = Path(__file__).parents[2] / "plans" / "sihat-tcm.yaml"


@pytest.fixture(scope="module")
def sihat() -> Plan:
    plan = planfile.parse(FILE.read_text(), str(FILE)).plan
    assert plan is not None
    return plan


@pytest.fixture(scope="module")
def lines(sihat: Plan) -> tuple[Foreseen, ...]:
    return foreseen(sihat)


def line(lines: tuple[Foreseen, ...], component: str, condition: str) -> Foreseen:
    return next(one for one in lines if (one.component, one.condition) == (component, condition))


def test_every_guard_of_every_component_has_a_line(
    sihat: Plan, lines: tuple[Foreseen, ...]
) -> None:
    first = sihat.phases[0]
    mine = [one.condition for one in lines if (one.phase, one.component) == (first.name, "*")]

    assert mine == ["safety_critical", "emergency_sensitivity > 95%", "no safety_critical"]
    assert len([one for one in lines if one.phase == first.name]) == 3 + 3 * (4 + 2)


def test_a_guard_says_its_budget_smallest_harm_sample_and_time(
    lines: tuple[Foreseen, ...],
) -> None:
    found = line(lines, "emergency_detector", "error_rate worse than control by 1%")

    assert found.alpha == pytest.approx(0.05 / 36 * 0.98 / 3 * 0.8)
    assert found.smallest == pytest.approx(0.0275, abs=0.002)
    assert found.asked == pytest.approx(0.03)
    assert 2000 < (found.sample or 0) < 6000
    assert found.earliest is not None
    assert found.earliest < timedelta(seconds=30)


def test_shares_are_told_as_the_plan_has_them(lines: tuple[Foreseen, ...]) -> None:
    found = line(lines, "emergency_detector", "satisfaction < 85%")

    assert 0.8 < (found.smallest or 0) <= 0.85
    assert found.asked == pytest.approx(0.70)


def test_a_late_outcome_is_decided_no_sooner_than_its_lag(lines: tuple[Foreseen, ...]) -> None:
    found = line(lines, "emergency_detector", "satisfaction > 85%")

    assert found.gate
    assert found.earliest is not None
    assert found.earliest > timedelta(hours=1)


def test_labelled_cases_need_the_exact_sample(lines: tuple[Foreseen, ...]) -> None:
    assert line(lines, "*", "emergency_sensitivity > 95%").sample == 59


def test_the_command_prints_a_table_for_every_phase(sihat: Plan) -> None:
    told = CliRunner().invoke(cli, ["plan", "power", str(FILE)])

    assert told.exit_code == 0, told.output
    assert all(phase.title in told.output for phase in sihat.phases)
    assert "error_rate worse than control by 1%" in told.output


def test_the_command_prints_json_for_programs(sihat: Plan) -> None:
    import json

    told = CliRunner().invoke(cli, ["plan", "power", str(FILE), "--json"])

    content = json.loads(told.output)
    assert content["plan_hash"] == sihat.hash
    assert len(content["lines"]) > 100
