"""Work that may last: in threads that a server need not wait for when it is asked to end."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Executor, Future
from queue import Empty, SimpleQueue
from threading import Thread
from typing import ParamSpec, TypeVar

import structlog

P = ParamSpec("P")
T = TypeVar("T")

log = structlog.get_logger()


class Background(Executor):
    """Carries out what is submitted, a few things at a time.

    Its threads are daemons: Python waits for those of its own executors even when a program ends,
    and a step may take ten minutes.
    """

    def __init__(self, workers: int, name: str) -> None:
        """workers: how much is carried out at once."""
        self._waiting: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._threads = [
            Thread(target=self._work, name=f"{name}-{number}", daemon=True)
            for number in range(workers)
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Have something carried out as soon as a thread is free."""
        future: Future[T] = Future()

        def carry_out() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                future.set_result(fn(*args, **kwargs))
            except BaseException as error:  # noqa: BLE001 it is the future's, as in any executor
                future.set_exception(error)

        self._waiting.put(carry_out)
        return future

    def end(self, within_s: float) -> bool:
        """Begin nothing more; say whether all that was under way has ended in time."""
        try:
            while True:
                self._waiting.get_nowait()
        except Empty:
            pass
        for _ in self._threads:
            self._waiting.put(None)
        until = time.monotonic() + within_s
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def _work(self) -> None:
        while (carry_out := self._waiting.get()) is not None:
            carry_out()


def tell_bug(run: str, what: str, future: Future[None]) -> None:
    """Put on record what an executor would keep to itself; what was not seen stays unseen."""
    error = None if future.cancelled() else future.exception()
    if error is not None:
        log.error("observer_broke", run=run, what=what, exc_info=error)
