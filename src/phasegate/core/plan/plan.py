"""A versioned agreement: its components, metrics and phases, known by one hash."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from phasegate.core.canonical import digest
from phasegate.core.plan.metric import Condition, Metric, MetricKind
from phasegate.core.plan.phase import Phase
from phasegate.core.plan.window import Window


@dataclass(frozen=True, kw_only=True)
class Hazard:
    """A harm to patients and the guards that watch for it."""

    name: str
    text: str
    guarded_by: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class CheckSpec:
    """How a named check is carried out: its kind and that kind's options, values as text."""

    name: str
    kind: str
    options: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class CaseSpec:
    """Where labelled cases lie and which endpoint answers them: paths are relative to the plan."""

    name: str
    file: str
    url: str


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A versioned agreement. Immutable once started; identified by its hash.

    traffic       subjects per minute that review assumes.
    error_budget  chance in 0..1 of any wrong rollback over the whole plan.
    unattended    how long trial exposure outlives the last look; None: it is kept.
    blind_for     how long a guard may go unseen before the phase is taken back.
    block         length of the blocks in which absolute shares are judged.
    window        when the run may go forward; None: always. Rollbacks know no window.
    endpoints     default base URLs for `{name}` in checks, cases and queries.
    """

    name: str
    environment: str
    author: str
    subjects: str = "patient"
    traffic: float = 60.0
    error_budget: float = 0.05
    confidence: float = 0.95
    unattended: timedelta | None = timedelta(minutes=15)
    blind_for: timedelta = timedelta(minutes=5)
    block: timedelta = timedelta(seconds=30)
    window: Window | None = None
    endpoints: tuple[tuple[str, str], ...] = ()
    hazards: tuple[Hazard, ...] = ()
    checks: tuple[CheckSpec, ...] = ()
    cases: tuple[CaseSpec, ...] = ()
    metrics: tuple[Metric, ...]
    phases: tuple[Phase, ...]

    @property
    def hash(self) -> str:
        """SHA-256 of the canonical form: what a sign-off is bound to."""
        return digest(self)

    def metric(self, name: str) -> Metric:
        """Return the metric called `name`; KeyError if the plan has none."""
        return {metric.name: metric for metric in self.metrics}[name]

    def phase(self, name: str) -> Phase:
        """Return the phase called `name`; KeyError if the plan has none."""
        return {phase.name: phase for phase in self.phases}[name]

    def series(self, condition: Condition) -> str:
        """Name the tallied series of a condition.

        A quantile is counted as the share of observations beyond a bound, so each bound is a
        series of its own: `response_time>3000`. Every other metric is its own series.
        """
        return self.series_of(condition)[0][0]

    def series_of(self, condition: Condition) -> tuple[tuple[str, float | None], ...]:
        """Name all tallied series of a condition, each with the value beyond which it is bad.

        A quantile that is compared with control has a series for each of its cuts.
        """
        metric = self.metric(condition.metric)
        if metric.kind is not MetricKind.QUANTILE:
            return ((metric.name, None),)
        values = metric.cuts if condition.bound is None else (condition.bound,)
        return tuple((f"{metric.name}>{cut:g}", cut) for cut in values or ())
