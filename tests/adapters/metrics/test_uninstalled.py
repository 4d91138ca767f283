"""A source whose packages are missing says so when asked, and keeps no server from starting."""

from __future__ import annotations

import importlib.metadata
from importlib.metadata import EntryPoint

import pytest

from phasegate import wiring
from phasegate.core.plan import Metric, MetricKind
from phasegate.ports import CountQuestion, Unavailable


def test_a_source_without_its_packages_says_which_extra_brings_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    missing = EntryPoint("sql", "no_such_package.sql:SqlSource", "phasegate.metric_sources")
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda **_: [missing])
    metric = Metric(name="memory", kind=MetricKind.LEVEL, source="sql", query="SELECT 1")
    question = CountQuestion(
        metric=metric,
        component="cart",
        flag="cart",
        bound=None,
        since=0,
        until=10,
        step=10,
        endpoints={},
    )

    source = wiring.metric_sources()["sql"]

    for ask in (lambda: source.read(metric, {}), lambda: source.counts(question)):
        with pytest.raises(Unavailable, match=r"no_such_package; install phasegate\[sql\]"):
            ask()


def test_all_shipped_sources_are_found() -> None:
    shipped = importlib.metadata.entry_points(group="phasegate.metric_sources").names

    assert wiring.metric_sources().keys() == shipped >= {"http_json", "prometheus", "sql"}
