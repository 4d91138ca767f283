"""Where everything is kept that must outlive a server."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from phasegate.core.event import Event
from phasegate.core.evidence import Finding, Position, StoredTally, Tally
from phasegate.flags.document import FlagState
from phasegate.ports.kept import Attended, Report, Sighting, Token
from phasegate.ports.publisher import Reach
from phasegate.ports.target import Fence

ALL = 2**62
"""More tallies than there will ever be."""


class Store(Protocol):
    """Keeps logs, plans, evidence, flags, tokens and leases. Thread-safe; every call blocks.

    All calls raise Unavailable when the store cannot be reached. Shipped behaviour suite:
    phasegate.testing.store_suite.
    """

    def close(self) -> None:
        """Release all resources; further calls are bugs."""

    def append(self, event: Event) -> None:
        """Add an event durably; Conflict if its number is not the log's next."""

    def events(self, log: str, after: int = 0) -> list[Event]:
        """Return the log's events with a number above `after`, in order."""

    def logs(self) -> list[str]:
        """Return the names of all logs, oldest first."""

    def save_plan(self, hash: str, text: str, origin: str) -> None:
        """Keep a plan's text, and where it came from, under its hash; saving it twice is legal."""

    def plan_text(self, hash: str) -> tuple[str, str]:
        """Return (text, origin) of the plan with this hash; KeyError if there is none."""

    def add_evidence(
        self, tallies: Sequence[tuple[Tally, int]], sightings: Sequence[Sighting]
    ) -> None:
        """Add tallies, each with its ripe_ms, and sightings in one transaction.

        A tally whose (writer, sequence) is stored already is skipped, silently and safely. One
        that would sort before a row that `tallies` returned gets that row's ripe_ms, so a
        fold never misses a late row and a replay folds what the first reader folded.
        """

    def tallies(
        self, run: str, after: Position, upto_ms: int, most: int = ALL
    ) -> list[StoredTally]:
        """Return the run's tallies with after < position and ripe_ms <= upto_ms, in order.

        most   return so many of them at most, the first ones.
        upto_ms must not lie in the future: what was read is final, and later rows follow it.
        """

    def compact(self, minutes_before_ms: int, hours_before_ms: int, most: int) -> int:
        """Keep old tallies in less room, one bounded step; return how many were handled.

        0: nothing is left to do. What `tallies` returns never changes, and a tally that is stored
        already stays so. Rows that were ripe before minutes_before_ms are packed by the minute,
        those before hours_before_ms by the hour, about `most` in one step. Several servers may
        do it at once: Conflict where another was faster, and nothing is changed then.
        """

    def forget_subjects(self, run: str) -> None:
        """Forget the sightings of a run that has ended; nothing is judged by them any more."""

    def sightings(self, run: str, phase: str) -> list[Sighting]:
        """Return all sightings of a phase, oldest first."""

    def add_finding(self, finding: Finding) -> None:
        """Add a finding; findings are never edited."""

    def findings(self, run: str, phase: str | None = None) -> list[Finding]:
        """Return the run's findings, oldest first."""

    def flag_states(self, environment: str) -> tuple[int, list[FlagState]]:
        """Return (version, states sorted by key); version 0 and no states where nothing was put."""

    def put_flag_states(self, environment: str, states: Sequence[FlagState], fence: Fence) -> int:
        """Replace the named flags' states and return the environment's version.

        The version grows by one if anything changed and stays otherwise. Conflict if a write with
        a higher fence number of the same log was made before; nothing is changed then.
        """

    def add_token(self, token: Token) -> None:
        """Keep a token. A token of the same name is replaced."""

    def token(self, hash: str) -> Token | None:
        """Return the token with this hash, or None."""

    def tokens(self) -> list[Token]:
        """Return all tokens by name."""

    def acquire(self, name: str, holder: str, now: datetime, until: datetime) -> bool:
        """Take or renew the lease `name` until then; False while another holder has it."""

    def attend(self, leases: Mapping[str, int | None]) -> None:
        """Note that a round of decisions was finished just now.

        leases   for how many milliseconds trial exposure may go on from now, by environment; None:
                 for ever. Environments that are not named keep what they had.
        """

    def attended(self) -> Attended:
        """Say who was attended when. The store's clock counts, not the caller's."""

    def report(self, server: str, reaches: Sequence[Reach]) -> None:
        """Note that a server lives and how far it has come, one reach for each environment.

        What it reported of environments that are not named stays. Reports of servers that are
        silent are forgotten a day after their last lease has ended.
        """

    def reports(self, environment: str) -> list[Report]:
        """Return what every server last reported of an environment, sorted by server."""

    def secret(self, name: str) -> bytes:
        """Return 32 random bytes that are made at the first call and stay the same."""

    def clock(self) -> datetime | None:
        """Return the time of the store's own clock; None where it has none but ours."""

    def changes(self, changed: Callable[[], None]) -> None:
        """Call `changed`, on a thread of the store's, soon after another server wrote something.

        Tells of events, evidence and flags. A store that cannot tell never calls it, so nobody
        may wait for it alone.
        """
