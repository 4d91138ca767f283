"""What was agreed: a plan with its components, metrics, phases, gates and guards."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from enum import Enum

from phasegate.core.canonical import digest

EVERYONE = 10_000
"""Basis points of the whole audience."""


class Mode(Enum):
    """How a component runs: served, or beside the old path with its answers only compared."""

    LIVE = "live"
    SHADOW = "shadow"


class MetricKind(Enum):
    """What one observation is and how it is judged."""

    SHARE = "share"
    QUANTILE = "quantile"
    MEAN = "mean"
    RATE = "rate"
    LEVEL = "level"
    SENTINEL = "sentinel"


class Comparison(Enum):
    """How a condition relates a metric to its bound."""

    BELOW = "below"
    ABOVE = "above"
    WORSE_THAN_CONTROL = "worse than control"
    OCCURS = "occurs"


class OnOutage(Enum):
    """What a run does when control fails as well as treatment."""

    HOLD = "hold"
    ROLL_BACK = "roll back"


class Risk(Enum):
    """How much a phase may hurt, as its author sees it."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Role(Enum):
    """What a person, or an application, may do."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    APPROVER = "approver"
    SAFETY_OFFICER = "safety_officer"
    ADMIN = "admin"
    APPLICATION = "application"


class StepKind(Enum):
    """How a step is carried out."""

    RUN = "run"
    CHECK = "check"
    EVALUATE = "evaluate"


@dataclass(frozen=True, kw_only=True)
class Predicate:
    """A question about one observation: `rating >= 4`, `error`, `not opened`.

    op is one of == != < <= > >= or "is" (the field is true) or "is not".
    """

    field: str
    op: str = "is"
    value: float | str | bool | None = None


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A named definition of what is observed and which observation counts as bad.

    event     name of the log event that carries the observation; None: the server span itself.
    where     which observations belong to the metric at all.
    bad, good exactly one of them for a share.
    of, at    for a quantile: the observed field and the level in 0..1; for a mean: the field.
    cuts      for a quantile: values at which both arms' distributions are compared, rising.
    scale     for a mean: the least and the greatest value there is; better: "higher" or "lower".
    unit      of `of`, or of a level: "ms", "%".
    query     what a source is asked: for a level, or for counts by arm and bucket.
    query_all, query_part  for counters by arm: of everything, and of the bad (or good) part of it.
    endpoint  name of the endpoint that the source is asked at; None: the source's own name.
    counts    what counts of an outside source are of: "subjects", each once, or None: requests.
    cases     for a share from labelled cases: the name of the case file.
    lag       how long an outcome may take to arrive; cohorts are judged once it has passed.
    hold      for a level: how long it must stay beyond its bound.
    across    for a level that several series tell: highest, lowest, mean or sum of them.
    weight    share of the phase's error budget relative to the other metrics; None: by kind.
    """

    name: str
    kind: MetricKind
    source: str = "otlp"
    event: str | None = None
    where: Predicate | None = None
    bad: Predicate | None = None
    good: Predicate | None = None
    of: str | None = None
    at: float | None = None
    cuts: tuple[float, ...] | None = None
    scale: tuple[float, float] | None = None
    better: str | None = None
    unit: str | None = None
    query: str | None = None
    query_all: str | None = None
    query_part: str | None = None
    endpoint: str | None = None
    counts: str | None = None
    cases: str | None = None
    lag: timedelta = timedelta(0)
    hold: timedelta = timedelta(minutes=2)
    across: str | None = None
    weight: float | None = None

    @property
    def knows_subjects(self) -> bool:
        """Its counts are of subjects, each an independent unit, and not of requests alone."""
        return self.source in KNOW_SUBJECTS or self.counts == "subjects"


KNOW_SUBJECTS = ("otlp", "cases")
"""Sources that see each subject; what others count is as their query has it."""


@dataclass(frozen=True, kw_only=True)
class Condition:
    """One line of `pass_when` or `roll_back_when`, parsed.

    bound   a share in 0..1 for shares, events per hour of a subject's presence for rates, else in
            the metric's unit (ms for durations).
    margin  for WORSE_THAN_CONTROL: by how much treatment may be worse, in the same unit; of a
            quantile, by how much larger a share may exceed each of its cuts.
    text    the line as the plan has it, for people.
    """

    metric: str
    comparison: Comparison
    bound: float | None = None
    margin: float = 0.0
    text: str


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One exposure of a component within a phase."""

    exposure: int
    mode: Mode = Mode.LIVE


@dataclass(frozen=True, kw_only=True)
class Component:
    """One thing that can be exposed by itself, with its stages in this phase, in order."""

    name: str
    flag: str
    stages: tuple[Stage, ...]

    def stage(self, index: int) -> Stage:
        """Return the stage in force at the phase's stage `index`; the last one stays in force."""
        return self.stages[min(index, len(self.stages) - 1)]


@dataclass(frozen=True, kw_only=True)
class Step:
    """Work before or after a phase.

    argument  the command line (RUN), the check's name (CHECK) or the case file's name (EVALUATE).
    metric    for EVALUATE: the metric that the right and wrong answers are tallied for.
    """

    kind: StepKind
    argument: str
    metric: str | None = None
    timeout: timedelta = timedelta(minutes=10)

    @property
    def name(self) -> str:
        """How people and findings call the step; unique within a phase's before or after."""
        return f"{self.kind.value} {self.argument}"


@dataclass(frozen=True, kw_only=True)
class SignOffRule:
    """Who must approve a phase before the run moves past it."""

    role: Role
    count: int = 1


@dataclass(frozen=True, kw_only=True)
class Phase:
    """A named part of a plan. lasts_least and lasts_most bound the watch at full stage."""

    name: str
    title: str
    week: int | None = None
    risk: Risk = Risk.MEDIUM
    lasts_least: timedelta
    lasts_most: timedelta
    before: tuple[Step, ...] = ()
    after: tuple[Step, ...] = ()
    components: tuple[Component, ...]
    pass_when: tuple[Condition, ...]
    roll_back_when: tuple[Condition, ...]
    sign_off: tuple[SignOffRule, ...] = ()
    if_control_fails_too: OnOutage = OnOutage.ROLL_BACK

    @property
    def stage_count(self) -> int:
        """How many exposures the phase goes through."""
        return max(len(component.stages) for component in self.components)

    def component(self, name: str) -> Component:
        """Return the component called `name`; KeyError if the phase has none."""
        return {component.name: component for component in self.components}[name]

    @property
    def conditions(self) -> Iterator[Condition]:
        """All conditions, gates first."""
        yield from self.pass_when
        yield from self.roll_back_when


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


DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, kw_only=True)
class Window:
    """When a run may go forward: on these days, between two times of day, at one UTC offset.

    days          0 = Monday … 6 = Sunday.   opens, closes: minutes after midnight, opens < closes.
    offset        minutes ahead of UTC; a plan states it, so that no time zone table is needed.
    """

    days: tuple[int, ...]
    opens: int
    closes: int
    offset: int

    def holds(self, now: datetime) -> bool:
        """Say whether a moment is inside the window."""
        local = now.astimezone(timezone(timedelta(minutes=self.offset)))
        minute = local.hour * 60 + local.minute
        return local.weekday() in self.days and self.opens <= minute < self.closes


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


SECOND = timedelta(seconds=1)


def paced(plan: Plan, pace: float) -> Plan:
    """Return the plan with every duration divided by `pace`; no condition changes.

    Blocks and holds stay at least one second, the resolution of a tally, and `blind_for` ten
    seconds, so that a late batch of telemetry is not taken for blindness. pace must be >= 1.
    """
    if pace == 1:
        return plan
    return replace(
        plan,
        unattended=plan.unattended and plan.unattended / pace,
        blind_for=max(plan.blind_for / pace, 10 * SECOND),
        block=max(plan.block / pace, SECOND),
        metrics=tuple(
            replace(metric, lag=metric.lag / pace, hold=max(metric.hold / pace, SECOND))
            for metric in plan.metrics
        ),
        phases=tuple(
            replace(
                phase,
                lasts_least=phase.lasts_least / pace,
                lasts_most=phase.lasts_most / pace,
            )
            for phase in plan.phases
        ),
    )
