"""What telemetry looks for in stories: errors of requests, ratings, and a sentinel."""

from __future__ import annotations

from phasegate.core.plan import Metric, MetricKind, Predicate
from phasegate.core.watch import Series

ERRORS = Series(
    name="error_rate",
    metric=Metric(name="error_rate", kind=MetricKind.SHARE, bad=Predicate(field="error")),
)
RATING = Metric(
    name="satisfaction",
    kind=MetricKind.SHARE,
    event="rated",
    good=Predicate(field="rating", op=">=", value=4),
)
RATINGS = Series(name="satisfaction", metric=RATING)
CRITICAL = Series(
    name="safety_critical",
    metric=Metric(name="safety_critical", kind=MetricKind.SENTINEL, event="safety.critical"),
)
