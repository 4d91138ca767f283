"""Metrics of the stages on which metric sources are tried."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from phasegate.core.plan import Metric, MetricKind, Predicate

MakeMetric = Callable[..., Metric]


@pytest.fixture(scope="session")
def a_level() -> MakeMetric:
    """Define a level: a_level(source, name, query)."""

    def make(source: str, name: str, query: str) -> Metric:
        return Metric(name=name, kind=MetricKind.LEVEL, source=source, query=query)

    return make


@pytest.fixture(scope="session")
def a_share() -> MakeMetric:
    """Define a share by its column: a_share(source, name, bad="failed", query=…)."""

    def make(source: str, name: str, *, bad: str = "", good: str = "", **more: Any) -> Metric:
        return Metric(
            name=name,
            kind=MetricKind.SHARE,
            source=source,
            bad=Predicate(field=bad) if bad else None,
            good=Predicate(field=good) if good else None,
            **more,
        )

    return make
