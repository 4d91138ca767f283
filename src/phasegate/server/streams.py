"""The words between the flag board and the streams that carry it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

from phasegate.client.lease import NEVER, LeasedFlags
from phasegate.flags.compile import FlagSet
from phasegate.flags.foreign import Watched
from phasegate.flags.resolution import Resolution


@dataclass(frozen=True, kw_only=True, eq=False)
class Published:
    """One version of an environment's flags.

    body     the document as JSON.
    answers  outcomes that were written as JSON already, by id; each is kept with its outcome.
    """

    version: int
    body: bytes
    leased: LeasedFlags
    answers: dict[int, tuple[Resolution, bytes]] = field(default_factory=dict)

    @cached_property
    def frame(self) -> bytes:
        """How every stream carries it, written once."""
        return b'event: document\ndata: {"version":%d,"document":%b}\n\n' % (
            self.version,
            self.body,
        )

    @property
    def flags(self) -> FlagSet:
        """The compiled flags, without regard to leases."""
        return self.leased.flags


@dataclass(frozen=True, kw_only=True)
class Acks:
    """Who has a version in force, and who may not.

    connected   streams that are open now.
    behind      names of open streams that have not acknowledged the version.
    unreached   names of streams that were lost without goodbye, never acknowledged the version,
                and may still serve what is on trial because their lease runs.
    """

    connected: int
    behind: tuple[str, ...]
    unreached: tuple[str, ...]


@dataclass(kw_only=True, eq=False)
class Stream:
    """One open stream. Its own task reads `wake`; everything else belongs to the board.

    name      what people know the application by; a reconnecting one keeps it.
    sent      newest version written to it; acknowledged: newest that it has in force.
    beats     heartbeats of its environment when it was last told its lease; -1: not told yet.
    lease     monotonic deadline until which it may serve what is on trial.
    """

    id: str
    name: str
    environment: str
    loop: asyncio.AbstractEventLoop
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    sent: int = -1
    beats: int = -1
    acknowledged: int = -1
    lease: float = NEVER
    ended: bool = False

    def ring(self) -> None:
        """Wake the task that serves it, from any thread."""
        ring((self,))


@dataclass(kw_only=True, eq=False)
class Watcher:
    """Somebody of another protocol who wants to know when something changes.

    It acknowledges nothing: what it holds is bound by the time that its document names.
    """

    environment: str
    loop: asyncio.AbstractEventLoop
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    ended: bool = False

    def ring(self) -> None:
        """Wake the task that serves it, from any thread."""
        ring((self,))


def ring(listeners: Iterable[Stream | Watcher]) -> None:
    """Wake the tasks that serve them, from any thread: each of their loops is called once."""
    loops: dict[asyncio.AbstractEventLoop, list[asyncio.Event]] = {}
    for one in listeners:
        loops.setdefault(one.loop, []).append(one.wake)
    for loop, events in loops.items():
        # A loop that is closed has no task left to wake.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(_set, events)


def _set(events: Iterable[asyncio.Event]) -> None:
    for event in events:
        event.set()


@dataclass(frozen=True, kw_only=True)
class State:
    """What an environment serves now, for whoever is not our own client.

    version   0 where nothing was published.
    watched   until when what is on trial may be served, in Unix seconds, rounded down so that a
              renewal seldom changes it.
    lapses_s  seconds until the lease runs out, or None where it does not.
    """

    version: int
    watched: Watched
    lapses_s: float | None


@dataclass(frozen=True, kw_only=True)
class Lost:
    """A stream that went without goodbye: what it had, and until when that may be served."""

    acknowledged: int
    until: float


@dataclass(frozen=True, kw_only=True)
class News:
    """What a stream has not been sent yet; None: nothing new of that sort.

    lease   monotonic deadline, FOR_EVER where there is none. now: on the same clock.
    """

    published: Published | None
    lease: float | None
    now: float
    ended: bool
