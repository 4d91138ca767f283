"""Series of one trial that the same observations belong to, counted together.

Most of what a tally says is the same for all of them: who came, and when for the first time. It is
counted once for the bundle; each series adds only what is bad, which is rare.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from math import ceil
from typing import Any, NamedTuple  # Any: a value or all attributes, see Belonging

from phasegate.core.evidence import Tally, Uncountable
from phasegate.ports import Sighting
from phasegate.telemetry.asking import Belonging, is_quiet, least_quiet, never
from phasegate.telemetry.cells import NOTHING_BAD, Bad, Common, Counted, Member
from phasegate.telemetry.subjects import ARM_OF, Subjects, packed, unpacked

MOST = 1e15
"""A single value beyond this is noise and left out of a total, which must stay finite."""


class Identity(NamedTuple):
    """Whose trial's which series."""

    run: str
    phase: str
    component: str
    attempt: int
    series: str


class BundleKey(NamedTuple):
    """Whose trial, which observations, how late they may come, and the names of the series."""

    run: str
    phase: str
    component: str
    attempt: int
    event: str | None
    belonging: Belonging
    lag_s: float
    series: tuple[str, ...]


class Bundle:
    """Counts observations for its series. Whoever calls has checked that they belong.

    since  Unix time when the trial's exposure began; what was observed before does not belong.
    quiet  up to which duration a request without error is good for every series; -1: none is.
    """

    __slots__ = (
        "_cells",
        "_elsewhere",
        "_ill",
        "_judges",
        "_number",
        "_subjects",
        "block",
        "key",
        "members",
        "quiet",
        "since",
        "value_of",
    )

    def __init__(self, key: BundleKey, members: Sequence[Member], block: int) -> None:
        self.key = key
        self.members = tuple(members)
        self.block = block
        self.since = 0.0
        self.value_of = key.belonging.value
        # A member and its set of the ill stay the same for good, so that they are looked up once.
        self._judges = tuple((member.is_bad, member.ill, member) for member in members)
        valued = any(member.valued for member in members)
        number = _duration if key.belonging.whole else _summed
        self._number = number if valued else None
        self.quiet = least_quiet(one.series for one in members) if key.belonging.whole else -1.0
        self._cells: dict[int, Common] = {}
        self._subjects = Subjects()
        self._ill: set[int] = set()
        # Who had an event that another bundle counts, while this one counts presence.
        self._elsewhere = tuple(member.ill for member in members if member.is_bad is never)

    @property
    def lag_s(self) -> float:
        """How long outcomes may take to arrive."""
        return self.key.lag_s

    def count(self, arm_bit: int, second: int, subject: int | None, value: object) -> None:
        """Add one observation. A subject of None counts as a request of nobody in particular."""
        key = second << 1 | arm_bit
        cell = self._cells.get(key)
        if cell is None:
            cell = self._cells[key] = Common()
        cell.seen += 1
        met = 0
        if subject is not None:
            met = self._subjects.meet(subject, second // self.block << 1 | arm_bit)
            if met:
                cell.firsts += 1
                cell.subjects += met == 2
        if self._number is not None:
            cell.sum_up(self._number(value), met)
        if (
            self.quiet < 0
            or not is_quiet(value, self.quiet)
            or (met and subject in self._ill)
            or (met and self._elsewhere and any(subject in ill for ill in self._elsewhere))
        ):
            self._judge(key, subject, met, value)

    def count_quiet(
        self, arm_bit: int, second: int, subjects: Iterable[int], seen: int, took: float
    ) -> None:
        """Add so many requests at once that are good for every series.

        subjects  whose they are, as far as that is known.   took: how long they took, all in all.
        """
        key = second << 1 | arm_bit
        cell = self._cells.get(key)
        if cell is None:
            cell = self._cells[key] = Common()
        cell.seen += seen
        if self._number is not None:
            cell.total += took
        place = second // self.block << 1 | arm_bit
        for subject, met in self._subjects.first_visits(subjects, place):
            cell.firsts += 1
            cell.subjects += met == 2
            if subject in self._ill or self._elsewhere:
                for member in self.members:
                    if subject in member.ill:
                        member.spare(key)

    def _judge(self, key: int, subject: int | None, met: int, value: object) -> None:
        for is_bad, ill, member in self._judges:
            bad = is_bad(value)
            if bad:
                member.count_bad(key, subject, met)
                if subject is not None:
                    self._ill.add(subject)
            elif bad is None:
                member.miss(key, met)
            elif met and subject in ill:
                member.spare(key)

    def refuse(self, arm_bit: int, second: int) -> None:
        """Take note of an observation that cannot be counted, since its stream is sampled."""
        cell = self._cells.setdefault(second << 1 | arm_bit, Common())
        cell.refused += 1

    def recall(self, sighting: Sighting) -> None:
        """Take up whom a series had seen before a restart."""
        self._subjects.recall(unpacked(sighting.subjects))
        for member in self.members:
            if member.series.name == sighting.series:
                ill = unpacked(sighting.ill)
                member.recall(ill)
                self._ill.update(ill)

    def identities(self) -> Iterator[Identity]:
        """Yield the identity of each series."""
        for member in self.members:
            yield Identity(*self.key[:4], member.series.name)

    def drain(
        self, now_ms: int, writer: str, numbers: Iterator[int]
    ) -> Iterator[tuple[Tally, int]]:
        """Yield the tallies since the last drain, each with its ripe_ms."""
        cells, self._cells = self._cells, {}
        for member in self.members:
            bad, member.cells = member.cells, {}
            for key, cell in cells.items():
                matured_ms = ceil(((key >> 1) + self.lag_s) * 1000) if self.lag_s else 0
                for counts in _told(member, cell, bad.get(key, NOTHING_BAD)):
                    tally = self._tally(member, key, counts, writer, next(numbers))
                    yield tally, max(now_ms, matured_ms)

    def sightings(self) -> Iterator[Sighting]:
        """Yield who was new since the last call: subjects once for all series, the ill for each."""
        new = self._subjects.new()
        for member in self.members:
            ill, member.newly_ill = member.newly_ill, []
            if new or ill:
                yield Sighting(
                    run=self.key.run,
                    phase=self.key.phase,
                    component=self.key.component,
                    attempt=self.key.attempt,
                    series=member.series.name,
                    subjects=packed(new),
                    ill=packed(ill),
                )
            new = []

    def _tally(self, member: Member, key: int, counts: Counted, writer: str, number: int) -> Tally:
        return Tally(
            run=self.key.run,
            phase=self.key.phase,
            component=self.key.component,
            attempt=self.key.attempt,
            series=member.series.name,
            arm=ARM_OF[key & 1],
            bucket=key >> 1,
            writer=writer,
            sequence=number,
            **counts,
        )


def _told(member: Member, cell: Common, own: Bad) -> Iterator[Counted]:
    """Yield what is to be told of a series and a second; a refusal is a tally of its own."""
    if cell.seen > own.missed:
        yield {
            "seen": cell.seen - own.missed,
            "bad": own.bad,
            "subjects": cell.subjects - own.missed_subjects,
            "subjects_bad": own.subjects_bad,
            "at_risk": cell.firsts - own.missed_firsts - own.spared + own.late,
            "newly_bad": own.newly_bad,
            "again_bad": own.again_bad,
            "total": member.total(cell),
        }
    if cell.refused:
        yield {"seen": -cell.refused, "bad": Uncountable.SAMPLED.value}


def _duration(attributes: Any) -> float:
    # Measured by the receiver itself, so that it is a number; NaN is on neither side of anything.
    took: float = attributes.get("duration", 0.0)
    return took if -MOST < took < MOST else 0.0


def _summed(value: object) -> float:
    # NaN is on neither side of anything.
    return value if isinstance(value, (int, float)) and -MOST < value < MOST else 0.0


def identity_of(sighting: Sighting) -> Identity:
    """Return which series a sighting is of."""
    return Identity(
        sighting.run, sighting.phase, sighting.component, sighting.attempt, sighting.series
    )
