"""What a run wants watched: the trials telemetry looks for and the levels somebody must read."""

from __future__ import annotations

from dataclasses import dataclass, replace

from phasegate.core.plan import (
    KNOW_SUBJECTS,
    Condition,
    Metric,
    MetricKind,
    Mode,
    Phase,
    Plan,
)
from phasegate.core.run import Run, Trial, TrialState
from phasegate.core.stretch import Stretch
from phasegate.core.watch import Series, Watch

COUNTED_BY_TELEMETRY = "otlp"
"""The source whose observations our own receiver turns into tallies."""

COUNTED_KINDS = (MetricKind.SHARE, MetricKind.QUANTILE)
"""Kinds of metrics that outside sources count by arm."""


@dataclass(frozen=True, kw_only=True)
class Count:
    """Counts of one series of one trial, by arm, that somebody must read from a metric source.

    flag  whose variants tell the arms.
    """

    trial: Trial
    flag: str
    series: Series


def watches(plan: Plan, run: Run) -> tuple[Watch, ...]:
    """Return what telemetry must look for: one watch for each component that was ever exposed.

    Of one that is not exposed now only the sentinels are looked for. Those still under way are its
    own and must not be taken for its neighbours'; and who waits to be tried again must not be.
    """
    told = {(trial.phase, trial.state is TrialState.EXPOSED) for trial in run.trials.values()}
    series = {(phase, exposed): _series(plan, phase, exposed=exposed) for phase, exposed in told}
    return tuple(
        _watch(plan, run, trial, series[trial.phase, trial.state is TrialState.EXPOSED])
        for trial in run.trials.values()
    )


def only_sentinels(watch: Watch) -> Watch:
    """Return the watch without what is judged by comparing arms, for when nobody is treated."""
    kept = tuple(one for one in watch.series if one.metric.kind is MetricKind.SENTINEL)
    return replace(watch, series=kept)


def exposures(run: Run) -> dict[tuple[str, str, int], int]:
    """Return the exposure in basis points of each present trial by (phase, component, attempt)."""
    return {
        (trial.phase, trial.component, trial.attempt): trial.exposure
        for trial in run.trials.values()
    }


def earlier(run: Run) -> dict[tuple[str, str, int], tuple[Stretch, ...]]:
    """Return the exposures that are over, of each exposed trial that had another one before."""
    return {
        (trial.phase, trial.component, trial.attempt): trial.earlier
        for trial in run.exposed
        if trial.earlier
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


def counted(plan: Plan, run: Run) -> tuple[Count, ...]:
    """Return the counts that somebody must read: of each exposed trial, each series once."""
    found: dict[tuple[str, str, str], Count] = {}
    for trial in run.exposed:
        for condition in plan.phase(trial.phase).conditions:
            metric = plan.metric(condition.metric)
            if metric.kind not in COUNTED_KINDS or metric.source in KNOW_SUBJECTS:
                continue
            for series in _series_of(plan, condition, metric):
                count = Count(trial=trial, flag=_flag(trial), series=series)
                found[trial.phase, trial.component, series.name] = count
    return tuple(found.values())


def _is_polled(metric: Metric) -> bool:
    return metric.kind is MetricKind.LEVEL and metric.source != COUNTED_BY_TELEMETRY


def _watch(plan: Plan, run: Run, trial: Trial, series: tuple[Series, ...]) -> Watch:
    return Watch(
        run=run.id,
        phase=trial.phase,
        component=trial.component,
        flag=_flag(trial),
        attempt=trial.attempt,
        series=series,
        block=max(1, round(plan.block.total_seconds())),
        environment=run.environment,
        since=trial.since.timestamp() if trial.since else 0.0,
    )


def _series(plan: Plan, phase: str, *, exposed: bool) -> tuple[Series, ...]:
    found: dict[str, Series] = {}
    for condition in plan.phase(phase).conditions:
        metric = plan.metric(condition.metric)
        if not exposed and metric.kind is not MetricKind.SENTINEL:
            continue
        if metric.source != COUNTED_BY_TELEMETRY:
            continue
        found |= {one.name: one for one in _series_of(plan, condition, metric)}
    return tuple(found.values())


def _series_of(plan: Plan, condition: Condition, metric: Metric) -> tuple[Series, ...]:
    named = plan.series_of(condition)
    return tuple(Series(name=name, metric=metric, bound=cut) for name, cut in named)


def _flag(trial: Trial) -> str:
    return trial.flag if trial.mode is Mode.LIVE else f"{trial.flag}.shadow"
