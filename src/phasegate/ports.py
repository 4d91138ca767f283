"""What the engine asks of the world: every replaceable thing, and the errors adapters may raise."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from phasegate.core.event import Event
from phasegate.core.evidence import Arm, Finding, Position, StoredTally, Tally
from phasegate.core.plan import Metric, Role
from phasegate.flags.document import FlagState
from phasegate.flags.journal import Journal

ALL = 2**62
"""More tallies than there will ever be."""


class Unavailable(Exception):
    """The world could not be reached or did not answer in time; trying again may help."""


class NoData(Exception):
    """The source answered, and has nothing for what was asked."""


class Conflict(Exception):
    """Somebody was faster: the event number is taken, or the fence is older than the last write."""


@dataclass(frozen=True, kw_only=True)
class Fence:
    """Which event a write to the world follows from; a write behind a later one is refused."""

    log: str
    number: int


@dataclass(frozen=True, kw_only=True)
class Token:
    """An access token as it is stored: never the secret, only its SHA-256."""

    hash: str
    name: str
    role: Role
    created: datetime


@dataclass(frozen=True, kw_only=True)
class Sighting:
    """What telemetry must remember of its subjects over a restart, for one trial's series.

    subjects  packed 8-byte keyed hashes of subjects seen for the first time; ill: of subjects
              whose first bad observation this was, and once more at their second. No identifier
              can be read from either.
    """

    run: str
    phase: str
    component: str
    attempt: int
    series: str
    subjects: bytes
    ill: bytes


@dataclass(frozen=True, kw_only=True)
class Reach:
    """How far one server has carried an environment's flags.

    version    of the document that the server itself serves; 0: none yet.
    streams    by application connected there, the version it has in force; -1: none yet.
    lost       the same of applications that went without goodbye and may still serve what they had.
    leased_ms  for how long trial exposure they hold may go on; None: for ever.
    """

    environment: str
    version: int
    streams: Mapping[str, int]
    lost: Mapping[str, int]
    leased_ms: int | None


@dataclass(frozen=True, kw_only=True)
class Report:
    """A server's reach as the store keeps it. reach.leased_ms: what is left of it.

    silent_ms  since when nothing was heard of the server.
    """

    server: str
    reach: Reach
    silent_ms: int


@dataclass(frozen=True, kw_only=True)
class Attended:
    """Since when nobody has decided, and for how long trial exposure may go on without.

    ago_ms   since the last round in which somebody decided; None: nobody ever did.
    leases   what is left, by environment; 0: over, None: for ever.
    """

    ago_ms: int | None
    leases: Mapping[str, int | None]


@dataclass(frozen=True, kw_only=True)
class Settlement:
    """What a restored store gets beside what was backed up.

    events     follow their logs.
    leased_ms  by environment, how long applications that nobody knows of may still serve what
               they had of the store that was lost; None: for ever.
    """

    events: Sequence[Event]
    leased_ms: Mapping[str, int | None]


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


@dataclass(frozen=True, kw_only=True)
class CountQuestion:
    """What is asked of a source that counts by arm.

    bound   of a quantile, in the metric's unit: what lies beyond it is bad.
    since, until  Unix seconds, until not included; both are multiples of step.
    environment   that of the run: the same flag elsewhere is another one.
    """

    metric: Metric
    component: str
    flag: str
    bound: float | None
    since: int
    until: int
    step: int
    endpoints: Mapping[str, str]
    environment: str = ""


@dataclass(frozen=True, kw_only=True)
class ArmCount:
    """How many were seen in one arm in the step that begins at `bucket`, and how many were bad."""

    arm: Arm
    bucket: int
    seen: int
    bad: int


class MetricSource(Protocol):
    """Reads from outside: levels of the environment, and counts by arm.

    Both calls block, for a few seconds at most. They raise Unavailable where the source does not
    answer, or answers what cannot be counted, and NoData where it has nothing. Shipped behaviour
    suite: phasegate.testing.source_suite.
    """

    def read(self, metric: Metric, endpoints: Mapping[str, str]) -> float:
        """Return the present value of a level.

        endpoints  addresses by name; of labelled cases NAME.directory, NAME.file and NAME.url.
        """

    def counts(self, asked: CountQuestion) -> Sequence[ArmCount]:
        """Return the counts of every step in which something was seen, in any order.

        The same question about the past has the same answer.
        """


@dataclass(frozen=True, kw_only=True)
class Exercise:
    """What a check saw, before it is put on record as a Finding."""

    passed: bool | None
    exercised: int
    bad: int = 0
    seen: str
    remedy: str = ""


class Check(Protocol):
    """Reads the world and changes nothing."""

    def exercise(self, options: Mapping[str, str], deadline_s: float) -> Exercise:
        """Carry the check out. passed=None: it could not do its job. Raises Unavailable."""


class Target(Protocol):
    """Something that exposure is set on and read back from."""

    def bring(self, environment: str, states: Sequence[FlagState], fence: Fence) -> None:
        """Make the target be as `states` say, however often. Raises Unavailable, Conflict."""

    def unconfirmed(self, environment: str, states: Sequence[FlagState]) -> tuple[str, ...]:
        """Read back as applications do; return what is not as `states` say, empty when all is."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """An environment's flags as runs want them, and the journal of what people did by hand.

    version counts the writes of runs and the changes of people, so that it only grows.
    count   names that count: another store has another one.
    """

    version: int
    states: tuple[FlagState, ...]
    journal: Journal
    count: str = ""


class Serving(Protocol):
    """What one server serves: flags as the store has them, less what is held back."""

    def wanted(self, environment: str) -> Wanted:
        """Read what is to be served. Raises Unavailable."""

    def serve(self, environment: str, wanted: Wanted) -> None:
        """Serve what was read; nothing happens where it, or something newer, is served already."""

    def reach(self, environment: str) -> Reach:
        """Say how far flags have come from this server, in the store's versions."""


class Acks(Protocol):
    """Which applications may not have a document version in force.

    behind     connected and not there yet.
    unreached  lost without a goodbye while trial exposure they hold may still run.
    """

    @property
    def behind(self) -> tuple[str, ...]:
        """Names of the connected ones that lag."""

    @property
    def unreached(self) -> tuple[str, ...]:
        """Names of the lost ones."""


class Publisher(Protocol):
    """Carries flag documents and the lease to connected applications."""

    def publish(self, environment: str, version: int, document: Mapping[str, object]) -> bool:
        """Serve this document from now on; False, and no change, if a newer one is served."""

    def beat(self, environment: str, remaining_ms: int | None) -> None:
        """Renew the lease on trial exposure for that long; None: it is kept for ever."""

    def acknowledged(self, environment: str, version: int) -> Acks:
        """Say who has this version, or a later one, in force."""

    def reach(self, environment: str) -> Reach:
        """Say how far flags have come from here; leased_ms: the longest lease that was given."""
