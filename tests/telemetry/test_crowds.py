"""Requests that came together count as if each had come by itself."""

from __future__ import annotations

from dataclasses import replace
from math import nan

from hypothesis import given
from hypothesis import strategies as st

from phasegate.core.evidence import Arm, Tally
from phasegate.core.plan import Metric, MetricKind, Predicate
from phasegate.core.watch import Series, Watch
from phasegate.telemetry.exposing import SET
from phasegate.telemetry.observation import EXPOSURE_EVENT, Exposure, Observation
from phasegate.telemetry.tallying import Tallier

NOON = 1_893_499_200.0
SKEW = 4000.0
ERRORS = Series(
    name="error_rate",
    metric=Metric(name="error_rate", kind=MetricKind.SHARE, bad=Predicate(field="error")),
)
SLOW = Series(
    name="response_time>2",
    metric=Metric(name="response_time", kind=MetricKind.QUANTILE, at=0.95, of="duration"),
    bound=2.0,
)
MEAN = Series(
    name="mean_time",
    metric=Metric(name="mean_time", kind=MetricKind.MEAN, of="duration", scale=(0.0, 3.0)),
)
EMPTY = Series(
    name="empty",
    metric=Metric(
        name="empty", kind=MetricKind.SHARE, bad=Predicate(field="items", op="<", value=1)
    ),
)
RATED = Series(
    name="satisfaction",
    metric=Metric(
        name="satisfaction",
        kind=MetricKind.SHARE,
        event="rated",
        good=Predicate(field="rating", op=">=", value=4),
    ),
)
FALLS = Series(name="falls", metric=Metric(name="falls", kind=MetricKind.RATE, event="fall"))


CRITICAL = Series(
    name="critical",
    metric=Metric(
        name="critical",
        kind=MetricKind.SENTINEL,
        where=Predicate(field="items", op="==", value=0),
    ),
)


def watch(flag: str, *series: Series, since: float = 0.0, environment: str = "production") -> Watch:
    return Watch(
        run=f"checkout-{environment}",
        environment=environment,
        phase="alpha",
        component=flag,
        flag=flag,
        attempt=1,
        series=series,
        block=30,
        since=since,
    )


EVERYWHERE = (
    watch("cart", ERRORS, SLOW, RATED, FALLS),
    watch("cart", ERRORS, SLOW, FALLS, since=NOON + 10, environment="staging"),
    watch("till", ERRORS, CRITICAL, since=NOON + 20),
)
"""The same flag in two environments, and a sentinel that any request may be."""

WATCHES = (watch("cart", ERRORS, SLOW, RATED, FALLS), watch("till", ERRORS, EMPTY, since=NOON + 20))


def thorough(watches: tuple[Watch, ...]) -> list[Watch]:
    """Return watches of which each request is looked at by itself, since a mean asks for that."""
    return [replace(one, series=(*one.series, MEAN)) for one in watches]


@st.composite
def batches(draw: st.DrawFn) -> list[Observation]:
    """Requests of a few patients in the order of their times, who stay in their arms."""
    times = sorted(draw(st.lists(st.integers(0, 180), max_size=25)))
    return [draw(requests(NOON + half / 2, number)) for number, half in enumerate(times)]


@st.composite
def requests(draw: st.DrawFn, at_s: float, number: int) -> Observation:
    subject = draw(st.sampled_from((None, "patient-1", "patient-2", "patient-3")))
    others = st.sampled_from((subject, subject, subject, "patient-1"))
    attributes: dict[str, object] = {"error": draw(st.sampled_from((False, False, True)))}
    if draw(st.integers(0, 5)):
        attributes["duration"] = draw(st.sampled_from((0.5, 1.0, 2.0, 2.5, -1.0, 1e300)))
    if draw(st.booleans()):
        attributes["items"] = draw(st.integers(0, 2))
    return Observation(
        event=None,
        subject=subject,
        attributes=attributes,
        at_s=at_s + draw(st.sampled_from((0.0, 0.0, 0.0, 0.0, SKEW, -SKEW))),
        exposures=tuple(
            Exposure(flag, "off" if subject == "patient-2" else "on", draw(others))
            for flag in draw(st.sampled_from((("cart", "till"), ("cart", "till"), ("cart",), ())))
        ),
        trace=draw(st.sampled_from((b"", b"same", b"trace-%d" % number))),
        span=b"%d" % number,
        sampled=not draw(st.integers(0, 9)),
    )


def plain(one: Observation) -> Observation:
    """Return a request like most: good at a glance."""
    variant = "off" if one.subject == "patient-2" else "on"
    return one._replace(
        attributes={"error": False, "duration": 1.0, "items": 1},
        at_s=NOON + (one.at_s - NOON + SKEW / 2) % SKEW - SKEW / 2,
        exposures=tuple(Exposure(flag, variant, None, "production") for flag in ("cart", "till")),
        sampled=False,
    )


@st.composite
def everything(draw: st.DrawFn) -> list[Observation]:
    """Requests among which somebody falls, and exposures that are told apart, of two places."""
    mixed: list[Observation] = []
    for number, one in enumerate(draw(batches())):
        if draw(st.integers(0, 3)):
            mixed.append(plain(one))
            continue
        places = draw(st.sampled_from((None, "production", "production", "staging")))
        exposures = tuple(each._replace(flag_set=places) for each in one.exposures)
        attributes = dict(one.attributes)
        if not draw(st.integers(0, 9)):
            attributes["duration"] = nan
        if not draw(st.integers(0, 9)):
            attributes["error"] = "false"
        mixed.append(one._replace(exposures=exposures, attributes=attributes))
        apart = draw(st.sampled_from((None, None, None, "fall", EXPOSURE_EVENT)))
        if apart is not None:
            of = mixed[draw(st.integers(0, len(mixed) - 1))]
            mixed.append(of._replace(event=apart, attributes={}, span=b"%d" % number))
    return mixed


def told(made: Tallier) -> object:
    """Return everything that is stored, by what it is counted for."""
    flushed = made.flush(NOON + 100)
    seen = [
        (one.run, one.series, one.component, sorted(one.subjects), one.ill)
        for one in flushed.sightings
        if one.series != MEAN.name
    ]
    told = [tally for tally, _ in flushed.tallies if tally.series != MEAN.name]
    return sorted(map(known, told)), sorted(seen), made.counters


def known(tally: Tally) -> tuple[object, ...]:
    counts = (tally.seen, tally.bad, tally.subjects, tally.subjects_bad, tally.total)
    risk = (tally.at_risk, tally.newly_bad, tally.again_bad)
    place = (tally.run, tally.component, tally.series, tally.arm is Arm.TREATMENT, tally.bucket)
    return (*place, *counts, *risk)


def rated(*, subject: str | None = None, trace: bytes = b"") -> Observation:
    return Observation(
        event="rated", subject=subject, attributes={"rating": 1}, at_s=NOON + 95, trace=trace
    )


LATER = [
    *(rated(subject=f"patient-{number}") for number in (1, 2, 3)),
    *(rated(trace=trace) for trace in (b"same", b"trace-0", b"trace-1", b"trace-2")),
]
"""What tells whether exposures and traces were remembered alike."""


@given(batches())
def test_a_batch_counts_what_its_requests_would_one_by_one(batch: list[Observation]) -> None:
    together, apart = Tallier("server-1", b"k" * 16), Tallier("server-1", b"k" * 16)
    together.watch(WATCHES)
    apart.watch(thorough(WATCHES))

    together.observe(batch, NOON + 90)
    for one in batch:
        apart.observe([one], NOON + 90)

    assert told(together) == told(apart)
    for made in (together, apart):
        made.observe(LATER, NOON + 96)
    assert told(together) == told(apart)


@given(everything(), everything(), st.booleans())
def test_whatever_comes_together_counts_as_where_each_is_looked_at_by_itself(
    before: list[Observation], batch: list[Observation], restarted: bool
) -> None:
    """Also for whom a server knows from before, and for whom it recalls after a restart."""
    looked_for = (EVERYWHERE, thorough(EVERYWHERE))
    makers = [Tallier("server-1", b"k" * 16) for _ in looked_for]
    for made, watches in zip(makers, looked_for, strict=True):
        made.watch(watches)
        for one in before:
            made.observe([one], NOON + 90)
    if restarted:
        sightings = [made.flush(NOON + 91).sightings for made in makers]
        makers = [Tallier("server-1", b"k" * 16) for _ in looked_for]
        for made, kept, watches in zip(makers, sightings, looked_for, strict=True):
            made.recall(kept)
            made.watch(watches)
    together, apart = makers

    together.observe(batch, NOON + 92)
    apart.observe(batch, NOON + 92)

    assert told(together) == told(apart)
    for made in (together, apart):
        made.observe(LATER, NOON + 96)
    assert told(together) == told(apart)


def test_who_fell_before_is_not_at_risk_among_others_either() -> None:
    first = Observation(event=None, subject="patient-1", attributes={}, at_s=NOON)
    fall = first._replace(event="fall", attributes={SET: "production"}, at_s=NOON + 1)
    found = []
    for watches in (EVERYWHERE, thorough(EVERYWHERE)):
        made = Tallier("server-1", b"k" * 16)
        made.watch(watches)
        for one in (plain(first), fall, plain(first._replace(at_s=NOON + 60))):
            made.observe([one], NOON + 90)
        found.append(told(made))

    assert found[0] == found[1]


@given(batches())
def test_a_batch_is_the_same_whatever_else_has_to_be_asked(batch: list[Observation]) -> None:
    """A mean has each request looked at by itself; the other series may not notice."""
    quick, thorough = Tallier("server-1", b"k" * 16), Tallier("server-1", b"k" * 16)
    quick.watch([watch("cart", ERRORS, SLOW)])
    thorough.watch([watch("cart", ERRORS, SLOW, MEAN)])

    for made in (quick, thorough):
        made.observe(batch, NOON + 90)

    found = [
        [
            known(tally)
            for tally, _ in made.flush(NOON + 100).tallies
            if tally.series in (ERRORS.name, SLOW.name)
        ]
        for made in (quick, thorough)
    ]
    assert sorted(found[0]) == sorted(found[1])
