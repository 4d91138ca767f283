"""Exposure is a lease: what is on trial is served only while somebody watches it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Mapping

from phasegate.flags.compile import FlagSet
from phasegate.flags.resolution import Reason, Resolution
from phasegate.flags.rule import Evaluator
from phasegate.flags.safe import LEASE

FOR_EVER = math.inf
NEVER = -math.inf


class Lease:
    """Until when flags on trial may be served, on this process's own monotonic clock.

    Nobody has it at first: a flag on trial is off until the first heartbeat.
    """

    __slots__ = ("_clock", "_ended", "_lapsed", "_skew", "_tell", "deadline")

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        tell: Callable[[tuple[str, ...]], None] | None = None,
    ) -> None:
        """Start without a lease. clock counts seconds and never goes back.

        tell: is told the flags that are off since it ran out, when the first of them is asked for.
        """
        self._clock = clock
        self._tell = tell
        self._lapsed = True
        self._ended = False
        self._skew = FOR_EVER
        self.deadline = NEVER

    @property
    def holds(self) -> bool:
        """Whether flags on trial may be served now."""
        return self._clock() < self.deadline

    def renew(self, remaining_ms: float | None, sent_ms: float | None = None) -> None:
        """Set the deadline from a heartbeat; None for remaining_ms: there is no deadline.

        sent_ms is the sender's own clock. A heartbeat that lay in a buffer, as it does while a
        process is suspended, would otherwise count from when it was read and serve a trial for
        longer than anybody watched it.
        """
        if self._ended:
            return
        if remaining_ms != 0:
            self._lapsed = False
        if remaining_ms is None:
            self.deadline = FOR_EVER
        else:
            self.deadline = self._clock() + remaining_ms / 1000 - self._age(sent_ms)

    def connect(self) -> None:
        """Forget the sender's clock: another sender may speak from now on."""
        self._skew = FOR_EVER

    def guard(self, evaluator: Evaluator, safe: Resolution, off: Iterable[str]) -> Evaluator:
        """Return what evaluates a flag while the lease holds, and is `safe` while it does not.

        off: flags that are told to be off when it is first found to have run out.
        """
        clock = self._clock

        def evaluate(subject: str | None, attributes: Mapping[str, object]) -> Resolution:
            if clock() < self.deadline:
                return evaluator(subject, attributes)
            if not self._lapsed:
                self._lapse(off)
            return safe

        return evaluate

    def _lapse(self, off: Iterable[str]) -> None:
        self._lapsed = True
        if self._tell is not None:
            self._tell(tuple(sorted(off)))

    def withdraw(self) -> None:
        """Serve nothing that is on trial until the next heartbeat."""
        self.deadline = NEVER

    def end(self) -> None:
        """Serve nothing that is on trial any more, whatever heartbeat still comes."""
        self._ended = self._lapsed = True
        self.deadline = NEVER

    def _age(self, sent_ms: float | None) -> float:
        """Seconds since a heartbeat was sent, as far as the fastest one so far tells."""
        if sent_ms is None:
            return 0.0
        skew = self._clock() - sent_ms / 1000
        self._skew = min(self._skew, skew)
        return skew - self._skew


def withdrawn(flags: FlagSet) -> Mapping[str, Resolution]:
    """Return what is served once the lease has run out: the safe variant of all that is on trial.

    What needs a flag on trial goes with it.
    """
    trial = frozenset(key for key in flags.keys if flags.metadata_of(key).get("onTrial") is True)
    return {
        key: flags.held_safe(key, Reason.STALE, {LEASE: "expired"})
        for key in trial | flags.dependents(trial)
    }


class LeasedFlags:
    """A flag set whose flags on trial are served while a lease holds; any thread may evaluate."""

    __slots__ = ("_bound", "_lease", "_withdrawn", "flags")

    def __init__(self, flags: FlagSet, lease: Lease) -> None:
        """Put flags under a lease that goes on being renewed elsewhere."""
        self.flags = flags
        self._bound: dict[str, Evaluator] = {}
        self._lease = lease
        self._withdrawn = withdrawn(flags)

    @property
    def on_trial(self) -> bool:
        """Whether anything hangs on the lease."""
        return bool(self._withdrawn)

    def evaluate(
        self, key: str, targeting_key: str | None, attributes: Mapping[str, object]
    ) -> Resolution:
        """Return what the flag is for this subject now."""
        try:
            evaluator = self._bound[key]
        except KeyError:
            evaluator = self._bind(key)
        return evaluator(targeting_key, attributes)

    def _bind(self, key: str) -> Evaluator:
        """Find a flag's evaluator once: what is not on trial then costs what it costs alone."""
        evaluator = self.flags.evaluator(key)
        if key in self._withdrawn:
            evaluator = self._lease.guard(evaluator, self._withdrawn[key], self._withdrawn)
        if key in self.flags.keys:
            self._bound[key] = evaluator
        return evaluator
