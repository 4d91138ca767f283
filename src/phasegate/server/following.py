"""What engines of other projects are served, and when they are to fetch it anew."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, Callable
from functools import lru_cache

from phasegate.flags.foreign import Watched, foreign_document
from phasegate.server.board import FlagBoard
from phasegate.server.streams import Published, State

KEPT = 16
"""Documents that are kept written: about one for each environment, and one before it."""


def served_document(board: FlagBoard, environment: str) -> bytes | None:
    """Return the document as JSON for engines that know no lease; None: nothing is published."""
    state, published = board.state(environment), board.current(environment)
    return None if published is None else _written(published, state.watched)


@lru_cache(maxsize=KEPT)
def _written(published: Published, watched: Watched) -> bytes:
    whole = foreign_document(json.loads(published.body), watched)
    return json.dumps(whole, separators=(",", ":"), allow_nan=False).encode()


def documents(state: State) -> object:
    """Return what a change of stands for a change of the document."""
    return state.version, state.watched


def evaluations(state: State) -> object:
    """Return what a change of stands for a change of what flags evaluate to here."""
    return state.version, state.watched.until == 0


async def following(
    board: FlagBoard,
    environment: str,
    keep_alive_s: float,
    of: Callable[[State], object] = documents,
) -> AsyncGenerator[State | None, None]:
    """Yield what is served now and at every change, until the server closes.

    of    what of a state is followed: documents or evaluations.
    None is yielded after so long without a change, for whoever must show that it is alive.
    """
    watcher = board.watch(environment)
    try:
        seen: State | None = None
        spoken = watcher.loop.time()
        while not watcher.ended:
            watcher.wake.clear()
            state = board.state(environment)
            quiet = watcher.loop.time() - spoken
            changed = seen is None or of(seen) != of(state)
            if changed or quiet >= keep_alive_s:
                spoken, seen = watcher.loop.time(), state
                yield state if changed else None
                continue
            await _woken(watcher.wake, _waits(keep_alive_s - quiet, state))
    finally:
        board.unwatch(watcher)


def _waits(quiet_for: float, state: State) -> float:
    """Return seconds to the next word, or to when the lease runs out, if that is sooner."""
    return quiet_for if state.lapses_s is None else min(quiet_for, state.lapses_s + 0.001)


async def _woken(wake: asyncio.Event, timeout: float) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(wake.wait(), timeout)
