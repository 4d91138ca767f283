from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from phasegate.core.plan import Plan, Predicate
from phasegate.planfile import parse, write

PLANS = Path(__file__).parents[2] / "plans"


def read(path: Path) -> Plan:
    plan = parse(path.read_text(encoding="utf-8"), path.name).plan
    assert plan is not None
    return plan


@pytest.mark.parametrize("path", sorted(PLANS.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_written_plan_reads_back_with_the_same_hash(path: Path) -> None:
    plan = read(path)

    again = parse(write(plan)).plan

    assert again == plan
    assert again.hash == plan.hash


@pytest.mark.parametrize(
    "predicate",
    [
        Predicate(field="opened", op="is not"),
        Predicate(field="outcome", op="!=", value='said "no"'),
        Predicate(field="retried", op="==", value=True),
        Predicate(field="rating", op="<=", value=-2.5),
    ],
    ids=lambda predicate: predicate.op,
)
def test_predicates_survive_writing(predicate: Predicate) -> None:
    plan = read(PLANS / "checkout.yaml")
    errors = replace(plan.metrics[0], bad=predicate)

    again = parse(write(replace(plan, metrics=(errors, *plan.metrics[1:])))).plan

    assert again is not None
    assert again.metrics[0] == errors


def test_odd_numbers_survive_writing() -> None:
    odd = replace(
        read(PLANS / "checkout.yaml"),
        traffic=1000 / 60,
        error_budget=0.001,
        unattended=None,
        block=timedelta(minutes=1, seconds=1, milliseconds=500),
    )

    assert parse(write(odd)).plan == odd
