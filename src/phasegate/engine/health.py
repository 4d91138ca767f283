"""Whether this server is well: its store answers, its clock can be trusted, somebody decides."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Event as Signal
from threading import Thread

import structlog

from phasegate.engine.clock import SteadyClock
from phasegate.engine.loop import LEASE, Loop
from phasegate.ports import Store, Unavailable

MOST_SKEW = timedelta(seconds=3)
"""How far this server's clock may be from the store's, or from the wall's where that has none."""

MOST_UNDECIDED_MS = 10_000
"""How long nobody may have decided before it is trouble: the lease, and time to take it over."""

ASKED_EVERY_S = 5.0

WATCHED_EVERY_S = 2.0

NOBODY_DECIDES = "[nobody-decides]"

log = structlog.get_logger()


class ClockWatch:
    """Compares this server's clock with the store's, which all servers share."""

    def __init__(
        self, store: Store, clock: SteadyClock, passing: Callable[[], float] = time.monotonic
    ) -> None:
        self._store = store
        self._clock = clock
        self._passing = passing
        self._asked_at: float | None = None
        self.skew: timedelta | None = None

    def may_decide(self) -> bool:
        """Say whether decisions may rest on this clock. Raises Unavailable."""
        return self.trouble() is None

    def trouble(self) -> str | None:
        """Say what is wrong with the clock; None: nothing is. Raises Unavailable."""
        now = self._passing()
        if self._asked_at is None or now - self._asked_at >= ASKED_EVERY_S:
            before, there, after = self._clock(), self._store.clock(), self._clock()
            self.skew = None if there is None else _skew(before, there, after)
            self._asked_at = now
        if self.skew is not None and abs(self.skew) > MOST_SKEW:
            return (
                f"this server's clock is {self.skew.total_seconds():+.1f} s from the store's; it "
                "does not decide. Set the clocks right and restart it. [clock-skewed]"
            )
        return None

    def jump(self) -> str | None:
        """Say how far the wall clock was set away from ours, where no store can tell who is right.

        Decisions rest on time that passes evenly, so they go on.
        """
        if self.skew is not None or abs(self._clock.jumped) <= MOST_SKEW:
            return None
        return (
            f"the machine's clock jumped by {self._clock.jumped.total_seconds():+.1f} s; decisions "
            "go by the time before. Restart the server to take up the new one. [clock-jumped]"
        )


def _skew(before: datetime, there: datetime, after: datetime) -> timedelta:
    """Return how far our clock is from another one, at least, that was read in between.

    A server that is not run for seconds while it asks would otherwise hold its own clock for wrong.
    """
    return max(before - there, timedelta(0)) + min(after - there, timedelta(0))


class Health:
    """Says what keeps this server from its work."""

    def __init__(
        self,
        store: Store,
        loop: Loop,
        clock: ClockWatch,
        passing: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._loop = loop
        self._clock = clock
        self._passing = passing
        self._began = passing()
        self._was_attended = False

    def trouble(self) -> str | None:
        """Say what is wrong first of all; None: nothing is."""
        try:
            self._store.logs()
            attended = self._store.attended()
            clock = self._clock.trouble() or self._clock.jump()
        except Unavailable as error:
            return f"the store does not answer: {error}"
        if clock:
            return clock
        last = self._loop.last.ended
        if last is None or self._passing() - last > LEASE.total_seconds():
            return "no round of this server has been finished lately [engine-stuck]"
        return self._undecided(attended.ago_ms)

    def _undecided(self, ago_ms: int | None) -> str | None:
        """Say since when nobody decides; who has just begun waits until somebody has."""
        if ago_ms is None or ago_ms > MOST_UNDECIDED_MS:
            since = "ever" if ago_ms is None else f"for {ago_ms // 1000} s"
            return f"nobody has decided {since}, on any server {NOBODY_DECIDES}"
        if not self._was_attended and ago_ms > 1000 * (self._passing() - self._began):
            return f"nobody has decided since this server began {NOBODY_DECIDES}"
        self._was_attended = True
        return None


class Watchdog(Thread):
    """Says aloud, on every server, what keeps it from its work; above all that nobody decides.

    trouble   what was wrong when it looked last; None: nothing was.
    """

    def __init__(self, look: Callable[[], str | None]) -> None:
        super().__init__(name="phasegate-watchdog", daemon=True)
        self._look = look
        self._stopping = Signal()
        self.trouble: str | None = None

    @property
    def nobody_decides(self) -> bool:
        """Whether the trouble is that no server decides."""
        return NOBODY_DECIDES in (self.trouble or "")

    def run(self) -> None:
        """Look again and again, until stopped."""
        while not self._stopping.wait(WATCHED_EVERY_S):
            self.look()

    def look(self) -> None:
        """Look once, and log what has become of it; the same trouble is told once."""
        before, self.trouble = self.trouble, self._look()
        if self.trouble and _kind(self.trouble) != _kind(before):
            log.error("not_well", why=self.trouble)
        elif before and not self.trouble:
            log.info("well_again")

    def stop(self) -> None:
        """End; returns when the thread has ended."""
        self._stopping.set()
        if self.is_alive():
            self.join()


def _kind(trouble: str | None) -> str:
    """Return the code at the end of a trouble: seconds in its text grow from look to look."""
    return (trouble or "").rpartition("[")[2]
