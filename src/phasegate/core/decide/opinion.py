"""The forms that an opinion has, with the event to write down where it changes something."""

from __future__ import annotations

from collections.abc import Mapping

from phasegate.core.canonical import plain
from phasegate.core.decide.situation import Decision, Verb
from phasegate.core.event import Json
from phasegate.core.evidence import Judgement
from phasegate.core.plan import Phase


def hold(rule: str, *reasons: str) -> Decision:
    """Stay where the run is; nothing is written down."""
    return Decision(verb=Verb.HOLD, rule=rule, reasons=reasons)


def close(kind: str, phase: Phase, closed: Mapping[str, str]) -> Decision:
    """Hold until a person opens what is closed. closed: what, and why, as it is written down."""
    body: dict[str, Json] = {"phase": phase.name, "closed": dict(closed)}
    return Decision(verb=Verb.HOLD, rule=kind, reasons=tuple(closed.values()), kind=kind, body=body)


def advance(kind: str, reasons: tuple[str, ...], body: Mapping[str, Json]) -> Decision:
    """Go forward by one event."""
    return Decision(verb=Verb.ADVANCE, rule="move_on", reasons=reasons, kind=kind, body=body)


def roll_back(
    rule: str,
    phase: str,
    components: tuple[str, ...],
    reasons: tuple[str, ...],
    judgements: tuple[Judgement, ...],
) -> Decision | None:
    """Take components of a phase back; None where none is left to be taken back."""
    if not components:
        return None
    body: dict[str, Json] = {
        "phase": phase,
        "components": list(components),
        "rule": rule,
        "reasons": list(reasons),
        "judgements": [plain(judgement) for judgement in judgements],
    }
    return Decision(
        verb=Verb.ROLL_BACK, rule=rule, reasons=reasons, kind="rollback_started", body=body
    )
