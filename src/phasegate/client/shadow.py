"""Both paths run, the old answer is served: what the new one would have said becomes evidence.

The new path runs in a small pool of its own. What it raises, how long it takes and how often it is
asked never reaches the caller: what does not fit is left out and counted.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import logging
import operator
import queue
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar  # Any: an answer of the application's own

WORKERS = 4
"""New paths that run at the same time."""

WAITING = 64
"""New paths that wait for a worker; one more is left out."""

PATIENCE_S = 30.0
"""A new path that has not answered after so long is told as an error."""

_log = logging.getLogger("phasegate.client")

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Answered(Generic[T]):
    """How one path went. error: the type of what it raised, None where it answered."""

    value: T | None = None
    error: str | None = None
    duration_ms: float


class Tell(Protocol):
    """Takes what was seen of one pair of paths. Called on a worker's thread."""

    def __call__(
        self, flag: str, subject: str, old: Answered[Any], new: Answered[Any], *, agrees: bool
    ) -> None:
        """Put it on record."""


@dataclass(kw_only=True, eq=False)
class _Pair:
    """One pair under way. told: it was told already, so that it is told only once."""

    flag: str
    subject: str
    new: Callable[[], Any]
    same: Callable[[Any, Any], bool]
    context: contextvars.Context = field(default_factory=contextvars.copy_context)
    old: Answered[Any] | None = None
    old_done: threading.Event = field(default_factory=threading.Event)
    since: float = 0.0
    told: bool = False


class Shadows:
    """Runs new paths beside old ones. left_out: how many did not fit."""

    def __init__(
        self,
        tell: Tell,
        *,
        workers: int = WORKERS,
        waiting: int = WAITING,
        patience_s: float = PATIENCE_S,
    ) -> None:
        """Start nothing yet: threads begin with the first pair."""
        self._tell = tell
        self._workers = workers
        self._patience_s = patience_s
        self._pairs: queue.Queue[_Pair | None] = queue.Queue(waiting)
        self._running: set[_Pair] = set()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._tasks: set[asyncio.Task[Answered[Any]]] = set()
        self._closed = False
        self.left_out = 0

    def run(
        self,
        flag: str,
        subject: str,
        old: Callable[[], T],
        new: Callable[[], T],
        same: Callable[[T, T], bool] = operator.eq,
    ) -> T:
        """Return what the old path answers, or raise what it raises; the new one runs beside it."""
        pair = _Pair(flag=flag, subject=subject, new=new, same=same)
        self._offer(pair)
        started = time.perf_counter()
        try:
            value = old()
        except BaseException as error:
            self._old(pair, started, error=type(error).__name__)
            raise
        self._old(pair, started, value=value)
        return value

    async def run_async(
        self,
        flag: str,
        subject: str,
        old: Callable[[], Awaitable[T]],
        new: Callable[[], Awaitable[T]],
        same: Callable[[T, T], bool] = operator.eq,
    ) -> T:
        """Do the same with coroutines on the running loop; the new one is not waited for.

        A new path that computes without ever waiting holds up the loop, and so the caller.
        """
        pair = _Pair(flag=flag, subject=subject, new=new, same=same)
        task = self._offer_task(pair)
        started = time.perf_counter()
        try:
            value = await old()
        except BaseException as error:
            self._old(pair, started, error=type(error).__name__)
            raise
        else:
            self._old(pair, started, value=value)
            return value
        finally:
            if task is not None:
                task.add_done_callback(lambda done: self._told(pair, done))

    def close(self) -> None:
        """Take nothing more; what runs is told as it stands, and its threads end by themselves."""
        with self._lock:
            self._closed = True
            running = list(self._running)
        for pair in running:
            self._give_up(pair)
        # Daemon threads: one that hangs in a new path ends with the process.
        for _ in self._threads:
            with contextlib.suppress(queue.Full):
                self._pairs.put_nowait(None)

    def _offer_task(self, pair: _Pair) -> asyncio.Task[Answered[Any]] | None:
        if self._closed or len(self._tasks) >= self._pairs.maxsize:
            self.left_out += 1
            return None
        task = asyncio.create_task(_answered_async(pair, self._patience_s))
        # The loop holds tasks only weakly; this one is held until it is done.
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _told(self, pair: _Pair, done: asyncio.Task[Answered[Any]]) -> None:
        if not done.cancelled() and pair.old is not None:
            self._record(pair, pair.old, done.result())

    def _old(self, pair: _Pair, started: float, **how: Any) -> None:
        pair.old = Answered(duration_ms=_since(started), **how)
        pair.old_done.set()

    def _offer(self, pair: _Pair) -> None:
        self._expire()
        with self._lock:
            if self._closed or self._pairs.full():
                self.left_out += 1
                return
            if len(self._threads) < self._workers:
                self._begin()
            self._pairs.put_nowait(pair)

    def _begin(self) -> None:
        thread = threading.Thread(target=self._work, name="phasegate-shadow", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _work(self) -> None:
        while (pair := self._pairs.get()) is not None:
            pair.since = time.perf_counter()
            with self._lock:
                self._running.add(pair)
            new = _answered(pair)
            self._settle(pair, new)
            with self._lock:
                self._running.discard(pair)

    def _settle(self, pair: _Pair, new: Answered[Any]) -> None:
        # The old path is the caller's own work and may take long; a worker does not wait for ever.
        if pair.old_done.wait(self._patience_s) and pair.old is not None:
            self._record(pair, pair.old, new)

    def _expire(self) -> None:
        now = time.perf_counter()
        with self._lock:
            late = [pair for pair in self._running if now - pair.since > self._patience_s]
        for pair in late:
            self._give_up(pair)

    def _give_up(self, pair: _Pair) -> None:
        if pair.old is not None:
            new = Answered[Any](error="TimeoutError", duration_ms=_since(pair.since))
            self._record(pair, pair.old, new)

    def _record(self, pair: _Pair, old: Answered[Any], new: Answered[Any]) -> None:
        with self._lock:
            if pair.told:
                return
            pair.told = True
        try:
            self._tell(pair.flag, pair.subject, old, new, agrees=_agrees(pair.same, old, new))
        except Exception:  # noqa: BLE001 telling may fail in any way, and the caller never hears
            _log.warning("what a shadow of %s said could not be told", pair.flag, exc_info=True)


def _answered(pair: _Pair) -> Answered[Any]:
    started = time.perf_counter()
    try:
        value = pair.context.run(pair.new)
    except BaseException as error:  # noqa: BLE001 the new path is on trial: whatever it raises
        return Answered(error=type(error).__name__, duration_ms=_since(started))
    return Answered(value=value, duration_ms=_since(started))


async def _answered_async(pair: _Pair, patience_s: float) -> Answered[Any]:
    started = time.perf_counter()
    try:
        async with asyncio.timeout(patience_s):
            value = await pair.new()
    except asyncio.CancelledError:
        raise
    except BaseException as error:  # noqa: BLE001 the new path is on trial: whatever it raises
        return Answered(error=type(error).__name__, duration_ms=_since(started))
    return Answered(value=value, duration_ms=_since(started))


def _agrees(same: Callable[[Any, Any], bool], old: Answered[Any], new: Answered[Any]) -> bool:
    if old.error is not None or new.error is not None:
        return old.error == new.error
    try:
        return bool(same(old.value, new.value))
    except Exception:  # noqa: BLE001 what cannot be compared does not agree
        return False


def _since(started: float) -> float:
    return (time.perf_counter() - started) * 1000
