"""Keeps evidence small in the background: old tallies are packed, in steps that nobody feels."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from threading import Event as Signal
from threading import Thread

import structlog

from phasegate.ports import Conflict, Store, Unavailable

STEP = 2_000
"""Tallies that one step packs: it holds the store's lock for some hundredths of a second."""

EVERY_S = 60.0
"""How often it is looked for what has become old."""

REST_S = 0.05
"""Pause between two steps: sentinels that wait for the store go first."""

LEASE = timedelta(seconds=30)
"""How long one server keeps the right to pack; it spares the others the work, no more."""

log = structlog.get_logger()


class Retention(Thread):
    """Packs what is old, on one server at a time, until stopped.

    Two that pack at once harm nothing: the store lets one of them win each step. Whatever ends
    the process in the middle, a step was done or was not.
    """

    def __init__(
        self,
        *,
        store: Store,
        minutes_after: timedelta,
        hours_after: timedelta,
        ended: Callable[[], Iterable[str]],
        clock: Callable[[], datetime],
        holder: str,
    ) -> None:
        """minutes_after, hours_after: age at which tallies are packed so. ended: runs that are."""
        super().__init__(name="phasegate-retention", daemon=True)
        self._store = store
        self._minutes_after = minutes_after
        self._hours_after = hours_after
        self._ended = ended
        self._clock = clock
        self._holder = holder
        self._stopping = Signal()
        self._forgotten: set[str] = set()
        self.packed = 0

    def stop(self) -> None:
        """End after the step under way."""
        self._stopping.set()
        if self.is_alive():
            self.join()

    def run(self) -> None:
        """Look again and again, until stopped; what fails is logged and tried again."""
        while not self._stopping.wait(EVERY_S):
            try:
                self.tidy()
            except (Unavailable, Conflict) as error:
                log.info("not_packed", why=str(error))
            except Exception as error:
                log.exception("packing_broke", error=type(error).__name__)

    def tidy(self) -> None:
        """Pack all that is old, and forget the subjects of runs that have ended."""
        before = self.packed
        while not self._stopping.is_set() and self._may() and self.step():
            self._stopping.wait(REST_S)
        if self.packed > before:
            log.info("packed", tallies=self.packed - before)
        if not self._stopping.is_set() and self._may():
            self._forget()

    def step(self) -> int:
        """Pack one step's worth; return how many tallies were handled. Raises Unavailable."""
        now = self._clock()
        handled = self._store.compact(
            _ms(now - self._minutes_after), _ms(now - self._hours_after), STEP
        )
        self.packed += handled
        return handled

    def _may(self) -> bool:
        now = self._clock()
        return self._store.acquire("retention", self._holder, now, now + LEASE)

    def _forget(self) -> None:
        for run in set(self._ended()) - self._forgotten:
            self._store.forget_subjects(run)
            self._forgotten.add(run)


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
