"""What a run wants watched: the trials telemetry looks for and the levels somebody must read."""

from __future__ import annotations

from phasegate.core.plan import Condition, Metric, MetricKind, Mode, Phase, Plan
from phasegate.core.run import Run, Trial, TrialState
from phasegate.core.watch import Series, Watch

COUNTED_BY_TELEMETRY = "otlp"
"""The source whose observations our own receiver turns into tallies."""


def watches(plan: Plan, run: Run) -> tuple[Watch, ...]:
    """Return what telemetry must look for: one watch for each component that was exposed.

    Of a withdrawn one only the sentinels are looked for: those still under way are its own, and
    must not be taken for its neighbours'.
    """
    known = [trial for trial in run.trials.values() if trial.state is not TrialState.WAITING]
    return tuple(_watch(plan, run, trial) for trial in known)


def exposures(run: Run) -> dict[tuple[str, str, int], int]:
    """Return the exposure in basis points of each present trial by (phase, component, attempt)."""
    return {
        (trial.phase, trial.component, trial.attempt): trial.exposure
        for trial in run.trials.values()
    }


def unconfirmed(run: Run) -> frozenset[tuple[str, str, int]]:
    """Return the trials whose exposure was asked for and not yet read back at the target."""
    if run.exposing is None:
        return frozenset()
    return frozenset((t.phase, t.component, t.attempt) for t in run.trials.values())


def polled(plan: Plan, run: Run) -> tuple[tuple[Phase, Condition], ...]:
    """Return the conditions on levels that somebody must read from a metric source.

    Levels that telemetry tells are not among them.
    """
    phases = [plan.phase(name) for name in dict.fromkeys(trial.phase for trial in run.exposed)]
    return tuple(
        (phase, condition)
        for phase in phases
        for condition in phase.conditions
        if _is_polled(plan.metric(condition.metric))
    )


def _is_polled(metric: Metric) -> bool:
    return metric.kind is MetricKind.LEVEL and metric.source != COUNTED_BY_TELEMETRY


def _watch(plan: Plan, run: Run, trial: Trial) -> Watch:
    return Watch(
        run=run.id,
        phase=trial.phase,
        component=trial.component,
        flag=trial.flag if trial.mode is Mode.LIVE else f"{trial.flag}.shadow",
        attempt=trial.attempt,
        series=_series(plan, trial),
        block=max(1, round(plan.block.total_seconds())),
    )


def _series(plan: Plan, trial: Trial) -> tuple[Series, ...]:
    found: dict[str, Series] = {}
    withdrawn = trial.state is TrialState.WITHDRAWN
    for condition in plan.phase(trial.phase).conditions:
        metric = plan.metric(condition.metric)
        if withdrawn and metric.kind is not MetricKind.SENTINEL:
            continue
        if metric.source != COUNTED_BY_TELEMETRY:
            continue
        bound = condition.bound if metric.kind is MetricKind.QUANTILE else None
        name = plan.series(condition)
        found[name] = Series(name=name, metric=metric, bound=bound)
    return tuple(found.values())
