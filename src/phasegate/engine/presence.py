"""What a server shows after each round: flags, leases, and to the others that it is there."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from phasegate.ports import Publisher, Serving, Store, Unavailable, Wanted

MOST_BETWEEN_S = 2.0
"""How long applications may go without a heartbeat; a short lease is renewed more often."""

BEATS_PER_LEASE = 8


@dataclass(frozen=True, kw_only=True)
class Leases:
    """For how long trial exposure may go on from `asked` on, by environment; None: for ever.

    given   by this server, which has decided; else it is what the store says is left.
    """

    left: Mapping[str, int | None]
    asked: float
    given: bool = False

    @property
    def ended(self) -> frozenset[str]:
        """Environments in which nothing on trial is served any more."""
        return frozenset(name for name, left in self.left.items() if left == 0)


class Presence:
    """Publishes flags, renews leases and reports to the store, for one server."""

    def __init__(
        self,
        *,
        store: Store,
        serving: Serving,
        publisher: Publisher,
        server: str,
        environment: str | None = None,
        passing: Callable[[], float] = time.monotonic,
    ) -> None:
        """environment: one that is served even if nothing has ever happened in it."""
        self._store = store
        self._serving = serving
        self._publisher = publisher
        self._server = server
        self._always = () if environment is None else (environment,)
        self._passing = passing
        self._beaten: dict[str, tuple[float, int | None]] = {}

    def begin(self, environment: str, lease_ms: int | None) -> None:
        """Lease trial exposure that is about to begin, so that it is served once it is confirmed.

        Nothing may be exposed there yet: a lease that runs is renewed by whole rounds alone.
        """
        if self._beaten.get(environment, (0.0, 0))[1] != 0:
            return
        asked = self._passing()
        self._store.attend({environment: lease_ms})
        self._report([environment], {environment: lease_ms})
        self._beat(environment, lease_ms, asked)

    def publish(self, environment: str) -> None:
        """Serve what the store says now."""
        self._serving.serve(environment, self._serving.wanted(environment))

    def read(self, environments: Iterable[str]) -> Mapping[str, Wanted]:
        """Read what is to be served in these environments, and in the one that is always served.

        Whoever reads it before looking at the runs watches for everything that it exposes.
        """
        names = sorted({*environments, *self._always})
        return {name: self._serving.wanted(name) for name in names}

    def left(self) -> Leases:
        """Ask the store for how long trial exposure may go on. Raises Unavailable."""
        asked = self._passing()
        return Leases(left=self._store.attended().leases, asked=asked)

    def decided(self, leases: Mapping[str, int | None]) -> Leases:
        """Return the leases that whoever has just decided gives, in full."""
        return Leases(left=leases, asked=self._passing(), given=True)

    def show(
        self, wanted: Mapping[str, Wanted], leases: Leases, began: float, valid: timedelta
    ) -> None:
        """Serve what was read, and renew leases as far as somebody decides.

        began, valid  when the round began, and for how long it gives a right to anything: a
                      server that was stalled since has nothing to say.
        """
        for name, what in wanted.items():
            self._serving.serve(name, what)
        if self._passing() - began > valid.total_seconds():
            raise Unavailable("this server was stalled in its round; what it knows is out of date")
        if leases.given:
            self._store.attend(leases.left)
        self._report(sorted({*wanted, *leases.left}), leases.left)
        for name, lease in leases.left.items():
            self._beat(name, lease, leases.asked)

    def _report(self, names: Iterable[str], leases: Mapping[str, int | None]) -> None:
        """Report before the heartbeat: what is reported of a lease is never less than is given."""
        reaches = []
        for name in names:
            reach = self._serving.reach(name)
            longest = _longer(reach.leased_ms, leases.get(name, 0))
            reaches.append(replace(reach, leased_ms=longest))
        self._store.report(self._server, reaches)

    def _beat(self, name: str, lease_ms: int | None, asked: float) -> None:
        now = self._passing()
        left = None if lease_ms is None else max(0, lease_ms - int(1000 * (now - asked)))
        if self._is_due(name, left, now):
            self._publisher.beat(name, left)
            self._beaten[name] = (now, left)

    def _is_due(self, name: str, left_ms: int | None, now: float) -> bool:
        at, before = self._beaten.get(name, (None, None))
        if at is None or (before is None) != (left_ms is None) or (before == 0) != (left_ms == 0):
            return True
        if left_ms == 0:
            return False
        span = MOST_BETWEEN_S if left_ms is None else left_ms / 1000 / BEATS_PER_LEASE
        return now - at >= min(MOST_BETWEEN_S, span)


def _longer(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else max(one, other)
