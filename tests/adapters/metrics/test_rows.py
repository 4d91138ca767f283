"""Rows of a query are counted as they say, or not at all."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from phasegate.adapters.metrics import rows
from phasegate.core.evidence import Arm
from phasegate.core.plan import Metric, MetricKind, Predicate
from phasegate.ports import ArmCount, CountQuestion, NoData, Unavailable

NOON = 1_893_499_200
METRIC = Metric(name="failures", kind=MetricKind.SHARE, source="sql", bad=Predicate(field="failed"))
ASKED = CountQuestion(
    metric=METRIC,
    component="cart",
    flag="cart",
    bound=None,
    since=NOON,
    until=NOON + 60,
    step=10,
    endpoints={},
)
ROW = {"variant": "on", "bucket": NOON, "seen": 10, "failed": 3}


def counted(**changed: Any) -> list[ArmCount]:
    return rows.counts(ASKED, [{**ROW, **changed}])


@pytest.mark.parametrize(
    "bucket",
    [
        NOON,
        float(NOON),
        Decimal(NOON),
        datetime.fromtimestamp(NOON, UTC),
        datetime.fromtimestamp(NOON, UTC).replace(tzinfo=None),
    ],
)
def test_a_bucket_is_a_second_or_a_time(bucket: object) -> None:
    assert counted(bucket=bucket) == [ArmCount(arm=Arm.TREATMENT, bucket=NOON, seen=10, bad=3)]


@pytest.mark.parametrize(
    ("arm", "found"),
    [
        ("on", [Arm.TREATMENT]),
        ("OFF", [Arm.CONTROL]),
        ("treatment", [Arm.TREATMENT]),
        ("control", [Arm.CONTROL]),
        ("blue", []),
        (None, []),
        (7, []),
    ],
)
def test_a_row_of_another_variant_is_left_out(arm: object, found: list[Arm]) -> None:
    assert [one.arm for one in counted(variant=arm)] == found


def test_rows_of_one_arm_and_step_are_added_up() -> None:
    found = rows.counts(ASKED, [ROW, {**ROW, "seen": 5, "failed": 1}])

    assert found == [ArmCount(arm=Arm.TREATMENT, bucket=NOON, seen=15, bad=4)]


@pytest.mark.parametrize(
    "odd",
    [
        {"seen": -1},
        {"seen": 2.5},
        {"seen": "10"},
        {"seen": None},
        {"seen": True},
        {"seen": float("nan")},
        {"failed": 11},
        {"failed": None},
        {"bucket": "noon"},
        {"bucket": None},
        {"bucket": date(2030, 1, 1)},
    ],
)
def test_a_row_that_cannot_be_counted_spoils_the_answer(odd: dict[str, object]) -> None:
    with pytest.raises(Unavailable, match="failures: the query's rows cannot be counted"):
        counted(**odd)


def test_a_column_that_is_not_there_is_named() -> None:
    with pytest.raises(Unavailable, match="no column failed"):
        rows.counts(ASKED, [{"variant": "on", "bucket": NOON, "seen": 1}])


def test_no_row_at_all_is_no_data_and_a_step_in_which_nothing_was_seen_is_no_count() -> None:
    with pytest.raises(NoData):
        rows.counts(ASKED, [])
    assert counted(seen=0, failed=0) == []


@pytest.mark.parametrize("values", [[], [None], [1.0, None], [float("inf")], [True], ["5"]])
def test_a_level_with_anything_that_is_no_number_is_not_said(values: list[object]) -> None:
    with pytest.raises(NoData):
        rows.level(METRIC, values)


@pytest.mark.parametrize("query", ["SELECT :since", "SELECT :until", "{clinic}/c?s={since}#rows"])
@pytest.mark.parametrize("bucket", [NOON - 1, NOON + 60])
def test_a_bucket_from_outside_the_steps_that_a_query_names_is_an_error(
    query: str, bucket: int
) -> None:
    asked = replace(ASKED, metric=replace(METRIC, query=query))

    with pytest.raises(Unavailable, match=rf"begins at {bucket}, outside .*bucket-coarse"):
        rows.counts(asked, [{**ROW, "bucket": bucket}])


def test_a_query_that_names_no_steps_may_tell_of_others() -> None:
    assert rows.counts(ASKED, [{**ROW, "bucket": NOON - 10}, ROW]) == counted()
