"""A store that lives as long as its process: for tests, demonstrations and rehearsals."""

from __future__ import annotations

import secrets
import threading
import time
from bisect import bisect_right, insort
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from phasegate.core.event import START_OF_CHAIN, Event
from phasegate.core.evidence import Finding, Position, StoredTally, Tally
from phasegate.flags.document import FlagState
from phasegate.ports import ALL, Attended, Conflict, Fence, Reach, Report, Sighting, Token


class MemoryStore:
    """Keeps everything in dicts behind one lock; nothing outlives `close`."""

    def __init__(self, seconds: Callable[[], float] = time.monotonic) -> None:
        """Start empty. seconds: the store's own clock."""
        self._seconds = seconds
        self._lock = threading.Lock()
        self._logs: dict[str, list[Event]] = {}
        self._plans: dict[str, tuple[str, str]] = {}
        self._tallies: dict[str, list[StoredTally]] = {}
        self._rows = 0
        self._written: set[tuple[str, int]] = set()
        self._folded: dict[str, int] = {}
        self._sightings: list[Sighting] = []
        self._findings: list[Finding] = []
        self._flags: dict[str, dict[str, FlagState]] = {}
        self._versions: dict[str, int] = {}
        self._fences: dict[str, int] = {}
        self._tokens: dict[str, Token] = {}
        self._leases: dict[str, tuple[str, datetime]] = {}
        self._attended: dict[str, tuple[float, int | None]] = {}
        self._reports: dict[tuple[str, str], tuple[float, Reach]] = {}
        self._secrets: dict[str, bytes] = {}

    def close(self) -> None:
        """Do nothing: memory is released with the store."""

    def append(self, event: Event) -> None:
        """Add an event; Conflict if its number is not the log's next or the chain breaks."""
        with self._lock:
            log = self._logs.get(event.log, [])
            previous = log[-1].hash if log else START_OF_CHAIN
            if event.number != len(log) + 1 or event.previous != previous:
                raise Conflict(
                    f"log {event.log} stands at event {len(log)}: number {event.number} does not "
                    "follow it. Load the log again and decide anew. [event-number-taken]"
                )
            self._logs.setdefault(event.log, []).append(event)

    def events(self, log: str, after: int = 0) -> list[Event]:
        """Return the log's events with a number above `after`, in order."""
        with self._lock:
            return self._logs.get(log, [])[max(after, 0) :]

    def logs(self) -> list[str]:
        """Return the names of all logs, oldest first."""
        with self._lock:
            return list(self._logs)

    def save_plan(self, hash: str, text: str, origin: str) -> None:
        """Keep a plan's text and origin under its hash; the first one saved stays."""
        with self._lock:
            self._plans.setdefault(hash, (text, origin))

    def plan_text(self, hash: str) -> tuple[str, str]:
        """Return (text, origin) of the plan with this hash; KeyError if there is none."""
        with self._lock:
            return self._plans[hash]

    def add_evidence(
        self, tallies: Sequence[tuple[Tally, int]], sightings: Sequence[Sighting]
    ) -> None:
        """Add tallies and sightings together; a tally that is stored already is skipped."""
        with self._lock:
            for tally, ripe_ms in tallies:
                self._add_tally(tally, ripe_ms)
            self._sightings.extend(sightings)

    def _add_tally(self, tally: Tally, ripe_ms: int) -> None:
        if (tally.writer, tally.sequence) in self._written:
            return
        self._written.add((tally.writer, tally.sequence))
        self._rows += 1
        ripe_ms = max(ripe_ms, self._folded.get(tally.run, ripe_ms))
        stored = StoredTally(position=Position(ripe_ms=ripe_ms, row=self._rows), tally=tally)
        insort(self._tallies.setdefault(tally.run, []), stored, key=_position)

    def tallies(
        self, run: str, after: Position, upto_ms: int, most: int = ALL
    ) -> list[StoredTally]:
        """Return the run's tallies with after < position and ripe_ms <= upto_ms, in order."""
        with self._lock:
            rows = self._tallies.get(run, [])
            start = bisect_right(rows, after, key=_position)
            end = bisect_right(rows, upto_ms, key=lambda stored: stored.position.ripe_ms)
            found = rows[start : min(end, start + most)]
            if found:
                last = found[-1].position.ripe_ms
                self._folded[run] = max(last, self._folded.get(run, last))
            return found

    def compact(self, minutes_before_ms: int, hours_before_ms: int, most: int) -> int:  # noqa: ARG002 the port's
        """Do nothing: memory goes with its process."""
        return 0

    def forget_subjects(self, run: str) -> None:
        """Forget the sightings of a run that has ended."""
        with self._lock:
            self._sightings = [one for one in self._sightings if one.run != run]

    def sightings(self, run: str, phase: str) -> list[Sighting]:
        """Return all sightings of a phase, oldest first."""
        with self._lock:
            return [one for one in self._sightings if (one.run, one.phase) == (run, phase)]

    def add_finding(self, finding: Finding) -> None:
        """Add a finding; findings are never edited."""
        with self._lock:
            self._findings.append(finding)

    def findings(self, run: str, phase: str | None = None) -> list[Finding]:
        """Return the run's findings, oldest first."""
        with self._lock:
            return [one for one in self._findings if one.run == run and phase in (None, one.phase)]

    def flag_states(self, environment: str) -> tuple[int, list[FlagState]]:
        """Return (version, states sorted by key) of an environment."""
        with self._lock:
            flags = self._flags.get(environment, {})
            return self._versions.get(environment, 0), [flags[key] for key in sorted(flags)]

    def put_flag_states(self, environment: str, states: Sequence[FlagState], fence: Fence) -> int:
        """Replace the named flags' states and return the environment's version."""
        with self._lock:
            passed = self._fences.get(fence.log, fence.number)
            if passed > fence.number:
                raise Conflict(
                    f"flags of {environment}: event {passed} of log {fence.log} was carried out "
                    f"before, so what event {fence.number} asks is out of date. [fence-passed]"
                )
            self._fences[fence.log] = fence.number
            before = self._flags.setdefault(environment, {})
            after = before | {state.key: state for state in states}
            self._flags[environment] = after
            self._versions[environment] = self._versions.get(environment, 0) + (before != after)
            return self._versions[environment]

    def add_token(self, token: Token) -> None:
        """Keep a token. A token of the same name is replaced."""
        with self._lock:
            kept = {key: one for key, one in self._tokens.items() if one.name != token.name}
            self._tokens = kept | {token.hash: token}

    def token(self, hash: str) -> Token | None:
        """Return the token with this hash, or None."""
        with self._lock:
            return self._tokens.get(hash)

    def tokens(self) -> list[Token]:
        """Return all tokens by name."""
        with self._lock:
            return sorted(self._tokens.values(), key=lambda token: token.name)

    def acquire(self, name: str, holder: str, now: datetime, until: datetime) -> bool:
        """Take or renew the lease `name` until then; False while another holder has it."""
        with self._lock:
            held = self._leases.get(name)
            if held and held[0] != holder and held[1] > now:
                return False
            self._leases[name] = (holder, until)
            return True

    def attend(self, leases: Mapping[str, int | None]) -> None:
        """Note that a round of decisions was finished just now."""
        with self._lock:
            now = self._seconds()
            self._attended |= {name: (now, lease) for name, lease in {**leases, "": 0}.items()}

    def attended(self) -> Attended:
        """Say who was attended when."""
        with self._lock:
            ages = {name: self._ms_since(at) for name, (at, _) in self._attended.items()}
            return Attended(
                ago_ms=ages.get(""),
                leases={
                    name: _left(lease, ages[name])
                    for name, (_, lease) in self._attended.items()
                    if name
                },
            )

    def report(self, server: str, reaches: Sequence[Reach]) -> None:
        """Note that a server lives and how far it has come; nothing is ever forgotten."""
        with self._lock:
            now = self._seconds()
            self._reports |= {(server, reach.environment): (now, reach) for reach in reaches}

    def reports(self, environment: str) -> list[Report]:
        """Return what every server last reported of an environment, sorted by server."""
        with self._lock:
            return [
                Report(
                    server=server,
                    reach=replace(reach, leased_ms=_left(reach.leased_ms, self._ms_since(at))),
                    silent_ms=self._ms_since(at),
                )
                for (server, name), (at, reach) in sorted(
                    self._reports.items(), key=lambda item: item[0]
                )
                if name == environment
            ]

    def secret(self, name: str) -> bytes:
        """Return 32 random bytes that are made at the first call and stay the same."""
        with self._lock:
            return self._secrets.setdefault(name, secrets.token_bytes(32))

    def clock(self) -> None:
        """Memory has no clock but ours."""

    def changes(self, changed: Callable[[], None]) -> None:
        """Do nothing: nobody else can write to this memory."""

    def _ms_since(self, at: float) -> int:
        return int(1000 * (self._seconds() - at))


def open_in(_: Path, __: str = "memory") -> MemoryStore:
    """Open an empty store: nothing of it outlives the process, so the folder does not matter."""
    return MemoryStore()


def _position(stored: StoredTally) -> Position:
    return stored.position


def _left(lease_ms: int | None, ago_ms: int) -> int | None:
    return None if lease_ms is None else max(0, lease_ms - ago_ms)
