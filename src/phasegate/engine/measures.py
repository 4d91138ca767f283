"""What a server says of itself in numbers, for whoever watches the watchers."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from phasegate.engine.health import ClockWatch
from phasegate.engine.loop import Loop
from phasegate.ports import Publisher, Store, Unavailable


class Kind(Enum):
    """GAUGE goes up and down; COUNTER only up, until a restart."""

    GAUGE = "gauge"
    COUNTER = "counter"


@dataclass(frozen=True, kw_only=True)
class Measure:
    """One family of numbers. samples: a number for each set of labels."""

    name: str
    kind: Kind
    help: str
    unit: str = ""
    samples: tuple[tuple[Mapping[str, str], float], ...]


def gauge(name: str, help: str, value: float, unit: str = "") -> Measure:
    """Return a gauge without labels."""
    return Measure(name=name, kind=Kind.GAUGE, help=help, unit=unit, samples=(({}, value),))


def counter(name: str, help: str, value: float) -> Measure:
    """Return a counter without labels."""
    return Measure(name=name, kind=Kind.COUNTER, help=help, samples=(({}, value),))


def labelled(
    name: str, help: str, label: str, values: Mapping[str, float], kind: Kind = Kind.GAUGE
) -> Measure:
    """Return a number for each value of one label."""
    samples = tuple(({label: key}, value) for key, value in sorted(values.items()))
    return Measure(name=name, kind=kind, help=help, samples=samples)


class OwnMeasures:
    """Reads the numbers of one server's engine. Nothing in it waits for a store for long."""

    def __init__(self, store: Store, loop: Loop, clock: ClockWatch, publisher: Publisher) -> None:
        self._store = store
        self._loop = loop
        self._clock = clock
        self._publisher = publisher

    def read(self) -> Iterator[Measure]:
        """Yield what is known now."""
        yield from self._of_the_store()
        yield from self._of_rounds()
        yield from self._of_runs()
        yield from self._of_streams()

    def _of_the_store(self) -> Iterator[Measure]:
        undecided_ms, up = None, True
        try:
            undecided_ms = self._store.attended().ago_ms
        except Unavailable:
            up = False
        yield gauge("phasegate_store_up", "Whether the store answers.", float(up))
        if undecided_ms is not None:
            yield gauge(
                "phasegate_undecided_seconds",
                "Since when no server has finished a round of decisions.",
                undecided_ms / 1000,
                "seconds",
            )
        if self._clock.skew is not None:
            yield gauge(
                "phasegate_clock_skew_seconds",
                "How far this server's clock is ahead of the store's.",
                self._clock.skew.total_seconds(),
                "seconds",
            )

    def _of_rounds(self) -> Iterator[Measure]:
        last = self._loop.last
        yield gauge("phasegate_decides", "Whether this server decides.", float(last.decided))
        if last.ended is not None:
            yield gauge(
                "phasegate_round_age_seconds",
                "Since when this server has finished no round.",
                time.monotonic() - last.ended,
                "seconds",
            )
        yield gauge(
            "phasegate_round_seconds", "How long the last round took.", last.took_s, "seconds"
        )
        yield gauge(
            "phasegate_turns_failing", "Runs whose last turn broke.", float(len(last.failing))
        )

    def _of_runs(self) -> Iterator[Measure]:
        statuses = Counter(view.run.status.value for view in list(self._loop.views.values()))
        yield labelled("phasegate_runs", "Runs that this server follows.", "status", statuses)
        yield labelled(
            "phasegate_sentinels_after_end",
            "Sentinels that were heard after a run has ended: what it exposed may do harm.",
            "run",
            dict(self._loop.after_end),
        )

    def _of_streams(self) -> Iterator[Measure]:
        environments = {view.run.environment for view in list(self._loop.views.values())}
        reaches = [self._publisher.reach(name) for name in sorted(environments)]
        yield labelled(
            "phasegate_flag_streams",
            "Applications that are connected here.",
            "environment",
            {reach.environment: len(reach.streams) for reach in reaches},
        )
        yield labelled(
            "phasegate_flag_version",
            "Version of the flags that are served here.",
            "environment",
            {reach.environment: reach.version for reach in reaches},
        )
