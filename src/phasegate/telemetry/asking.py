"""Series as questions that are quick to ask: whether an observation belongs, and whether it is bad.

Says the same as `core.watch.Series.is_bad`, taken apart once instead of at every observation.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from functools import partial
from math import inf, nan
from typing import Any, NamedTuple  # Any: only numbers are compared, see Belonging.ordered

from phasegate.core.plan import Metric, MetricKind, Predicate
from phasegate.core.watch import Attributes, Series, beyond_scale, holds, is_true

IsBad = Callable[[Any], bool | None]
"""Says whether what an observation is judged by is bad; None where it is not there after all."""

ORDERS: dict[str, Callable[[Any, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}

OF_EVERY_REQUEST = frozenset(("error", "duration"))
"""What every server span is judged by, but for one that ends before it starts: it has no duration.
Series of these belong together, so that a request is counted once for all of them."""


class Belonging(NamedTuple):
    """Which observations belong to a series: two series with the same belong together.

    field    attribute that is judged and has to be there; None: any observation belongs.
    ordered  it has to be a number.
    where    predicate that has to hold as well.
    whole    any request belongs, and all of its attributes are there to be judged.
    """

    field: str | None
    ordered: bool
    where: Predicate | None
    whole: bool = False

    @property
    def fields(self) -> tuple[str, ...]:
        """Return the attributes that are looked at."""
        if self.whole:
            return tuple(OF_EVERY_REQUEST)
        asked_for = (self.field, self.where.field if self.where else None)
        return tuple(name for name in asked_for if name is not None)

    def value(self, attributes: Attributes) -> object:
        """Return what is to be judged; None where the observation does not belong."""
        if self.whole:
            return attributes
        if self.where is not None and not holds(self.where, attributes):
            return None
        if self.field is None:
            return True
        value = attributes.get(self.field)
        return value if not self.ordered or _is_number(value) else None


REQUEST = Belonging(None, False, None, whole=True)


def asked(series: Series) -> tuple[Belonging, IsBad] | None:
    """Return what belongs to a series and which of it is bad; None if nothing ever could."""
    found = _asked(series)
    if found is None or series.metric.event is not None:
        return found
    belonging, is_bad = found
    if belonging.field not in OF_EVERY_REQUEST or belonging.where is not None:
        return found
    return REQUEST, _of_request(belonging, is_bad)


def least_quiet(series: Iterable[Series]) -> float:
    """Return up to which duration a request without error is good for all of these series.

    -1 where that cannot be said, since one of them asks something else of a request.
    """
    least = inf
    for one in series:
        metric = one.metric
        if metric.kind is MetricKind.QUANTILE and (metric.of or "duration") == "duration":
            least = min(least, -1.0 if one.bound is None else float(one.bound))
        elif metric.kind is MetricKind.RATE and metric.event is not None:
            continue  # nothing about being there is bad
        elif not _fails(metric):
            return -1.0
    return least


def _fails(metric: Metric) -> bool:
    kinds = (MetricKind.SHARE, MetricKind.RATE)
    return metric.kind in kinds and metric.bad == Predicate(field="error")


def is_quiet(attributes: Any, least: float) -> bool:
    """Say of a request that it is good at a glance; False may mean good as well."""
    return attributes.get("error") is False and attributes.get("duration", nan) <= least


def _asked(series: Series) -> tuple[Belonging, IsBad] | None:
    metric = series.metric
    if metric.kind is MetricKind.SENTINEL:
        return Belonging(None, False, metric.where), _always
    if metric.kind is MetricKind.QUANTILE:
        if series.bound is None:
            return None
        return Belonging(metric.of or "duration", True, metric.where), _ordered(
            operator.gt, float(series.bound)
        )
    if metric.kind is MetricKind.MEAN:
        return Belonging(metric.of, True, metric.where), partial(beyond_scale, metric)
    predicate = metric.bad or metric.good
    if predicate is None:
        counts_events = metric.kind is MetricKind.RATE and metric.event is not None
        return (Belonging(None, False, metric.where), _always) if counts_events else None
    question = _question(predicate)
    if question is None:
        return None
    ordered = predicate.op in ORDERS
    return (
        Belonging(predicate.field, ordered, metric.where),
        question if metric.bad is not None else _not(question),
    )


def _question(predicate: Predicate) -> IsBad | None:
    asked_for = predicate.value
    match predicate.op:
        case "is":
            return is_true
        case "is not":
            return _not(is_true)
        case "==":
            return lambda value: value == asked_for
        case "!=":
            return lambda value: value != asked_for
    if not isinstance(asked_for, int | float):
        return None
    return _ordered(ORDERS[predicate.op], float(asked_for))


def _ordered(compare: Callable[[Any, float], bool], bound: float) -> IsBad:
    # The converse operators of a number ask the same without a function of our own around them.
    if compare is operator.gt:
        return bound.__lt__
    return lambda value: compare(value, bound)


def _not(question: IsBad) -> IsBad:
    return lambda value: not question(value)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and value == value  # noqa: PLR0124 NaN is unlike itself


def never(_: object) -> bool:
    """Answer for a series that counts presence alone: nothing is bad about being there."""
    return False


def _always(_: object) -> bool:
    return True


def _of_request(belonging: Belonging, is_bad: IsBad) -> IsBad:
    """Return the question as it is asked of all attributes of a request."""
    name = belonging.field
    if is_bad is is_true and name == "error":
        # The receiver itself says of every request whether it failed: a bool, never text.
        return operator.methodcaller("get", name)

    def of_duration(attributes: Attributes) -> bool | None:
        # Measured by the receiver itself as well, so that it is a number where it is there.
        took: Any = attributes.get("duration")
        return None if took is None or took != took else is_bad(took)  # noqa: PLR0124 NaN

    def any_of(attributes: Attributes) -> bool | None:
        value = attributes.get(name or "")
        return None if value is None else is_bad(value)

    def ordered_of(attributes: Attributes) -> bool | None:
        value = attributes.get(name or "")
        return is_bad(value) if _is_number(value) else None

    if name == "duration" and belonging.ordered:
        return of_duration
    return ordered_of if belonging.ordered else any_of
