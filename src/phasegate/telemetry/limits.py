"""How much one record may hold: a bound on memory that no honest exporter reaches."""

from __future__ import annotations

MOST_ATTRIBUTES = 256
"""Attributes of one span, event, log record or data point; OpenTelemetry's own limit is 128."""

MOST_EVENTS = 256
"""Events of one span; OpenTelemetry's own limit is 128."""

MOST_TEXT = 1024
"""Characters of a text that is kept; a longer value is left out, as if it had not been told."""

MOST_RECORDS = 50_000
"""Spans, log records or metrics of one request; an SDK sends 512 at once, a Collector 8,192."""

MOST_FIELDS = 4096
"""Fields of one record of a size that no honest record has."""

MOST_OBJECTS = 1_000_000
"""Objects of one request in JSON, of which each attribute is two."""

MOST_METRICS = 4 * 1024 * 1024
"""Bytes of one request of metrics, unpacked."""

TOO_MUCH = (
    f"a record has more than {MOST_ATTRIBUTES} attributes or {MOST_EVENTS} events; lower the "
    "limits of the SDK to that [record-too-large]"
)
