"""Levels told by OTLP metrics: one reading out of whatever series there are, or none."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

import pytest

from phasegate.core.evidence import ENVIRONMENT, Arm
from phasegate.core.plan import Metric, MetricKind, Predicate
from phasegate.core.watch import Series, Watch
from phasegate.telemetry.levels import Level, LevelKey
from phasegate.telemetry.observation import Point
from phasegate.telemetry.tallying import Tallier

NOON = 1_893_499_200.0
MEMORY = Metric(
    name="memory", kind=MetricKind.LEVEL, source="otlp", query="memory.usage", across="highest"
)


def tallier(metric: Metric = MEMORY, *components: str) -> Tallier:
    made = Tallier("server-1", b"k" * 16)
    made.watch(
        [
            Watch(
                run="checkout-1",
                phase="alpha",
                component=component,
                flag=component,
                attempt=2,
                series=(Series(name=metric.name, metric=metric),),
                block=30,
            )
            for component in components or ("cart",)
        ]
    )
    return made


def point(value: float, after_s: float = 0, host: str = "a", **more: float | bool) -> Point:
    return Point("memory.usage", {"host": host}, value, NOON + after_s, **more)  # type: ignore[arg-type]


def readings(made: Tallier, after_s: float = 0) -> list[float]:
    return [tally.total for tally, _ in made.flush(NOON + after_s).tallies]


def test_a_point_is_a_reading_of_the_environment() -> None:
    made = tallier(MEMORY, "cart", "basket")
    made.read([point(61.5)])

    ((tally, ripe_ms),) = made.flush(NOON + 1).tallies

    assert (tally.component, tally.arm, tally.attempt) == (ENVIRONMENT, Arm.CONTROL, 1)
    assert (tally.series, tally.bucket, tally.seen) == ("memory", int(NOON), 1)
    assert (tally.total, ripe_ms) == (61.5, int((NOON + 1) * 1000))


def test_without_a_new_point_there_is_no_new_reading() -> None:
    made = tallier()
    made.read([point(50)])

    assert (readings(made), readings(made, 1)) == ([50], [])


@pytest.mark.parametrize(
    ("across", "reading"),
    [("highest", [70]), ("lowest", [20]), ("mean", [45]), ("sum", [90]), (None, [])],
)
def test_of_several_series_the_plan_chooses_and_nobody_else(
    across: str | None, reading: list[float]
) -> None:
    made = tallier(replace(MEMORY, across=across))
    made.read([point(20), point(70, host="b")])

    assert readings(made) == reading


def test_a_series_that_fell_silent_counts_no_longer() -> None:
    made = tallier()
    made.read([point(90, host="gone"), point(40)])
    assert readings(made) == [90]
    made.read([point(41, 151)])

    assert readings(made, 151) == [41]


def test_only_points_that_belong_are_read() -> None:
    made = tallier(replace(MEMORY, where=Predicate(field="host", op="==", value="b")))
    made.read([point(90), Point("other", {"host": "b"}, 80, NOON), point(30, host="b")])

    assert readings(made) == [30]


def test_a_point_that_is_older_than_the_known_one_changes_nothing() -> None:
    made = tallier()
    made.read([point(50, 10), point(99, 5)])

    assert readings(made, 10) == [50]


def test_a_sum_that_only_grows_is_read_as_its_growth_per_second() -> None:
    made = tallier()
    made.read([point(1000, rising=True)])
    assert readings(made) == []
    made.read([point(1300, 60, rising=True)])

    assert readings(made, 60) == [5]


def test_a_growing_sum_that_began_anew_has_grown_by_what_it_is() -> None:
    made = tallier()
    made.read([point(1000, rising=True), point(120, 60, rising=True)])

    assert readings(made, 60) == [2]


def test_a_delta_is_its_own_growth() -> None:
    made = tallier()
    made.read([point(120, 60, rising=True, delta=True, start_s=NOON)])

    assert readings(made, 60) == [2]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_no_number_is_no_reading(value: float) -> None:
    made = tallier()
    made.read([point(value)])

    assert readings(made) == []


def test_readings_go_on_when_what_is_watched_is_arranged_anew() -> None:
    before = tallier()
    before.read([point(100, rising=True)])
    before.watch(
        [
            Watch(
                run="checkout-1",
                phase="alpha",
                component="basket",
                flag="basket",
                attempt=1,
                series=(Series(name="memory", metric=MEMORY),),
                block=30,
            )
        ]
    )
    before.read([point(160, 60, rising=True)])

    assert readings(before, 60) == [1]


def test_attributes_of_a_series_are_told_apart_and_kept_nowhere() -> None:
    level = Level(
        key=LevelKey(run="checkout-1", phase="alpha", series="memory"),
        series=Series(name="memory", metric=replace(MEMORY, across="sum")),
    )
    level.take(point(20, host="a" * 1000))
    level.take(point(70, host="a" * 1001))

    (tally,) = level.drain(NOON, "w", count(1))

    assert tally.total == 90
    assert "aaa" not in repr(level)
