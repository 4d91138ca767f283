"""Metrics of a plan file: one table each, with only the keys that its kind understands."""

from __future__ import annotations

from datetime import timedelta

from phasegate.core.across import CHOICES
from phasegate.core.plan import Metric, MetricKind, Predicate
from phasegate.planfile import keys, measures, values
from phasegate.planfile.fields import Fields
from phasegate.planfile.notes import Wrong
from phasegate.planfile.predicates import predicate

COUNTER_PAIRS = ("query_bad", "query_good")


def metric(table: Fields) -> Metric | None:
    """Return the metric that a table defines; None if its kind cannot be read."""
    table.only(keys.METRIC)
    kind = table.need("kind", values.one_of(MetricKind), None)
    if kind is None:
        return None
    source = table.read("source", _source(kind), "otlp")
    known = keys.METRIC_KEYS.get((kind.value, source), set())
    table.refuse(set(keys.METRIC) - known, f"the metric is a {kind.value} from {source}")
    _require_what_is_counted(table, kind)
    bad, good = _sides(table, kind, source)
    unit = _unit(table, kind)
    asks = "query" in known
    return Metric(
        name=_name(table),
        kind=kind,
        source=source,
        event=table.read("event", values.words, None),
        where=table.read("where", predicate, None),
        bad=bad,
        good=good,
        of=table.need("of", values.words, None) if "of" in known else None,
        at=table.need("at", values.inner_share, 0.5) if kind is MetricKind.QUANTILE else None,
        cuts=table.read("cuts", lambda text: measures.cuts(text, unit), None),
        scale=table.need("scale", measures.scale, (0.0, 1.0)) if kind is MetricKind.MEAN else None,
        better=_better(table) if kind is MetricKind.MEAN else None,
        unit=unit,
        query=table.need("query", values.words, None) if asks else None,
        query_all=table.need("query_all", values.words, None) if "query_all" in known else None,
        query_part=_part(table),
        endpoint=table.read("endpoint", values.name, None),
        counts=table.read("counts", values.choice(*keys.COUNTS), None),
        across=_across(table, kind, source),
        cases=table.need("cases", values.name, None) if source == "cases" else None,
        lag=table.read("lag", values.delay, timedelta(0)),
        hold=table.read("hold", values.long_enough, timedelta(minutes=2)),
        weight=table.read("weight", values.weight, None),
    )


def _require_what_is_counted(table: Fields, kind: MetricKind) -> None:
    if kind is MetricKind.LEVEL:
        table.require("source")
    if kind is MetricKind.RATE and not (table.has("event") or table.has("bad")):
        # Without either, every request would be one of the events that are counted.
        table.require("event")
    if kind is MetricKind.SENTINEL and not (table.has("event") or table.has("where")):
        # Without either, every request would count as a safety-critical failure.
        table.require("event")


def _sides(
    table: Fields, kind: MetricKind, source: str
) -> tuple[Predicate | None, Predicate | None]:
    """Return the predicates of what is bad and of what is good; a share has exactly one."""
    if source == "prometheus" and kind is not MetricKind.LEVEL:
        if kind is MetricKind.QUANTILE:
            table.require("query_bad")
        else:
            _one_of(table, *COUNTER_PAIRS)
        # For the judge a counter of the good part is like a predicate of what is good.
        good = Predicate(field="query_good") if table.has("query_good") else None
        return (Predicate(field="query_bad") if good is None else None), good
    read = _column if source in ("sql", "http_json") else predicate
    if kind is MetricKind.SHARE:
        _one_of(table, "bad", "good")
    return table.read("bad", read, None), table.read("good", read, None)


def _one_of(table: Fields, bad: str, good: str) -> None:
    if table.has(bad) == table.has(good):
        table.notes.wrong(
            table.path,
            "predicate-choice",
            "a share says either which observation is bad or which is good",
            f"Keep exactly one of `{bad}: …` and `{good}: …`.",
            table.line,
        )


def _column(text: str) -> Predicate:
    found = predicate(text)
    if found.op != "is":
        raise Wrong(
            "predicate-form",
            f"{text[:80]!r} is no name of a column",
            "The query counts: name the column that holds the count, like `bad: failed`.",
        )
    return found


def _part(table: Fields) -> str | None:
    return next(
        (table.read(key, values.words, None) for key in COUNTER_PAIRS if table.has(key)), None
    )


def _source(kind: MetricKind) -> values.Convert:
    known = keys.sources_of(kind.value)

    def read(text: str) -> str:
        if text in keys.SOURCES and text not in known:
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


def _better(table: Fields) -> str:
    return table.need("better", values.choice(*keys.SIDES), "higher")


def _name(table: Fields) -> str:
    return table.path.removeprefix("metrics.")


def _unit(table: Fields, kind: MetricKind) -> str | None:
    if kind is MetricKind.QUANTILE:
        return table.need("unit", values.words, "ms")
    return table.read("unit", values.words, None)
