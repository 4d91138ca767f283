"""What was seen, kept apart from what was decided: tallies, findings, and what they amount to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from phasegate.core.deferred import Deferred

ENVIRONMENT = "*"
"""Stands for a component where a tally or judgement concerns no component alone."""


class Outcome(Enum):
    """What a check, gate or guard came to. Only PASS opens a gate."""

    PASS = "pass"  # noqa: S105 an outcome, not a password
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    INVALID = "invalid"
    WAIVED = "waived"


class Arm(Enum):
    """Exposed to a component, or not exposed at the same time and place."""

    TREATMENT = "treatment"
    CONTROL = "control"


class Uncountable(Enum):
    """Why observations that concern a series could not be counted; see Tally.seen."""

    SAMPLED = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Tally:
    """One stored reading: what one writer saw of one series in one second.

    run, phase, component, attempt  whose trial it belongs to; component may be ENVIRONMENT.
    series      `Plan.series` of the condition it serves.
    bucket      Unix second of the observations; for a metric with lag, of their exposure.
    seen, bad   all observations (requests, ratings, probes) and the bad ones among them. Below
                zero, `seen` is how many could not be counted, and `bad` the Uncountable that
                says why: the series cannot be judged from there on.
    subjects, subjects_bad  observations that are their subject's first in this trial.
    at_risk, newly_bad      subjects, once per block and again where they first turn bad, that had
                            no bad observation in this trial before; and those whose first bad
                            observation this is, always among those at risk.
    again_bad   subjects whose second bad observation in this trial this is.
    total       sum of observed values (quantiles: ms; levels: the reading), 0 where none.
    writer, sequence        unique together: a tally delivered twice is stored once.
    """

    run: str
    phase: str
    component: str
    attempt: int
    series: str
    arm: Arm
    bucket: int
    seen: int = 0
    bad: int = 0
    subjects: int = 0
    subjects_bad: int = 0
    at_risk: int = 0
    newly_bad: int = 0
    again_bad: int = 0
    total: float = 0.0
    writer: str
    sequence: int


@dataclass(frozen=True, kw_only=True, order=True, slots=True)
class Position:
    """Where a fold over stored tallies stands: ripe_ms first, then the store's row number.

    ripe_ms is the later of arrival and the end of the metric's lag, in Unix milliseconds: rows
    are folded in this order, so every reader folds the same rows in the same order.
    """

    ripe_ms: int = 0
    row: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredTally:
    """A tally with the position the store gave it."""

    position: Position
    tally: Tally


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What a check returned: what was exercised, what was seen, verdict, remedy.

    exercised   how many things were really tried; 0 is never a PASS.
    bad         how many of them were wrong, for labelled cases.
    """

    run: str
    phase: str
    step: str
    attempt: int
    outcome: Outcome
    exercised: int
    bad: int = 0
    seen: str
    remedy: str = ""
    at: datetime
    took_ms: float


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What the evidence says about one condition for one component.

    outcome     for a guard: FAIL = tripped, PASS = has data and not tripped, INCONCLUSIVE = no
                data yet. For a gate: PASS = shown, FAIL = shown to be wrong, INCONCLUSIVE =
                undecided, INVALID = could not be judged.
    accuses     a tripped guard that blames this component; False: it blames none alone.
    estimate    treated share of bad (or good, as the metric is written), mean, rate or level;
                None: no data.
    terms       what estimate, low, high, control and bound are: "share", "number" or "per hour".
    low, high   interval of the estimate that holds at every look, at 1 - alpha.
    control     the same estimate in control; None: no control data.
    n, bad      treated observations and the bad ones among them. control_n: in control.
    alpha       the error budget this judgement spends.
    progress    log evidence over log threshold, 0..1; 1 = decided.
    last_seen   Unix second of the newest treated observation of the series (of the environment:
                of any); None: unseen. Control that goes on talking does not make treatment seen.
    needed      treated observations still needed if the estimate stays; None: unknown.
    sentence    one line in plain words.

    Interval and sentence are worked out when somebody reads them: a turn that judges a thousand
    guards takes neither, and would spend a third of its time on them.
    """

    phase: str
    component: str
    condition: str
    series: str
    method: str
    outcome: Outcome
    accuses: bool = False
    terms: str = "share"
    estimate: float | None = None
    low: Deferred[float | None] = Deferred(None)
    high: Deferred[float | None] = Deferred(None)
    control: float | None = None
    bound: float | None = None
    n: int = 0
    bad: int = 0
    control_n: int = 0
    alpha: float = 0.0
    progress: float = 0.0
    last_seen: int | None = None
    needed: int | None = None
    sentence: Deferred[str] = Deferred("")
