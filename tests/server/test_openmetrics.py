"""Measures as programs read them."""

from __future__ import annotations

from phasegate.engine.measures import Kind, gauge, labelled
from phasegate.server.openmetrics import OPENMETRICS, PLAIN, exposition

MEASURES = [
    gauge("phasegate_round_seconds", "How long the last round took.", 0.25, "seconds"),
    labelled("phasegate_telemetry", 'A "name"', "became", {"joined": 3.0}, Kind.COUNTER),
]


def test_openmetrics_has_units_totals_and_an_end() -> None:
    kind, body = exposition(MEASURES, "application/openmetrics-text;version=1.0.0,text/plain;q=0.5")

    assert kind == OPENMETRICS
    assert body.decode() == (
        "# TYPE phasegate_round_seconds gauge\n"
        "# UNIT phasegate_round_seconds seconds\n"
        "# HELP phasegate_round_seconds How long the last round took.\n"
        "phasegate_round_seconds 0.25\n"
        "# TYPE phasegate_telemetry counter\n"
        '# HELP phasegate_telemetry A \\"name\\"\n'
        'phasegate_telemetry_total{became="joined"} 3\n'
        "# EOF\n"
    )


def test_the_older_format_is_what_everybody_else_gets() -> None:
    kind, body = exposition(MEASURES, "")

    assert kind == PLAIN
    assert "# TYPE phasegate_telemetry_total counter\n" in body.decode()
    assert "# EOF" not in body.decode()


def test_a_label_may_hold_anything() -> None:
    odd = labelled("phasegate_runs", "Runs.", "status", {'a"b\\c\nd': 1.0})

    assert b'{status="a\\"b\\\\c\\nd"} 1' in exposition([odd], "")[1]
