"""Numbers and events in the words of the command line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any  # bodies of events are JSON

from phasegate.core.event import Event
from phasegate.core.evidence import Judgement
from phasegate.core.wording import percent, span

Body = Mapping[str, Any]

NONE = "–"
"""Stands where there is no number yet."""


def exposure(points: int) -> str:
    """Return basis points as a share of the audience: `25 %`."""
    return percent(points / 10_000)


def seconds(value: float | None) -> str:
    """Return seconds in their two largest units."""
    return NONE if value is None else span(timedelta(seconds=value))


def milliseconds(value: float) -> str:
    """Return a short time: `840 ms`, `1.25 s`."""
    return f"{value:.0f} ms" if value < 1000 else f"{value / 1000:.2f} s"


def clock(moment: datetime) -> str:
    """Return the time of day where the reader is."""
    return moment.astimezone().strftime("%H:%M:%S")


def amount(judgement: Judgement, value: float | None) -> str:
    """Return a judged number: a level, a mean or a count as it is, a rate by the hour, else a
    percentage."""
    if value is None:
        return NONE
    if judgement.method in ("level", "sentinel"):
        return f"{value:g}"
    if judgement.terms != "share":
        return f"{value:.4g}{'/h' if judgement.terms == 'per hour' else ''}"
    return f"{round(value * 100, 3):g} %"


def interval(judgement: Judgement) -> str:
    """Return the interval that holds at every look."""
    if judgement.low is None or judgement.high is None:
        return NONE
    return f"{amount(judgement, judgement.low)} – {amount(judgement, judgement.high)}"


def counts(judgement: Judgement) -> str:
    """Return what a judgement rests on: bad of all, and control beside it."""
    control = f" | {judgement.control_n}" if judgement.control_n else ""
    return f"{judgement.bad}/{judgement.n}{control}"


def event_line(event: Event) -> str:
    """Return an event as one line: when, number, kind, who, what."""
    told = tell(event)
    head = f"{clock(event.at)}  #{event.number} {event.kind}  {event.actor}"
    return f"{head}  {told}" if told else head


def tell(event: Event) -> str:
    """Say what an event is about; nothing for a kind that a newer server may have."""
    try:
        return TOLD[event.kind](event.body) if event.kind in TOLD else ""
    except (KeyError, TypeError, ValueError, AttributeError):
        return f"(unreadable: {', '.join(event.body)})"


def _started(body: Body) -> str:
    pace = "" if body["pace"] == 1 else f", {body['pace']:g} times as fast"
    return f"plan {body['plan']} in {body['environment']}{pace}"


def _exposed(body: Body) -> str:
    items = (
        f"{item['component']} {exposure(item['exposure'])}"
        + (" in shadow" if item["mode"] == "shadow" else "")
        for item in body["components"]
    )
    return f"{body['phase']}, stage {body['stage'] + 1}: {', '.join(items)}"


def _rolling_back(body: Body) -> str:
    by = "by hand" if body["rule"] == "by_hand" else f"by {body['rule']}"
    return f"{_whose(body)} {by}: {'; '.join(body['reasons'])}"


def _rolled_back(body: Body) -> str:
    safe = milliseconds(body["time_to_safe_ms"])
    return f"{_whose(body)} confirmed back, safe after {safe}"


def _whose(body: Body) -> str:
    return ", ".join(body["components"]) or f"{body['phase']} (nothing of it was exposed)"


def _closed(body: Body) -> str:
    return "; ".join(f"{name}: {why}" for name, why in body["closed"].items())


def _retried(body: Body) -> str:
    return f"{', '.join(body['components']) or 'the gates'}: {body['reason']}"


def _signed(body: Body) -> str:
    return f"{body['phase']} as {body['role']}: {body['meaning']}"


def _waived(body: Body) -> str:
    return f"{body['what']} until {body['expires']}: {body['reason']}"


TOLD: dict[str, Callable[[Body], str]] = {
    "run_started": _started,
    "phase_started": lambda body: str(body["phase"]),
    "exposed": _exposed,
    "exposure_confirmed": lambda _: "the exposure is served",
    "watch_resumed": lambda body: (
        f"nobody watched for {seconds(body['unwatched_ms'] / 1000)}: soaking begins anew"
    ),
    "rollback_started": _rolling_back,
    "rollback_confirmed": _rolled_back,
    "gate_failed": _closed,
    "overdue": _closed,
    "incident_raised": _closed,
    "retried": _retried,
    "paused": lambda body: str(body["reason"]),
    "resumed": lambda body: str(body["reason"]),
    "signed_off": _signed,
    "waived": _waived,
    "phase_passed": lambda body: str(body["phase"]),
    "completed": lambda _: "every phase has passed",
    "flag_set": lambda body: f"{body['flag']} {exposure(body['exposure'])}: {body['reason']}",
    "flag_killed": lambda body: f"{body['flag']}: {body['reason']}",
    "flag_revived": lambda body: f"{body['flag']}: {body['reason']}",
}
"""What to say of each kind of event."""
