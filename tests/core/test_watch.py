"""Which observation is bad, and which says nothing at all."""

from __future__ import annotations

import pytest

from phasegate.core.plan import Metric, MetricKind, Predicate
from phasegate.core.run import TrialState
from phasegate.core.watch import Series
from phasegate.core.watching import watches
from phasegate.testing.checkout import checkout_plan
from phasegate.testing.story import Story

OPENED = Series(
    name="opened",
    metric=Metric(name="opened", kind=MetricKind.SHARE, good=Predicate(field="opened")),
)
SLOW = Series(
    name="slow>10",
    metric=Metric(name="slow", kind=MetricKind.QUANTILE, of="duration", at=0.95),
    bound=10.0,
)


@pytest.mark.parametrize(
    ("said", "bad"), [(True, False), (False, True), ("true", False), ("False", True), (None, None)]
)
def test_the_text_false_does_not_count_as_yes(said: object, bad: bool | None) -> None:
    assert OPENED.is_bad({"opened": said}) is bad


@pytest.mark.parametrize(
    ("duration", "bad"), [(9.0, False), (11.0, True), (float("nan"), None), ("11", None)]
)
def test_what_is_no_number_is_neither_quick_nor_slow(duration: object, bad: bool | None) -> None:
    assert SLOW.is_bad({"duration": duration}) is bad


def test_of_a_withdrawn_component_only_sentinels_are_looked_for() -> None:
    story = Story(checkout_plan())
    story.tell("phase_started", {"phase": "alpha"})
    story.exposed("alpha")
    story.rolled_back("alpha", "new_cart")

    found = {watch.component: watch for watch in watches(story.plan, story.run)}

    assert story.run.trials["new_cart"].state is TrialState.WITHDRAWN
    assert [series.name for series in found["new_cart"].series] == ["safety_critical"]
    assert [series.name for series in found["new_prices"].series] == [
        "error_rate",
        "safety_critical",
    ]
