"""Metrics of a plan file: one table each, with only the keys that its kind understands."""

from __future__ import annotations

from datetime import timedelta

from phasegate.core.across import CHOICES
from phasegate.core.plan import Metric, MetricKind
from phasegate.planfile import keys, values
from phasegate.planfile.fields import Fields
from phasegate.planfile.notes import Wrong
from phasegate.planfile.predicates import predicate


def metric(table: Fields) -> Metric | None:
    """Return the metric that a table defines; None if its kind cannot be read."""
    table.only(keys.METRIC)
    kind = table.need("kind", values.one_of(MetricKind), None)
    if kind is None:
        return None
    source = table.read("source", _source(kind), "otlp")
    _keys_fit(table, kind, source)
    if kind is MetricKind.LEVEL:
        table.require("source")
    return Metric(
        name=_name(table),
        kind=kind,
        source=source,
        event=table.read("event", values.words, None),
        where=table.read("where", predicate, None),
        bad=table.read("bad", predicate, None),
        good=table.read("good", predicate, None),
        of=table.need("of", values.words, None) if kind is MetricKind.QUANTILE else None,
        at=table.need("at", values.inner_share, 0.5) if kind is MetricKind.QUANTILE else None,
        unit=_unit(table, kind),
        query=table.need("query", values.words, None) if kind is MetricKind.LEVEL else None,
        across=_across(table, kind, source),
        cases=table.need("cases", values.name, None) if source == "cases" else None,
        lag=table.read("lag", values.delay, timedelta(0)),
        hold=table.read("hold", values.long_enough, timedelta(minutes=2)),
        weight=table.read("weight", values.weight, None),
    )


def _keys_fit(table: Fields, kind: MetricKind, source: str) -> None:
    known = keys.METRIC_BY_KIND[kind.value]
    why = f"the metric is a {kind.value}"
    if source == "cases":
        known, why = known - {"event", "where", "lag"}, "its source is labelled cases"
    elif kind is MetricKind.SHARE:
        known, why = known - {"cases"}, "its source is not cases"
    elif kind is MetricKind.LEVEL and source != "otlp":
        known, why = known - {"where"}, "the query itself says what belongs to the level"
    table.refuse(set(keys.METRIC) - known, why)
    if kind is MetricKind.SHARE and table.has("bad") == table.has("good"):
        table.notes.wrong(
            table.path,
            "predicate-choice",
            "a share says either which observation is bad or which is good",
            "Keep exactly one of `bad: …` and `good: …`.",
            table.line,
        )
    # Without either, every request would count as a safety-critical failure.
    if kind is MetricKind.SENTINEL and not (table.has("event") or table.has("where")):
        table.require("event")


def _source(kind: MetricKind) -> values.Convert:
    known = keys.SOURCES_BY_KIND[kind.value]

    def read(text: str) -> str:
        everything = {source for sources in keys.SOURCES_BY_KIND.values() for source in sources}
        if text in everything and text not in known:
            raise Wrong(
                "source-unfit",
                f"a {kind.value} cannot come from {text}",
                f"Use {' or '.join(known)}.",
            )
        return values.choice(*known)(text)

    return read


def _across(table: Fields, kind: MetricKind, source: str) -> str | None:
    choose = values.choice(*CHOICES)
    # Every process tells its own series, and a restarted one another: there is never just one.
    if kind is MetricKind.LEVEL and source == "otlp":
        return table.need("across", choose, "highest")
    return table.read("across", choose, None)


def _name(table: Fields) -> str:
    return table.path.removeprefix("metrics.")


def _unit(table: Fields, kind: MetricKind) -> str | None:
    if kind is MetricKind.QUANTILE:
        return table.need("unit", values.words, "ms")
    return table.read("unit", values.words, None)
