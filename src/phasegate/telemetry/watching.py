"""What is looked for, arranged so that one observation finds its lines at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from phasegate.core.evidence import ENVIRONMENT
from phasegate.core.plan import MetricKind
from phasegate.core.watch import Series, Watch
from phasegate.telemetry.lines import Identity, Line

K = TypeVar("K")
V = TypeVar("V")
LineOf = Callable[[Watch, Series, str], Line]


@dataclass(frozen=True, kw_only=True, eq=False)
class Trial:
    """One watched component with its lines, by the event they are observed by; None: spans."""

    watch: Watch
    lines: Mapping[str | None, tuple[Line, ...]]


@dataclass(frozen=True, kw_only=True, eq=False)
class Alarm:
    """One sentinel of one run and phase: a line per component, and one for nobody's."""

    series: Series
    members: tuple[tuple[Watch, Line], ...]
    environment: Line

    def lines_of(self, component: object) -> list[Line]:
        """Return the lines of the component of that name; none if it is not watched."""
        return [line for watch, line in self.members if watch.component == component]


@dataclass(frozen=True, kw_only=True)
class Watching:
    """Trials by flag and by event, alarms by event, and all their lines by identity."""

    lines: Mapping[Identity, Line] = field(default_factory=dict)
    by_flag: Mapping[str, tuple[Trial, ...]] = field(default_factory=dict)
    by_event: Mapping[str, tuple[Trial, ...]] = field(default_factory=dict)
    alarms: Mapping[str | None, tuple[Alarm, ...]] = field(default_factory=dict)
    joined_flags: frozenset[str] = frozenset()
    longest_lag_s: float = 0.0

    def has(self, trial: Trial) -> bool:
        """Say whether a trial is watched still, perhaps arranged anew."""
        return all(line.identity in self.lines for lines in trial.lines.values() for line in lines)


def arranged(watches: Sequence[Watch], before: Mapping[Identity, Line]) -> Watching:
    """Arrange watches; a line that was there before goes on with what it knows."""
    lines: dict[Identity, Line] = {}

    def line(watch: Watch, series: Series, component: str) -> Line:
        identity = Identity(
            run=watch.run,
            phase=watch.phase,
            component=component,
            attempt=watch.attempt,
            series=series.name,
        )
        if identity not in lines:
            lines[identity] = before.get(identity) or _new_line(identity, watch, series)
        return lines[identity]

    trials = [
        Trial(watch=watch, lines=_by_event(line(watch, one, watch.component) for one in shares))
        for watch in watches
        if (shares := [one for one in watch.series if _is_tallied(one) and not _is_sentinel(one)])
    ]
    alarms = _alarms(watches, line)
    return Watching(
        lines=lines,
        by_flag=_grouped((trial.watch.flag, trial) for trial in trials if None in trial.lines),
        by_event=_grouped((event, trial) for trial in trials for event in trial.lines if event),
        alarms=_grouped((alarm.series.metric.event, alarm) for alarm in alarms),
        joined_flags=frozenset(
            watch.flag for watch in watches if any(one.metric.event for one in watch.series)
        ),
        longest_lag_s=max((each.lag_s for each in lines.values()), default=0.0),
    )


def _alarms(watches: Sequence[Watch], line: LineOf) -> list[Alarm]:
    groups: dict[tuple[str, str, str], list[tuple[Watch, Series]]] = {}
    for watch in watches:
        for series in watch.series:
            if _is_tallied(series) and _is_sentinel(series):
                key = (watch.run, watch.phase, series.name)
                groups.setdefault(key, []).append((watch, series))
    return [
        Alarm(
            series=group[0][1],
            members=tuple((watch, line(watch, one, watch.component)) for watch, one in group),
            environment=line(
                max((watch for watch, _ in group), key=lambda watch: watch.attempt),
                group[0][1],
                ENVIRONMENT,
            ),
        )
        for group in groups.values()
    ]


def _new_line(identity: Identity, watch: Watch, series: Series) -> Line:
    # A sentinel is never held back, so it has no lag whatever its metric says.
    lag_s = 0.0 if _is_sentinel(series) else series.metric.lag.total_seconds()
    return Line(identity=identity, series=series, block=watch.block, lag_s=lag_s)


def _is_tallied(series: Series) -> bool:
    """Levels, labelled cases and other sources are tallied by whoever reads them."""
    metric = series.metric
    return metric.source == "otlp" and metric.cases is None and metric.kind is not MetricKind.LEVEL


def _is_sentinel(series: Series) -> bool:
    return series.metric.kind is MetricKind.SENTINEL


def _by_event(lines: Iterable[Line]) -> Mapping[str | None, tuple[Line, ...]]:
    return _grouped((line.series.metric.event, line) for line in lines)


def _grouped(pairs: Iterable[tuple[K, V]]) -> dict[K, tuple[V, ...]]:
    groups: dict[K, list[V]] = {}
    for key, value in pairs:
        groups.setdefault(key, []).append(value)
    return {key: tuple(values) for key, values in groups.items()}
