"""What is in force in this process: the last flags that came, under the lease they came with."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum

from phasegate.client.cache import Cache
from phasegate.client.lease import Lease, LeasedFlags
from phasegate.client.stream import Outdated
from phasegate.flags.compile import FlagSet, compile_document
from phasegate.flags.order import Order, order_of
from phasegate.flags.problem import BrokenDocument
from phasegate.flags.resolution import ErrorCode, Resolution, failed

_log = logging.getLogger("phasegate.client")


class News(Enum):
    """What a client tells: STALE once flags were there and the server is lost, else UNREACHABLE."""

    READY = "ready"
    CHANGED = "changed"
    STALE = "stale"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, kw_only=True)
class Notice:
    """One piece of news. changed: keys of flags that differ from before; reason: for people."""

    news: News
    changed: tuple[str, ...] = ()
    reason: str = ""


Evaluate = Callable[[str, str | None, Mapping[str, object]], Resolution]
"""(flag key, targeting key, attributes) → Resolution."""

_NOT_READY = failed(
    ErrorCode.PROVIDER_NOT_READY, "no flags were received yet; wait_ready() tells when"
)


def _not_ready(*_: object) -> Resolution:
    return _NOT_READY


class InForce:
    """Takes what the stream brings and keeps it when the stream is lost; a stream's Listener.

    evaluate  evaluates the flags in force; replaced as a whole, so reading it needs no lock.
    version   of these flags; 0 before the first.
    ready     set once there are flags from the server and their lease, after READY was told.
    cached    whether flags that were kept on disk were in force from the start.
    """

    def __init__(
        self, on_news: Callable[[Notice], None] | None, cache: Cache | None = None
    ) -> None:
        """Hold what the cache has kept, or nothing.

        on_news is called on the stream's thread, or, when a lease has run out, on the one that
        asked for a flag.
        """
        self.evaluate: Evaluate = _not_ready
        self.version = 0
        self.ready = threading.Event()
        self._flags: FlagSet | None = None
        self._order: Order | None = None
        self._lease = Lease(tell=self._lapsed)
        self._on_news = on_news
        self._stale = False
        self._current = False
        self._entering = False
        self._unheard: set[str] = set()
        self._off: tuple[str, ...] = ()
        self._cache = cache
        self.cached = self._recall(cache)

    def connected(self) -> None:
        """Expect a new server's clock; the lease that runs is not renewed before its flags came."""
        self._lease.connect()
        self._current = False

    def lease(self, remaining_ms: float | None, sent_ms: float | None) -> None:
        """Renew the lease of the newest flags that the server has; READY where it is their first.

        Ready without the lease, a trial would be off for the moment that the heartbeat takes.
        """
        if not self._current:
            return
        self._lease.renew(remaining_ms, sent_ms)
        back, self._off = (self._off, ()) if self._lease.holds else ((), self._off)
        if self._entering:
            self._unheard |= set(back)
            self._enter()
        elif back:
            self._tell(Notice(news=News.CHANGED, changed=back))

    def unusable(self) -> None:
        """End what is on trial until flags come that can be read: it may have been withdrawn."""
        self._current = False
        self._lease.withdraw()

    def lease_ended(self) -> None:
        """Serve nothing that is on trial from here on."""
        self._lease.end()

    def document(self, version: int, document: dict[str, object]) -> None:
        """Put a document in force. Raises BrokenDocument, Outdated; the one before stays then."""
        order = order_of(document)
        if order is not None and order.before(self._order):
            raise Outdated(f"version {version} is older than {self.version}, which is in force")
        changed = self._put(version, document)
        if self._cache is not None:
            self._cache.keep(version, document)
        self._current = True
        first = not self.ready.is_set()
        if first or self._stale:
            self._entering = True
            if self.cached or not first:
                self._unheard |= set(changed)
        elif changed:
            self._tell(Notice(news=News.CHANGED, changed=changed))

    def _lapsed(self, off: tuple[str, ...]) -> None:
        """Say that the lease has run out, on the thread that noticed."""
        _log.warning("nobody watches %s any more: safe variants are served", ", ".join(off))
        self._off = off
        self._tell(Notice(news=News.CHANGED, changed=off, reason="the lease has run out"))

    def _enter(self) -> None:
        self._entering, self._stale = False, False
        unheard, self._unheard = tuple(sorted(self._unheard)), set()
        self._tell(Notice(news=News.READY))
        self.ready.set()
        if unheard:
            self._tell(Notice(news=News.CHANGED, changed=unheard))

    def _recall(self, cache: Cache | None) -> bool:
        """Put in force what was kept, if it can be used; nothing of it is on trial."""
        kept = cache.read() if cache is not None else None
        if kept is None:
            return False
        try:
            self._put(*kept)
        except BrokenDocument as broken:
            _log.warning("flags that were kept cannot be used: %s", broken)
            return False
        return True

    def _put(self, version: int, document: dict[str, object]) -> tuple[str, ...]:
        flags = compile_document(document, self._flags)
        for problem in flags.problems:
            _log.warning("%s: %s [%s]", problem.path, problem.text, problem.code)
        changed = differing(self._flags, flags)
        leased = LeasedFlags(flags, self._lease)
        self.evaluate = leased.evaluate if leased.on_trial else flags.evaluate
        self.version, self._flags, self._order = version, flags, order_of(document)
        return changed

    def lost(self, reason: str) -> None:
        """Keep what is there; what is on trial ends with the lease."""
        if not self.ready.is_set() and not self.cached:
            self._tell(Notice(news=News.UNREACHABLE, reason=reason))
        elif not self._stale or not self.ready.is_set():
            # Before the server was ever heard it is told each time: whoever waits for flags from
            # it may have given up waiting only now.
            self._stale = True
            self._tell(Notice(news=News.STALE, reason=reason))

    def _tell(self, notice: Notice) -> None:
        if self._on_news is None:
            return
        try:
            self._on_news(notice)
        except Exception:  # noqa: BLE001 the application's own code; flags go on whatever it raises
            _log.warning("whoever was told that flags are %s failed", notice.news, exc_info=True)


def differing(before: FlagSet | None, after: FlagSet) -> tuple[str, ...]:
    """Return the keys of flags that are defined otherwise, and of those that depend on them."""
    old, new = before.digests() if before else {}, after.digests()
    keys = frozenset(key for key in {*old, *new} if old.get(key) != new.get(key))
    return tuple(sorted(keys | after.dependents(keys)))
