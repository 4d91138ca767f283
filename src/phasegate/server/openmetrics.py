"""Measures as text, in OpenMetrics 1.0 or in the older format of Prometheus."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from phasegate.engine.measures import Kind, Measure

OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
PLAIN = "text/plain; version=0.0.4; charset=utf-8"


def exposition(measures: Iterable[Measure], accept: str) -> tuple[str, bytes]:
    """Return (content type, body) in the format that the asker accepts."""
    modern = "application/openmetrics-text" in accept
    lines = [line for measure in measures for line in _family(measure, modern=modern)]
    text = "\n".join([*lines, *(["# EOF"] if modern else [])]) + "\n"
    return (OPENMETRICS if modern else PLAIN), text.encode()


def _family(measure: Measure, *, modern: bool) -> Iterator[str]:
    total = "_total" if measure.kind is Kind.COUNTER else ""
    name = measure.name if modern else measure.name + total
    yield f"# TYPE {name} {measure.kind.value}"
    if measure.unit and modern:
        yield f"# UNIT {name} {measure.unit}"
    yield f"# HELP {name} {_escaped(measure.help)}"
    for labels, value in measure.samples:
        yield f"{measure.name}{total}{_labels(labels)} {value:.17g}"


def _labels(labels: Mapping[str, str]) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items()) + "}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
