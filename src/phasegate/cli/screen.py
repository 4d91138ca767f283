"""What `phasegate run watch` draws: where the run is, who is exposed, how near each guard is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from phasegate.cli import shapes
from phasegate.cli.printing import coloured, table
from phasegate.cli.wording import amount, counts, event_line, exposure, interval, seconds
from phasegate.core.event import Event
from phasegate.core.evidence import ENVIRONMENT, Judgement, Outcome

LAST_EVENTS = 6
MOST_REASONS = 4
LEAST_GUARDS = 4
BAR = 10
WIDE = 125
"""Columns from which all that is known of a guard fits beside it."""

HEADS = (
    "component", "guard", "estimate>", "interval>", "bound>", "control>", "bad/n>", "to trip",
    "outcome",
)  # fmt: skip
NARROW_HEADS = ("component", "guard", "estimate>", "to trip>", "outcome")
SIGNS = {"passed": "✔", "under way": "▶", "waiting": "·", "rolled back": "✘"}


def screen(
    view: shapes.RunView, events: Sequence[Event], height: int = 50, width: int = WIDE
) -> RenderableType:
    """Return the whole picture; guards that are farthest from tripping give way to `height`.

    width   below WIDE a guard shows only what says how near it is.
    """
    return Group(
        _header(view),
        _phases(view),
        Text(),
        *([_components(view)] if view.components else []),
        *([_guards(view, height, width)] if view.guards else []),
        *_reasons(view),
        Text(),
        *(
            Text(event_line(event), style="dim", overflow="ellipsis", no_wrap=True)
            for event in events[-LAST_EVENTS:]
        ),
    )


def _header(view: shapes.RunView) -> Text:
    parts = Text.assemble((view.run, "bold"), " in ", view.environment, "  ")
    parts.append_text(coloured(view.status.value))
    if view.pace != 1:
        parts.append(f"  pace {view.pace:g}")
    line = view.current
    if line is not None:
        parts.append(f"\n{line.title}")
        parts.append(
            f"  stage {line.stage} of {line.stages}" if line.stage else "  not exposed yet"
        )
        if line.watched_s is not None:
            watched, least = seconds(line.watched_s), seconds(line.lasts_least_s)
            parts.append(f"  watched {watched} of {least}")
    parts.append("\ndecision: ")
    parts.append_text(coloured(view.decision.verb))
    return parts.append(f" ({view.decision.rule})")


def _phases(view: shapes.RunView) -> Text:
    line = Text()
    for phase in view.phases:
        sign = Text(f"{SIGNS.get(phase.state, '?')} {phase.phase}", coloured(phase.state).style)
        line.append_text(sign).append("  ")
    return line


def _components(view: shapes.RunView) -> Table:
    rows = (
        (
            trial.component,
            trial.state.value,
            exposure(trial.exposure),
            _bar(trial.exposure / 10_000),
            trial.mode.value,
            trial.phase,
        )
        for trial in view.components
    )
    return table(("component", "state", "exposure>", "", "mode", "phase"), rows)


def _guards(view: shapes.RunView, height: int, width: int) -> Table:
    order = sorted(view.guards, key=_urgency, reverse=True)
    others = len(view.phases) // 4 + len(view.components) + LAST_EVENTS + MOST_REASONS + 14
    room = max(LEAST_GUARDS, height - others)
    if width < WIDE:
        found = table(NARROW_HEADS, map(_narrow, order[:room]))
        for column in found.columns:
            column.no_wrap, column.overflow = column.header != "guard", "fold"
    else:
        found = table(HEADS, map(_guard, order[:room]))
    if len(order) > room:
        found.caption = f"and {len(order) - room} guards that are farther from tripping"
    return found


def _urgency(judgement: Judgement) -> tuple[bool, bool, float]:
    outcome = judgement.outcome
    return outcome is Outcome.FAIL, outcome is not Outcome.PASS, judgement.progress


def _guard(judgement: Judgement) -> tuple[str, ...]:
    whose = "environment" if judgement.component == ENVIRONMENT else judgement.component
    return (
        whose,
        judgement.condition,
        amount(judgement, judgement.estimate),
        interval(judgement),
        amount(judgement, judgement.bound),
        amount(judgement, judgement.control),
        counts(judgement),
        f"{_bar(judgement.progress)} {judgement.progress:4.0%}",
        judgement.outcome.value,
    )


def _narrow(judgement: Judgement) -> tuple[str, ...]:
    whose, condition, estimate, *_, outcome = _guard(judgement)
    return whose, condition, estimate, f"{judgement.progress:.0%}", outcome


def _reasons(view: shapes.RunView) -> Iterator[Text]:
    for reason in view.decision.reasons[:MOST_REASONS]:
        yield Text(f"• {reason}")
    for what in view.unconfirmed[:MOST_REASONS]:
        yield Text(f"• waits: {what}")
    more = len(view.decision.reasons) - MOST_REASONS
    if more > 0:
        yield Text(f"• and {more} more: phasegate run why {view.run}")


def _bar(share: float) -> str:
    full = round(min(max(share, 0.0), 1.0) * BAR)
    return "█" * full + "░" * (BAR - full)
