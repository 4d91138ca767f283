"""What is observed, which observation counts as bad, and the bounds that gates and guards set."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum


class MetricKind(Enum):
    """What one observation is and how it is judged."""

    SHARE = "share"
    QUANTILE = "quantile"
    MEAN = "mean"
    RATE = "rate"
    LEVEL = "level"
    SENTINEL = "sentinel"


@dataclass(frozen=True, kw_only=True)
class Predicate:
    """A question about one observation: `rating >= 4`, `error`, `not opened`.

    op is one of == != < <= > >= or "is" (the field is true) or "is not".
    """

    field: str
    op: str = "is"
    value: float | str | bool | None = None


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A named definition of what is observed and which observation counts as bad.

    event     name of the log event that carries the observation; None: the server span itself.
    where     which observations belong to the metric at all.
    bad, good exactly one of them for a share.
    of, at    for a quantile: the observed field and the level in 0..1; for a mean: the field.
    cuts      for a quantile: values at which both arms' distributions are compared, rising.
    scale     for a mean: the least and the greatest value there is; better: "higher" or "lower".
    unit      of `of`, or of a level: "ms", "%".
    query     what a source is asked: for a level, or for counts by arm and bucket.
    query_all, query_part  for counters by arm: of everything, and of the bad (or good) part of it.
    endpoint  name of the endpoint that the source is asked at; None: the source's own name.
    counts    what counts of an outside source are of: "subjects", each once, or None: requests.
    cases     for a share from labelled cases: the name of the case file.
    lag       how long an outcome may take to arrive; cohorts are judged once it has passed.
    hold      for a level: how long it must stay beyond its bound.
    across    for a level that several series tell: highest, lowest, mean or sum of them.
    weight    share of the phase's error budget relative to the other metrics; None: by kind.
    """

    name: str
    kind: MetricKind
    source: str = "otlp"
    event: str | None = None
    where: Predicate | None = None
    bad: Predicate | None = None
    good: Predicate | None = None
    of: str | None = None
    at: float | None = None
    cuts: tuple[float, ...] | None = None
    scale: tuple[float, float] | None = None
    better: str | None = None
    unit: str | None = None
    query: str | None = None
    query_all: str | None = None
    query_part: str | None = None
    endpoint: str | None = None
    counts: str | None = None
    cases: str | None = None
    lag: timedelta = timedelta(0)
    hold: timedelta = timedelta(minutes=2)
    across: str | None = None
    weight: float | None = None

    @property
    def knows_subjects(self) -> bool:
        """Its counts are of subjects, each an independent unit, and not of requests alone."""
        return self.source in KNOW_SUBJECTS or self.counts == "subjects"


KNOW_SUBJECTS = ("otlp", "cases")
"""Sources that see each subject; what others count is as their query has it."""


class Comparison(Enum):
    """How a condition relates a metric to its bound."""

    BELOW = "below"
    ABOVE = "above"
    WORSE_THAN_CONTROL = "worse than control"
    OCCURS = "occurs"


@dataclass(frozen=True, kw_only=True)
class Condition:
    """One line of `pass_when` or `roll_back_when`, parsed.

    bound   a share in 0..1 for shares, events per hour of a subject's presence for rates, else in
            the metric's unit (ms for durations).
    margin  for WORSE_THAN_CONTROL: by how much treatment may be worse, in the same unit; of a
            quantile, by how much larger a share may exceed each of its cuts.
    text    the line as the plan has it, for people.
    """

    metric: str
    comparison: Comparison
    bound: float | None = None
    margin: float = 0.0
    text: str
