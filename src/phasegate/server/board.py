"""What every environment's flags are now, and which streams have them in force."""

from __future__ import annotations

import asyncio
import json
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from phasegate.client.lease import FOR_EVER, NEVER, Lease, LeasedFlags
from phasegate.flags.compile import compile_document
from phasegate.flags.foreign import Watched
from phasegate.ports import Reach
from phasegate.server.streams import Acks, Lost, News, Published, State, Stream, Watcher, ring

TRANSIT = 1.0
"""Seconds by which a client may count its lease to end later than we do: it counts from receipt."""

LOST_FOR = 24 * 3600.0
"""Seconds after which a stream that was lost without any lease is no longer listed."""


@dataclass(kw_only=True)
class _Environment:
    lease: Lease
    published: Published | None = None
    beats: int = 0
    streams: dict[str, Stream] = field(default_factory=dict)
    behind: set[str] = field(default_factory=set)  # streams without the newest flags
    watchers: set[Watcher] = field(default_factory=set)
    lost: dict[str, Lost] = field(default_factory=dict)


class FlagBoard:
    """Holds the newest flags of each environment and wakes the streams that carry them.

    Every method may be called from any thread and returns at once.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        """Start with nothing published. clock never goes back; wall is Unix time; in seconds."""
        self._clock = clock
        self._wall = wall
        self._lock = threading.Lock()
        self._environments: dict[str, _Environment] = {}
        self._closed = False
        self.when_acknowledged: Callable[[], None] = lambda: None
        """Called, without the lock, when all streams of a place have its newest flags in force:
        somebody may wait for it. After each of a thousand, they would look in vain 999 times."""

    def publish(self, environment: str, version: int, document: Mapping[str, object]) -> bool:
        """Put a document in force; False if a newer one is in force already, which then stays.

        Raises BrokenDocument if it is no flag definition, and ValueError if the version is in
        force with other content; what was in force stays so.
        """
        body = json.dumps(document, separators=(",", ":"), allow_nan=False).encode()
        before = self.current(environment)
        flags = compile_document(document, before.flags if before else None)
        with self._lock:
            place = self._place(environment)
            if place.published is not None and place.published.version >= version:
                return self._same(environment, place.published, version, body)
            leased = LeasedFlags(flags, place.lease)
            place.published = Published(version=version, body=body, leased=leased)
            place.behind = set(place.streams)
            self._wake(place)
        return True

    def beat(self, environment: str, remaining_ms: int | None) -> None:
        """Renew the lease of what is on trial; None: it is kept for ever."""
        with self._lock:
            place = self._place(environment)
            place.lease.renew(remaining_ms)
            place.beats += 1
            self._wake(place)

    def current(self, environment: str) -> Published | None:
        """Return what is in force, or None where nothing was published."""
        place = self._environments.get(environment)
        return place.published if place else None

    def environments(self) -> tuple[str, ...]:
        """Return the names of environments that have flags."""
        with self._lock:
            return tuple(sorted(name for name, at in self._environments.items() if at.published))

    def acknowledged(self, environment: str, version: int) -> Acks:
        """Say who has this version, or a newer one, in force."""
        with self._lock:
            place = self._place(environment)
            self._forget_harmless(place)
            behind = (stream for stream in place.streams.values() if stream.acknowledged < version)
            unreached = (name for name, lost in place.lost.items() if lost.acknowledged < version)
            return Acks(
                connected=len(place.streams),
                behind=tuple(sorted(stream.name for stream in behind)),
                unreached=tuple(sorted(unreached)),
            )

    def reach(self, environment: str) -> Reach:
        """Say how far flags have come from here; leased_ms: the longest lease that was given."""
        with self._lock:
            place = self._place(environment)
            self._forget_harmless(place)
            leases = [stream.lease + TRANSIT for stream in place.streams.values()]
            leases += [lost.until for lost in place.lost.values()]
            return Reach(
                environment=environment,
                version=place.published.version if place.published else 0,
                streams={each.name: each.acknowledged for each in place.streams.values()},
                lost={name: each.acknowledged for name, each in place.lost.items()},
                leased_ms=self._ms_until(max(leases, default=NEVER)),
            )

    def close(self) -> None:
        """End all streams, so that the server can stop; their clients try again elsewhere."""
        with self._lock:
            self._closed = True
            for place in self._environments.values():
                for stream in place.streams.values():
                    stream.ended = True
                for watcher in place.watchers:
                    watcher.ended = True
                self._wake(place)

    def open(self, environment: str, name: str) -> Stream:
        """Enter a stream; call it on the loop that serves it. A lost one of that name is back."""
        stream_id = secrets.token_urlsafe(12)
        stream = Stream(
            id=stream_id,
            name=name or stream_id,
            environment=environment,
            loop=asyncio.get_running_loop(),
        )
        with self._lock:
            stream.ended = self._closed
            stream.wake.set()
            place = self._place(environment)
            stream.lease = self._supersede(place, stream.name)
            place.streams[stream_id] = stream
            place.behind.add(stream_id)
        return stream

    def leave(self, stream: Stream) -> None:
        """Take a stream off whose connection has ended; without goodbye it is lost."""
        with self._lock:
            place = self._place(stream.environment)
            place.behind.discard(stream.id)
            if place.streams.pop(stream.id, None) is not None:
                until = min(stream.lease + TRANSIT, self._clock() + LOST_FOR)
                place.lost[stream.name] = Lost(acknowledged=stream.acknowledged, until=until)
                self._forget_harmless(place)

    def acknowledge(self, stream_id: str, version: int) -> bool | None:
        """Note that a stream has a version in force.

        None if no open stream has this id; False if the version was never sent to it.
        """
        with self._lock:
            stream = self._find(stream_id)
            if stream is None:
                return None
            if not 0 <= version <= stream.sent:
                return False
            if stream.acknowledged < 0:
                # Its first flags are in force once it knows until when: that is always told.
                stream.beats = -1
            stream.acknowledged = max(stream.acknowledged, version)
            place = self._place(stream.environment)
            if place.published is not None and stream.acknowledged >= place.published.version:
                place.behind.discard(stream_id)
            if self._lease_is_due(place, stream):
                stream.ring()
            everywhere = not place.behind
        if everywhere:
            self.when_acknowledged()
        return True

    def goodbye(self, stream_id: str) -> bool:
        """Take off a stream that serves nothing any more; False if no open stream has this id."""
        with self._lock:
            stream = self._find(stream_id)
            if stream is None:
                return False
            self._end(self._place(stream.environment), stream)
            return True

    def news(self, stream: Stream) -> News:
        """Return what a stream has not been sent, only the newest of each, and mark it sent."""
        with self._lock:
            place = self._place(stream.environment)
            published = place.published
            fresh = published is not None and published.version != stream.sent
            if published is not None:
                stream.sent = published.version
            due = self._lease_is_due(place, stream)
            if due:
                stream.beats, stream.lease = place.beats, place.lease.deadline
            return News(
                published=published if fresh else None,
                lease=place.lease.deadline if due else None,
                now=self._clock(),
                ended=stream.ended,
            )

    def state(self, environment: str) -> State:
        """Return what whoever is not our own client is served now."""
        place = self._environments.get(environment)
        version = place.published.version if place and place.published else 0
        left = place.lease.deadline - self._clock() if place else NEVER
        if left == FOR_EVER:
            return State(version=version, watched=Watched(until=None), lapses_s=None)
        if left <= 0:
            return State(version=version, watched=Watched(until=0), lapses_s=None)
        # A power of two below an eighth of what is left: coarse enough to stay over many beats.
        grain = 1 << max(0, int(left / 8).bit_length() - 1)
        until = int(self._wall() + left) // grain * grain
        return State(version=version, watched=Watched(until=until), lapses_s=left)

    def watch(self, environment: str) -> Watcher:
        """Have a watcher woken whenever something changes; call from the task that serves it."""
        watcher = Watcher(environment=environment, loop=asyncio.get_running_loop())
        with self._lock:
            watcher.ended = self._closed
            self._place(environment).watchers.add(watcher)
        return watcher

    def unwatch(self, watcher: Watcher) -> None:
        """Wake a watcher no more."""
        with self._lock:
            self._place(watcher.environment).watchers.discard(watcher)

    def _same(self, environment: str, held: Published, version: int, body: bytes) -> bool:
        if held.version == version and held.body != body:
            text = f"version {version} of {environment} is in force with other content"
            raise ValueError(f"{text}; give changed flags a new version")
        return held.version == version

    def _lease_is_due(self, place: _Environment, stream: Stream) -> bool:
        """Say whether a stream is to be told its lease now.

        What it has not confirmed may be a withdrawal that it cannot read. So it is renewed only
        where the newest flags are in force, and its trials end by themselves where they are not;
        a lease that ends sooner than before is told at once.
        """
        if stream.beats == place.beats:
            return False
        published = place.published
        confirmed = published is not None and stream.acknowledged >= published.version
        return confirmed or place.lease.deadline < stream.lease

    def _supersede(self, place: _Environment, name: str) -> float:
        """A stream that comes back is neither lost nor, where we did not notice, still open.

        Returns until when it may still serve what is on trial, by the lease that it had.
        """
        lost = place.lost.pop(name, None)
        lease = lost.until - TRANSIT if lost else NEVER
        for old in [stream for stream in place.streams.values() if stream.name == name]:
            self._end(place, old)
            lease = max(lease, old.lease)
        return lease

    def _end(self, place: _Environment, stream: Stream) -> None:
        del place.streams[stream.id]
        place.behind.discard(stream.id)
        stream.ended = True
        stream.ring()

    def _place(self, environment: str) -> _Environment:
        place = self._environments.get(environment)
        if place is None:
            place = self._environments[environment] = _Environment(lease=Lease(self._clock))
        return place

    def _find(self, stream_id: str) -> Stream | None:
        places = self._environments.values()
        found = (place.streams[stream_id] for place in places if stream_id in place.streams)
        return next(found, None)

    def _ms_until(self, deadline: float) -> int | None:
        return None if deadline == FOR_EVER else int(1000 * max(0.0, deadline - self._clock()))

    def _forget_harmless(self, place: _Environment) -> None:
        now = self._clock()
        place.lost = {name: lost for name, lost in place.lost.items() if lost.until > now}

    def _wake(self, place: _Environment) -> None:
        ring((*place.streams.values(), *place.watchers))
