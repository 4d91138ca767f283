"""Arranging what is looked for: watches become trials, alarms and levels with their bundles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from phasegate.core.evidence import ENVIRONMENT
from phasegate.core.plan import MetricKind
from phasegate.core.watch import Series, Watch
from phasegate.core.watching import COUNTED_BY_TELEMETRY
from phasegate.telemetry.asking import REQUEST, Belonging, asked, never
from phasegate.telemetry.bundles import Bundle, BundleKey
from phasegate.telemetry.cells import Member
from phasegate.telemetry.levels import Level, LevelKey
from phasegate.telemetry.wanted import wanted
from phasegate.telemetry.watching import Alarm, Trial, Watching

K = TypeVar("K")
V = TypeVar("V")
_Group = tuple[str | None, Belonging, float]
"""What a bundle's series share: the event, what belongs to it, and the lag in seconds."""


def arranged(watches: Sequence[Watch], was: Watching) -> Watching:
    """Arrange watches; what was there before goes on with what it knows."""
    bundling = _Bundling(was.bundles)
    trials = _trials(watches, bundling)
    alarms = _alarms(watches, bundling)
    bundles = bundling.bundles
    environments = _environments(watches)
    judged = frozenset(
        name for key in bundles for name in key.belonging.fields if key.event is None
    )
    return Watching(
        bundles=bundles,
        # A rate of events has a second bundle for presence alone; the first knows who was ill.
        by_series={
            one: bundle
            for bundle in sorted(bundles.values(), key=lambda bundle: bundle.key.event is not None)
            for one in bundle.identities()
        },
        by_flag=_grouped(
            (one.at, bundle) for one in trials for bundle in one.bundles.get(None, ())
        ),
        by_event=_grouped((event, trial) for trial in trials for event in trial.bundles if event),
        alarms=_grouped((alarm.series.metric.event, alarm) for alarm in alarms),
        environments=environments,
        shared=frozenset(flag for flag, known in environments.items() if len(known) > 1),
        joined_flags=frozenset(
            (watch.environment, watch.flag)
            for watch in watches
            if any(one.metric.event for one in watch.series)
        ),
        levels=_levels(watches, was),
        longest_lag_s=max((bundle.lag_s for bundle in bundles.values()), default=0.0),
        judged_fields=judged,
        wanted=wanted(judged, (watch.flag for watch in watches)),
    )


class _Bundling:
    """Bundles by key, as they are asked for; those of before go on."""

    def __init__(self, before: Mapping[BundleKey, Bundle]) -> None:
        self.bundles: dict[BundleKey, Bundle] = {}
        self._before = before

    def of(self, watch: Watch, component: str, series: Iterable[Series]) -> list[Bundle]:
        """Return the bundles in which a watch's series are counted for a component."""
        found = [
            self._bundle(watch, component, group, members)
            for group, members in _groups(series).items()
        ]
        self.bundles.update((bundle.key, bundle) for bundle in found)
        return found

    def _bundle(self, watch: Watch, component: str, group: _Group, members: list[Member]) -> Bundle:
        names = tuple(member.series.name for member in members)
        key = BundleKey(watch.run, watch.phase, component, watch.attempt, *group, names)
        bundle = self._before.get(key) or Bundle(key, members, watch.block)
        bundle.since = watch.since
        return bundle


def _trials(watches: Sequence[Watch], bundling: _Bundling) -> list[Trial]:
    return [
        Trial(
            at=(watch.environment, watch.flag),
            bundles=_by_event(bundling.of(watch, watch.component, shares)),
        )
        for watch in watches
        if (shares := [one for one in watch.series if _is_tallied(one) and not _is_sentinel(one)])
    ]


def _alarms(watches: Sequence[Watch], bundling: _Bundling) -> list[Alarm]:
    return [
        Alarm(
            series=group[0][1],
            members=tuple(
                (watch, bundling.of(watch, watch.component, [one])[0]) for watch, one in group
            ),
            environment=bundling.of(
                _latest([watch for watch, _ in group]), ENVIRONMENT, [group[0][1]]
            )[0],
        )
        for group in _sentinels(watches)
    ]


def _latest(watches: Sequence[Watch]) -> Watch:
    """Return the watch of the last attempt, since the last of them began."""
    last = max(watches, key=lambda watch: watch.attempt)
    return replace(last, since=max(watch.since for watch in watches))


def _environments(watches: Sequence[Watch]) -> dict[str, frozenset[str]]:
    """Return by flag the environments in which it is watched."""
    flags = _grouped((watch.flag, watch.environment) for watch in watches)
    return {flag: frozenset(known) for flag, known in flags.items()}


def _groups(series: Iterable[Series]) -> dict[_Group, list[Member]]:
    """Group series by what they are asked of: the event, what belongs to it, and the lag."""
    groups: dict[_Group, list[Member]] = {}
    for one in series:
        question = asked(one)
        if question is None:
            continue
        belonging, is_bad = question
        # A sentinel is never held back, so it has no lag whatever its metric says.
        lag_s = 0.0 if _is_sentinel(one) else one.metric.lag.total_seconds()
        member = Member(series=one, is_bad=is_bad)
        groups.setdefault((one.metric.event, belonging, lag_s), []).append(member)
        if one.metric.kind is MetricKind.RATE and one.metric.event is not None:
            present = groups.setdefault((None, REQUEST, 0.0), [])
            # Whoever had their first event is not at risk of it any more, however long they stay.
            present.append(Member(series=one, is_bad=never, ill=member.ill))
    return groups


def _sentinels(watches: Sequence[Watch]) -> list[list[tuple[Watch, Series]]]:
    """Return the sentinels of each run and phase, each with all who watch for it."""
    groups: dict[tuple[str, str, str], list[tuple[Watch, Series]]] = {}
    for watch in watches:
        for series in watch.series:
            if _is_tallied(series) and _is_sentinel(series):
                key = (watch.run, watch.phase, series.name)
                groups.setdefault(key, []).append((watch, series))
    return list(groups.values())


def _levels(watches: Sequence[Watch], was: Watching) -> dict[str, tuple[Level, ...]]:
    before = {level.key: level for levels in was.levels.values() for level in levels}
    found: dict[LevelKey, Level] = {}
    for watch in sorted(watches, key=lambda watch: watch.since):
        for one in watch.series:
            if one.metric.kind is MetricKind.LEVEL and one.metric.source == COUNTED_BY_TELEMETRY:
                key = LevelKey(run=watch.run, phase=watch.phase, series=one.name)
                if key not in found:
                    found[key] = before.get(key) or Level(key=key, series=one, since=watch.since)
    return _grouped((level.series.metric.query or "", level) for level in found.values())


def _is_tallied(series: Series) -> bool:
    """Levels, labelled cases and other sources are tallied by whoever reads them."""
    metric = series.metric
    counted = metric.source == COUNTED_BY_TELEMETRY and metric.cases is None
    return counted and metric.kind is not MetricKind.LEVEL


def _is_sentinel(series: Series) -> bool:
    return series.metric.kind is MetricKind.SENTINEL


def _by_event(bundles: Iterable[Bundle]) -> Mapping[str | None, tuple[Bundle, ...]]:
    return _grouped((bundle.key.event, bundle) for bundle in bundles)


def _grouped(pairs: Iterable[tuple[K, V]]) -> dict[K, tuple[V, ...]]:
    groups: dict[K, list[V]] = {}
    for key, value in pairs:
        groups.setdefault(key, []).append(value)
    return {key: tuple(values) for key, values in groups.items()}
