"""Series as questions that are quick to ask: whether an observation belongs, and whether it is bad.

Says the same as `core.watch.Series.is_bad`, taken apart once instead of at every observation.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, NamedTuple  # Any: only numbers are compared, see Belonging.ordered

from phasegate.core.plan import MetricKind, Predicate
from phasegate.core.watch import Attributes, Series, holds

IsBad = Callable[[object], bool]

ORDERS: dict[str, Callable[[Any, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class Belonging(NamedTuple):
    """Which observations belong to a series: two series with the same belong together.

    field    attribute that is judged and has to be there; None: any observation belongs.
    ordered  it has to be a number.
    where    predicate that has to hold as well.
    """

    field: str | None
    ordered: bool
    where: Predicate | None

    @property
    def fields(self) -> tuple[str, ...]:
        """Return the attributes that are looked at."""
        asked_for = (self.field, self.where.field if self.where else None)
        return tuple(name for name in asked_for if name is not None)

    def value(self, attributes: Attributes) -> object:
        """Return the value to be judged; None where the observation does not belong."""
        if self.where is not None and not holds(self.where, attributes):
            return None
        if self.field is None:
            return True
        value = attributes.get(self.field)
        return None if self.ordered and not isinstance(value, int | float) else value


def asked(series: Series) -> tuple[Belonging, IsBad] | None:
    """Return what belongs to a series and which of it is bad; None if nothing ever could."""
    metric = series.metric
    if metric.kind is MetricKind.SENTINEL:
        return Belonging(None, False, metric.where), _always
    if metric.kind is MetricKind.QUANTILE:
        if series.bound is None:
            return None
        return Belonging(metric.of or "duration", True, metric.where), _ordered(
            operator.gt, series.bound
        )
    predicate = metric.bad or metric.good
    if predicate is None:
        return None
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
            return bool
        case "is not":
            return operator.not_
        case "==":
            return lambda value: value == asked_for
        case "!=":
            return lambda value: value != asked_for
    if not isinstance(asked_for, int | float):
        return None
    return _ordered(ORDERS[predicate.op], float(asked_for))


def _ordered(compare: Callable[[Any, float], bool], bound: float) -> IsBad:
    return lambda value: compare(value, bound)


def _not(question: IsBad) -> IsBad:
    return lambda value: not question(value)


def _always(_: object) -> bool:
    return True
