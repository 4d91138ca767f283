"""Recognises from its trace state that a span's stream leaves requests out.

Counts of such a stream are not those of the traffic, so it is refused, never weighted: weights
would give back the totals, but not the exactness at small counts on which every guard rests, and
no weight gives back a safety-critical failure that was left out.

Source: OpenTelemetry, Probability sampling in TraceState: `ot=th:…`, a rejection threshold in hex
digits of which 0 rejects nothing; and its forerunner `ot=p:…`, a power of two of which 0 is all.
"""

from __future__ import annotations

VENDOR = "ot"


def is_sampled(trace_state: str) -> bool:
    """Say whether spans with this trace state stand for more spans than themselves."""
    for member in trace_state.split(","):
        vendor, _, fields = member.strip().partition("=")
        if vendor == VENDOR:
            return any(map(_leaves_out, fields.split(";")))
    return False


def _leaves_out(field: str) -> bool:
    # An unreadable threshold was written by a sampler too: whatever is not plainly all, is not all.
    name, _, value = field.partition(":")
    return name in ("th", "p") and value.strip("0") != ""
