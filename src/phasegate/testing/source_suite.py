"""What every metric source keeps to: inherit SourceSuite, or LevelSuite, and set a stage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import pytest

from phasegate.core.evidence import Arm
from phasegate.core.plan import Metric
from phasegate.ports import ArmCount, CountQuestion, MetricSource, NoData, Unavailable

STEP = 10
LEVEL = 41.5
SEVERAL = (20.0, 70.0)

COUNTED = (
    (Arm.TREATMENT, -1, 9, 9),
    (Arm.TREATMENT, 0, 8, 2),
    (Arm.CONTROL, 0, 8, 0),
    (Arm.TREATMENT, 2, 5, 1),
    (Arm.CONTROL, 3, 4, 4),
    (Arm.CONTROL, 4, 6, 6),
)
"""Arm, step counted from Stage.since, seen, bad. The first and the last are not asked for."""

STEPS = 4


@dataclass(frozen=True, kw_only=True)
class LevelStage:
    """What the test of a source of levels has prepared.

    endpoints      where the source answers; nowhere: the same names where nobody does.
    one, several   levels of LEVEL, and of SEVERAL by two series; None: the source knows no series.
    none, no_number  levels that have nothing, and something that is no number.
    """

    source: MetricSource
    endpoints: Mapping[str, str]
    nowhere: Mapping[str, str]
    one: Metric
    several: Metric | None
    none: Metric
    no_number: Metric

    def level(self, metric: Metric) -> float:
        """Read a level."""
        return self.source.read(metric, self.endpoints)


@dataclass(frozen=True, kw_only=True)
class Stage(LevelStage):
    """What the test of a source of levels and of counts by arm has prepared.

    since          Unix second of step 0, a multiple of STEP.
    bad, good      COUNTED for the component and flag `cart`, by what was bad and by what was good.
    silent         counts of which there are none.
    broken         counts by a query that the source cannot carry out.
    """

    since: int
    bad: Metric
    good: Metric
    silent: Metric
    broken: Metric

    def counts(self, metric: Metric, first: int = 0, end: int = STEPS) -> set[ArmCount]:
        """Ask for the counts of these steps."""
        return set(self.source.counts(self.question(metric, first, end)))

    def question(self, metric: Metric, first: int = 0, end: int = STEPS) -> CountQuestion:
        """Write a question about these steps."""
        return CountQuestion(
            metric=metric,
            component="cart",
            flag="cart",
            bound=None,
            since=self.since + first * STEP,
            until=self.since + end * STEP,
            step=STEP,
            endpoints=self.endpoints,
        )

    def expected(self, first: int = 0, end: int = STEPS) -> set[ArmCount]:
        """Return what was counted in these steps."""
        return {
            ArmCount(arm=arm, bucket=self.since + step * STEP, seen=seen, bad=bad)
            for arm, step, seen, bad in COUNTED
            if first <= step < end
        }


class LevelSuite:
    """What every source of levels keeps to. Inherit it and give a fixture `stage`."""

    def test_a_level_is_its_number(self, stage: LevelStage) -> None:
        assert stage.level(stage.one) == LEVEL

    @pytest.mark.parametrize(
        ("across", "level"), [("highest", 70.0), ("lowest", 20.0), ("mean", 45.0), ("sum", 90.0)]
    )
    def test_of_several_series_the_plan_chooses(
        self, stage: LevelStage, across: str, level: float
    ) -> None:
        if stage.several is not None:
            assert stage.level(replace(stage.several, across=across)) == level

    def test_several_series_without_a_choice_are_no_data(self, stage: LevelStage) -> None:
        if stage.several is not None:
            with pytest.raises(NoData, match="across"):
                stage.level(stage.several)

    def test_nothing_is_no_data(self, stage: LevelStage) -> None:
        with pytest.raises(NoData, match=stage.none.name):
            stage.level(stage.none)

    def test_what_is_no_number_is_no_data(self, stage: LevelStage) -> None:
        with pytest.raises(NoData, match=stage.no_number.name):
            stage.level(stage.no_number)

    def test_a_level_of_nowhere_is_unavailable_and_its_secret_not_told(
        self, stage: LevelStage
    ) -> None:
        with pytest.raises(Unavailable, match=stage.one.name) as level:
            stage.source.read(stage.one, stage.nowhere)
        assert "secret" not in str(level.value)


class SourceSuite(LevelSuite):
    """What a source keeps to that counts by arm as well. Give a fixture `stage`: a Stage."""

    def test_counts_of_nowhere_are_unavailable_and_their_secret_not_told(
        self, stage: Stage
    ) -> None:
        question = replace(stage.question(stage.bad), endpoints=stage.nowhere)

        with pytest.raises(Unavailable, match=stage.bad.name) as counts:
            stage.source.counts(question)
        assert "secret" not in str(counts.value)

    def test_a_query_that_cannot_be_carried_out_is_unavailable(self, stage: Stage) -> None:
        with pytest.raises(Unavailable, match=stage.broken.name):
            stage.counts(stage.broken)

    def test_counts_come_by_arm_and_step_and_only_as_asked(self, stage: Stage) -> None:
        assert stage.counts(stage.bad) == stage.expected()

    def test_what_was_good_is_counted_as_what_was_not_bad(self, stage: Stage) -> None:
        assert stage.counts(stage.good) == stage.expected()

    def test_some_of_the_steps_have_their_own_counts(self, stage: Stage) -> None:
        assert stage.counts(stage.bad, 1, 3) == stage.expected(1, 3)

    def test_the_same_question_has_the_same_answer(self, stage: Stage) -> None:
        assert stage.counts(stage.bad) == stage.counts(stage.bad)

    def test_nothing_counted_is_no_data(self, stage: Stage) -> None:
        with pytest.raises(NoData, match=stage.silent.name):
            stage.counts(stage.silent)
