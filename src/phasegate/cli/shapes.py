"""The server's JSON as typed values: read once at the edge, unknown fields left aside."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any  # JSON is untyped until it has been read here

from phasegate.cli.failing import unexpected
from phasegate.core.event import Event
from phasegate.core.evidence import Finding, Judgement, Outcome
from phasegate.core.judge.spending import Spending, Spent
from phasegate.core.plan import Mode
from phasegate.core.run import Status, Trial, TrialState
from phasegate.core.stretch import Stretch

Raw = Mapping[str, Any]

ENDED = (Status.COMPLETED, Status.ROLLED_BACK)


@dataclass(frozen=True, kw_only=True)
class RunLine:
    """One line about a run."""

    run: str
    environment: str
    status: Status
    phase: str | None
    passed: tuple[str, ...]
    started_by: str
    started_at: datetime
    pace: float
    plan_hash: str

    @property
    def ended(self) -> bool:
        """Whether nothing happens in it any more."""
        return self.status in ENDED


@dataclass(frozen=True, kw_only=True)
class PhaseLine:
    """One phase of a run's plan, as far as the run is concerned."""

    phase: str
    title: str
    state: str
    stage: int | None = None
    stages: int = 1
    lasts_least_s: float
    lasts_most_s: float
    watched_s: float | None = None


@dataclass(frozen=True, kw_only=True)
class Decided:
    """The latest decision with its rule and reasons."""

    verb: str
    rule: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Unseen:
    """A metric that its source did not tell lately, with the source's words."""

    metric: str
    at: datetime
    why: str


@dataclass(frozen=True, kw_only=True)
class RunView(RunLine):
    """Everything the server says about a run now."""

    plan: str
    at: datetime
    error_budget: float
    budget: Spending
    phases: tuple[PhaseLine, ...]
    components: tuple[Trial, ...]
    guards: tuple[Judgement, ...]
    gates: tuple[Judgement, ...]
    findings: tuple[Finding, ...]
    closed: Mapping[str, str]
    decision: Decided
    unconfirmed: tuple[str, ...] = ()
    unseen: tuple[Unseen, ...] = ()

    @property
    def current(self) -> PhaseLine | None:
        """The phase under way."""
        return next((line for line in self.phases if line.phase == self.phase), None)


def run_lines(raw: Raw) -> tuple[RunLine, ...]:
    """Read the answer that lists runs."""
    with _reading("runs"):
        return tuple(RunLine(**_line(item)) for item in raw["runs"])


def run_view(raw: Raw) -> RunView:
    """Read the answer about one run."""
    with _reading("a run"):
        parts: dict[str, Any] = {
            **_known(RunView, raw),
            **_line(raw),
            "at": datetime.fromisoformat(raw["at"]),
            "budget": _spending(raw),
            "phases": tuple(PhaseLine(**_known(PhaseLine, item)) for item in raw["phases"]),
            "components": tuple(_trial(item) for item in raw["components"]),
            "guards": tuple(_judgement(item) for item in raw["guards"]),
            "gates": tuple(_judgement(item) for item in raw["gates"]),
            "findings": tuple(_finding(item) for item in raw["findings"]),
            "unseen": tuple(_unseen(item) for item in raw.get("unseen", ())),
            "unconfirmed": tuple(raw.get("unconfirmed", ())),
            "decision": Decided(
                verb=raw["decision"]["verb"],
                rule=raw["decision"]["rule"],
                reasons=tuple(raw["decision"]["reasons"]),
            ),
        }
        return RunView(**parts)


def events(raw: Raw) -> tuple[Event, ...]:
    """Read the answer that lists events."""
    with _reading("events"):
        return tuple(event(item) for item in raw["events"])


def event(raw: Raw) -> Event:
    """Read one event."""
    with _reading("an event"):
        return Event(**{**_known(Event, raw), "at": datetime.fromisoformat(raw["at"])})


def _spending(raw: Raw) -> Spending:
    # A server before this field still says how large the budget is.
    lines = raw.get("budget", {}).get("guards", ())
    spent = tuple(Spent(**_known(Spent, item)) for item in lines)
    return Spending(total=raw["error_budget"], lines=spent)


def _line(raw: Raw) -> dict[str, Any]:
    return {
        **_known(RunLine, raw),
        "status": Status(raw["status"]),
        "passed": tuple(raw["passed"]),
        "started_at": datetime.fromisoformat(raw["started_at"]),
    }


def _trial(raw: Raw) -> Trial:
    since = raw.get("since")
    return Trial(
        **{
            **_known(Trial, raw),
            "state": TrialState(raw["state"]),
            "mode": Mode(raw["mode"]),
            "since": datetime.fromisoformat(since) if since else None,
            "earlier": tuple(Stretch(**item) for item in raw.get("earlier", ())),
        }
    )


def _judgement(raw: Raw) -> Judgement:
    return Judgement(**{**_known(Judgement, raw), "outcome": Outcome(raw["outcome"])})


def _finding(raw: Raw) -> Finding:
    return Finding(
        **{
            **_known(Finding, raw),
            "outcome": Outcome(raw["outcome"]),
            "at": datetime.fromisoformat(raw["at"]),
        }
    )


def _unseen(raw: Raw) -> Unseen:
    return Unseen(**{**_known(Unseen, raw), "at": datetime.fromisoformat(raw["at"])})


def _known(kind: type, raw: Raw) -> dict[str, Any]:
    names = {field.name for field in fields(kind)}
    return {name: value for name, value in raw.items() if name in names}


@contextmanager
def _reading(what: str) -> Iterator[None]:
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise unexpected(f"{what} had another shape ({type(error).__name__}: {error})") from error
