"""The quick form of a series says what the series says."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from phasegate.core.plan import Metric, MetricKind, Predicate
from phasegate.core.watch import Series
from phasegate.telemetry.asking import asked

VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 3), st.floats(width=16), st.sampled_from(["a", "b"])
)
PREDICATES = st.builds(
    Predicate,
    field=st.sampled_from(["x", "y"]),
    op=st.sampled_from(["is", "is not", "==", "!=", "<", "<=", ">", ">="]),
    value=st.one_of(st.integers(-2, 2).map(float), st.booleans(), st.sampled_from(["a"])),
)


@st.composite
def a_series(draw: st.DrawFn) -> Series:
    kind = draw(st.sampled_from([MetricKind.SHARE, MetricKind.QUANTILE, MetricKind.SENTINEL]))
    judged = draw(st.sampled_from(["bad", "good"])) if kind is MetricKind.SHARE else None
    metric = Metric(
        name="m",
        kind=kind,
        where=draw(st.none() | PREDICATES),
        bad=draw(PREDICATES) if judged == "bad" else None,
        good=draw(PREDICATES) if judged == "good" else None,
        of="x" if kind is MetricKind.QUANTILE else None,
    )
    return Series(name="m", metric=metric, bound=draw(st.none() | st.just(1.0)))


@given(
    series=a_series(), attributes=st.dictionaries(st.sampled_from(["x", "y"]), VALUES, max_size=2)
)
def test_the_quick_form_agrees_with_the_series(
    series: Series, attributes: dict[str, object]
) -> None:
    quick = asked(series)
    said = None
    if quick is not None:
        belonging, is_bad = quick
        value = belonging.value(attributes)
        said = None if value is None else bool(is_bad(value))

    assert said == series.is_bad(attributes)
