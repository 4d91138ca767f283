"""`phasegate run why`: every judgement in its own words, the decision, and past rollbacks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import click

from phasegate.cli import options, runs, shapes
from phasegate.cli.connection import Connection
from phasegate.cli.printing import print_json
from phasegate.cli.run_look import headline
from phasegate.cli.wording import clock, milliseconds
from phasegate.core.canonical import plain
from phasegate.core.event import Event
from phasegate.core.evidence import Finding, Judgement, Outcome
from phasegate.core.judge.words import percent


@dataclass(frozen=True, kw_only=True)
class Past:
    """One rollback of a run's log. time_to_safe_ms: None while it is not confirmed."""

    number: int
    phase: str
    components: tuple[str, ...]
    rule: str
    actor: str
    reasons: tuple[str, ...]
    time_to_safe_ms: float | None


@click.command()
@options.run_argument
@options.as_json
@options.connected
def why(api: Connection, run: str | None, as_json: bool) -> None:
    """Say why a run is where it is: judgements, findings, the decision, and past rollbacks.

    \b
    Examples:
      phasegate run why
      phasegate run why checkout-3f09aa --json
    """
    name = runs.resolve(api, run)
    raw = api.get(runs.path(name))
    events = runs.events(api, name)
    if as_json:
        told = (
            "run",
            "status",
            "phase",
            "decision",
            "unconfirmed",
            "unseen",
            "budget",
            "closed",
            "guards",
            "gates",
            "findings",
        )
        back = [{"time_to_safe_ms": None, **plain(past)} for past in rollbacks(events)]
        print_json({**{key: raw.get(key) for key in told}, "rollbacks": back})
        return
    for line in told_why(shapes.run_view(raw), events):
        click.echo(line)


def told_why(view: shapes.RunView, events: Sequence[Event]) -> Iterator[str]:
    """Yield the lines that people read."""
    yield from headline(view)
    yield from _section("Closed until a person decides", _closed(view))
    yield from _section("Guards: trip and take back", map(_sentence, view.guards))
    yield from _section("Gates: must be shown", map(_sentence, view.gates))
    yield from _section("Steps", _findings(view))
    yield from _section("Rollbacks", _past(events))
    yield from _section("Error budget: chance of a wrong rollback", _given(view))


def rollbacks(events: Sequence[Event]) -> tuple[Past, ...]:
    """Return every rollback of a log, oldest first."""
    safe = {
        event.body["rollback"]: event.body["time_to_safe_ms"]
        for event in events
        if event.kind == "rollback_confirmed"
    }
    return tuple(
        _one(event, safe.get(event.number)) for event in events if event.kind == "rollback_started"
    )


def _one(event: Event, safe: object) -> Past:
    body = event.body
    components, reasons = body["components"], body["reasons"]
    return Past(
        number=event.number,
        phase=str(body["phase"]),
        components=tuple(map(str, components)) if isinstance(components, list) else (),
        rule=str(body["rule"]),
        actor=event.actor,
        reasons=tuple(map(str, reasons)) if isinstance(reasons, list) else (),
        time_to_safe_ms=float(safe) if isinstance(safe, int | float) else None,
    )


def _section(title: str, lines: Iterator[str]) -> Iterator[str]:
    found = list(lines)
    if found:
        yield f"\n{title}"
        yield from (f"  {line}" for line in found)


def _sentence(judgement: Judgement) -> str:
    sentence = judgement.sentence or f"{judgement.component}: {judgement.condition}"
    sentence = sentence.removeprefix(f"'{judgement.condition}': ")
    needed = f" ({judgement.needed} more needed)" if judgement.needed else ""
    return f"{judgement.outcome.value:<12} {judgement.condition}: {sentence}{needed}"


def _closed(view: shapes.RunView) -> Iterator[str]:
    return (f"{name}: {reason}" for name, reason in view.closed.items())


def _findings(view: shapes.RunView) -> Iterator[str]:
    """Say how each step went, alike tries in one line, the latest last.

    Steps without an answer are tried again every few seconds, so a night brings thousands.
    """
    tries: dict[tuple[str, str, Outcome], list[Finding]] = {}
    for finding in sorted(view.findings, key=lambda finding: finding.at):
        tries.setdefault((finding.phase, finding.step, finding.outcome), []).append(finding)
    for found in sorted(tries.values(), key=lambda found: found[-1].at):
        first, last = found[0], found[-1]
        often = f" ({len(found)} times since {clock(first.at)})" if len(found) > 1 else ""
        yield f"{last.outcome.value:<12} {last.step}, {clock(last.at)}{often}: {last.seen}"
        if last.remedy:
            yield f"{'':<12} {last.remedy}"


def _given(view: shapes.RunView) -> Iterator[str]:
    """Say what each guard was given, all components of a phase together."""
    shares: dict[tuple[str, str], float] = {}
    for line in view.budget.lines:
        key = (line.phase, line.condition)
        shares[key] = shares.get(key, 0.0) + line.alpha
    for (phase, condition), alpha in shares.items():
        yield f"{percent(alpha):<12} {phase}: {condition}"


def _past(events: Sequence[Event]) -> Iterator[str]:
    for past in rollbacks(events):
        safe = "not confirmed yet"
        if past.time_to_safe_ms is not None:
            safe = f"safe after {milliseconds(past.time_to_safe_ms)}"
        names = ", ".join(past.components)
        yield f"#{past.number} {names} of {past.phase} by {past.actor} ({past.rule}), {safe}"
        yield from (f"    {reason}" for reason in past.reasons)
