"""What is counted at a glance is what would have been counted by asking every series."""

from __future__ import annotations

from itertools import count
from math import inf, nan

from hypothesis import given
from hypothesis import strategies as st

from phasegate.core.plan import Metric, MetricKind, Predicate
from phasegate.core.watch import Series
from phasegate.telemetry.asking import asked, is_quiet, least_quiet
from phasegate.telemetry.bundles import Bundle, BundleKey
from phasegate.telemetry.cells import Member

ERRORS = Series(
    name="errors",
    metric=Metric(name="errors", kind=MetricKind.SHARE, bad=Predicate(field="error")),
)
NO_ERRORS = Series(
    name="good",
    metric=Metric(name="good", kind=MetricKind.SHARE, good=Predicate(field="error")),
)


def slow(bound: float) -> Series:
    metric = Metric(name="slow", kind=MetricKind.QUANTILE, at=0.95, of="duration")
    return Series(name=f"slow>{bound}", metric=metric, bound=bound)


def bundle(*series: Series) -> Bundle:
    questions = [asked(one) for one in series]
    members = [
        Member(series=one, is_bad=found[1])
        for one, found in zip(series, questions, strict=True)
        if found is not None
    ]
    assert questions[0] is not None
    names = tuple(one.name for one in series)
    key = BundleKey("checkout-1", "alpha", "cart", 1, None, questions[0][0], 0.0, names)
    return Bundle(key, members, block=30)


requests = st.fixed_dictionaries(
    {"error": st.booleans()},
    optional={"duration": st.sampled_from([0.0, 1.0, 2.0, 2.5, 3.0, 3.5, inf, nan])},
)
visits = st.lists(
    st.tuples(st.integers(0, 1), st.integers(0, 90), st.none() | st.integers(1, 3), requests),
    max_size=25,
)


@given(visits)
def test_a_glance_counts_what_every_series_would(
    visits: list[tuple[int, int, int | None, dict[str, object]]],
) -> None:
    series = (ERRORS, slow(3.0), slow(2.0))
    quick, thorough = bundle(*series), bundle(*series)
    thorough.quiet = -1.0

    for visit in visits:
        quick.count(*visit)
        thorough.count(*visit)

    assert quick.quiet == 2.0
    told = [repr(list(one.drain(0, "w", count(1)))) for one in (quick, thorough)]
    assert told[0] == told[1]
    assert list(quick.sightings()) == list(thorough.sightings())


@given(requests)
def test_a_request_that_is_good_at_a_glance_is_good_for_all(request: dict[str, object]) -> None:
    series = (ERRORS, slow(3.0), slow(2.0))
    questions = [found[1] for one in series if (found := asked(one))]

    if is_quiet(request, least_quiet(series)):
        assert not any(question(request) for question in questions)


def test_series_that_ask_something_else_are_always_asked() -> None:
    assert least_quiet([ERRORS]) == inf
    assert least_quiet([ERRORS, NO_ERRORS]) == -1.0
