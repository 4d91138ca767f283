"""Takes observations in and writes what they amount to, through outages of the store."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence

from phasegate.core.evidence import Tally
from phasegate.ports import Store, Unavailable
from phasegate.telemetry.observation import Observation, Point, Rejected
from phasegate.telemetry.placing import MOST_EARLY_S, MOST_LATE_S, is_skewed
from phasegate.telemetry.tallying import Flush, Tallier
from phasegate.telemetry.wanted import Wanted

FLUSH_EVERY_S = 0.5
MOST_WAIT_S = 2.0
"""How long whoever tells of a sentinel waits while somebody else writes to the store."""

MOST_KEPT = 100_000
"""Tallies kept in memory while the store is away: about an hour of a busy phase."""

_log = logging.getLogger("phasegate.telemetry")


class Intake:
    """Feeds a Tallier and brings its flushes to the store, in order, each exactly once.

    wake  called after evidence was stored, so that the engine looks at once.
    failures  how many writes the store refused since the start.
    """

    def __init__(
        self,
        tallier: Tallier,
        store: Store,
        wake: Callable[[], None],
        most_kept: int = MOST_KEPT,
        is_open: Callable[[], bool] = lambda: True,
    ) -> None:
        """is_open: says whether what comes in can be counted; until then senders wait."""
        self._is_open = is_open
        self._tallier = tallier
        self._store = store
        self._wake = wake
        self._most_kept = most_kept
        self._kept: deque[Flush] = deque()
        self._count = 0
        self._entered = self._left = 0
        self._away = False
        self._keeping = threading.Lock()
        self._writing = threading.Lock()
        self._urgent = threading.Event()
        self.failures = 0

    @property
    def kept(self) -> tuple[Tally, ...]:
        """Tallies that wait for the store, oldest first: all that is known beyond what it has."""
        return tuple(tally for flush in list(self._kept) for tally, _ in flush.tallies)

    @property
    def wanted(self) -> Wanted:
        """Which attributes of requests are asked for at present; others may be left out."""
        return self._tallier.wanted

    def take(self, observations: Sequence[Observation], now: float) -> Rejected:
        """Count observations and say how many were too far from now to be believed.

        A sentinel is stored before this returns. Raises Unavailable where it is not, so that it is
        sent again, and while the store has been away for so long that no more can be kept.
        Sentinels are kept even then, since the sender may give up before the store is back.
        """
        if not self._is_open():
            raise Unavailable(_CLOSED)
        full = self._count >= self._most_kept
        if full or self._away:
            sentinels = [one for one in observations if self._tallier.is_sentinel(one)]
            # All of it comes again, so that nothing else of it must be counted now.
            observations = sentinels if full or sentinels else observations
        stored = not self._tallier.observe(observations, now) or self._stored(now)
        if full:
            raise Unavailable(_FULL)
        if not stored:
            raise Unavailable(_NOT_STORED)
        return _rejected(
            skewed=_skewed([one.at_s for one in observations], now),
            sampled=sum([one.sampled for one in observations]),
        )

    def read(self, points: Sequence[Point], now: float) -> Rejected:
        """Take in data points of levels and say how many were too far from now to be believed.

        Raises Unavailable as `take` does.
        """
        if not self._is_open():
            raise Unavailable(_CLOSED)
        if self._count >= self._most_kept:
            raise Unavailable(_FULL)
        believed = [point for point in points if not is_skewed(point.at_s, now)]
        self._tallier.read(believed)
        return _rejected(skewed=len(points) - len(believed))

    def flush(self, now: float) -> bool:
        """Write everything counted so far; False if the store was away and it is kept instead."""
        self._keep(now)
        with self._writing:
            wrote = self._write_kept(int(now * 1000))
        if wrote:
            self._wake()
        return not self._kept

    def flush_forever(
        self,
        stop: threading.Event,
        clock: Callable[[], float] = time.time,
        every_s: float = FLUSH_EVERY_S,
    ) -> None:
        """Flush at that interval, at once after a sentinel, and a last time when stopped.

        A flush that breaks is followed by the next: what it did not write is kept.
        """
        while not stop.is_set():
            self._urgent.wait(every_s)
            self._urgent.clear()
            try:
                self.flush(clock())
            except Exception:  # noqa: BLE001 the thread must outlive whatever it was
                self.failures += 1
                _log.exception("evidence could not be written")
        self.flush(clock())

    def hurry(self) -> None:
        """Have `flush_forever` flush at once, or notice at once that it is to stop."""
        self._urgent.set()

    def _stored(self, now: float) -> bool:
        """Store what was counted up to now, and say whether it is stored."""
        # Outcomes that wait can wait for the next interval: sentinels may come by the hundred.
        entered = self._keep(now, retry=False)
        if self._away or not self._writing.acquire(timeout=MOST_WAIT_S):
            # Whoever waits for the store to be back goes on; the sender must not wait for that.
            self._urgent.set()
            return False
        try:
            wrote = self._write_kept(int(now * 1000))
        finally:
            self._writing.release()
        if wrote:
            self._wake()
        return self._left >= entered

    def _keep(self, now: float, *, retry: bool = True) -> int:
        """Keep what was counted for the store; return how many flushes it is stored with.

        What finds no room any more is of the next one.
        """
        with self._keeping:
            if self._count >= self._most_kept:
                return self._entered + 1
            flush = self._tallier.flush(now, retry=retry)
            if flush.tallies or flush.sightings:
                self._kept.append(flush)
                self._count += len(flush.tallies)
                self._entered += 1
            return self._entered

    def _write_kept(self, now_ms: int) -> bool:
        """Write what is kept, oldest first, until the store refuses; True if any was written."""
        wrote = False
        while self._kept:
            flush = self._kept[0]
            # What waited arrives only now, and tallies are folded in the order they arrive.
            tallies = [(tally, max(ripe_ms, now_ms)) for tally, ripe_ms in flush.tallies]
            try:
                self._store.add_evidence(tallies, flush.sightings)
            except Unavailable:
                self.failures += 1
                self._away = True
                return wrote
            with self._keeping:
                self._kept.popleft()
                self._count -= len(flush.tallies)
                self._left += 1
            self._away = False
            wrote = True
        return wrote


def _skewed(times_s: Sequence[float], now: float) -> int:
    """Return how many times are too far from now to be believed; mostly the ends say: none."""
    if not times_s or not (is_skewed(min(times_s), now) or is_skewed(max(times_s), now)):
        return 0
    return sum(is_skewed(at_s, now) for at_s in times_s)


def _rejected(*, skewed: int = 0, sampled: int = 0) -> Rejected:
    reasons = (_SKEWED if skewed else "", _SAMPLED if sampled else "")
    return Rejected(count=skewed + sampled, why="; ".join(filter(None, reasons)))


_CLOSED = (
    "this server does not know yet what to look for, so that nothing could be counted: send this "
    "again in a second. [intake-closed]"
)
_FULL = (
    "the store does not take evidence and memory for it is full: send this again later, and see "
    "why the store is away. [intake-full]"
)
_NOT_STORED = (
    "the store does not take evidence, and this tells of a sentinel, which must not be lost: it is "
    "acted upon; send it again until it is taken. [sentinel-not-stored]"
)
_SKEWED = (
    f"observed more than {MOST_EARLY_S // 60} minutes ahead of this server's clock or more than "
    f"{MOST_LATE_S // 60} minutes behind it; set the clocks right [observation-skewed]"
)
_SAMPLED = (
    "the trace state says that this stream is sampled, and a sampled stream cannot be counted; "
    "have the services under trial export every request [stream-sampled]"
)
