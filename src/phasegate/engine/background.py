"""Work in the executor's threads: a bug there goes on record and is not kept by a future."""

from __future__ import annotations

from concurrent.futures import Future

import structlog

log = structlog.get_logger()


def tell_bug(run: str, what: str, future: Future[None]) -> None:
    """Put on record what an executor would keep to itself; what was not seen stays unseen."""
    error = None if future.cancelled() else future.exception()
    if error is not None:
        log.error("observer_broke", run=run, what=what, exc_info=error)
