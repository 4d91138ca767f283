"""Series of one trial that the same observations belong to, counted together.

Most of what a tally says is the same for all of them: who came, and when for the first time. It is
counted once for the bundle; each series adds only what is bad, which is rare.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import Any, NamedTuple, TypedDict  # Any: a value or all attributes, see Belonging

from phasegate.core.evidence import Tally, Uncountable
from phasegate.core.plan import MetricKind
from phasegate.core.watch import Series
from phasegate.ports import Sighting
from phasegate.telemetry.asking import Belonging, IsBad
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


@dataclass(slots=True)
class Common:
    """Counts of one arm in one second that all series of a bundle share.

    firsts   subjects' first visits of a block.
    total    of all values, and first_total of those that are their subject's first.
    refused  observations that were not counted, since their stream is sampled.
    """

    seen: int = 0
    subjects: int = 0
    firsts: int = 0
    total: float = 0.0
    first_total: float = 0.0
    refused: int = 0

    def sum_up(self, number: float, met: int) -> None:
        """Add a value; met: what `Subjects.meet` said of whose it is."""
        self.total += number
        if met == 2:
            self.first_total += number


@dataclass(slots=True)
class Bad:
    """What one series adds to the common counts.

    again_bad  subjects whose second bad observation this is.
    late    newly bad subjects at a later visit of a block: at risk in that second as well.
    spared  first visits of subjects who were bad before, and so are no longer at risk.
    missed  observations without what the series is judged by, and with it `missed_subjects` and
            `missed_firsts`: common counts that are not this series' own.
    """

    bad: int = 0
    subjects_bad: int = 0
    newly_bad: int = 0
    again_bad: int = 0
    late: int = 0
    spared: int = 0
    missed: int = 0
    missed_subjects: int = 0
    missed_firsts: int = 0


class Counted(TypedDict, total=False):
    """The counts of a Tally."""

    seen: int
    bad: int
    subjects: int
    subjects_bad: int
    at_risk: int
    newly_bad: int
    again_bad: int
    total: float


_NOTHING_BAD = Bad()


@dataclass(slots=True)
class Member:
    """One series of a bundle: which of its observations were bad, and who is ill, once or again."""

    series: Series
    is_bad: IsBad
    cells: dict[int, Bad] = field(default_factory=dict)
    ill: set[int] = field(default_factory=set)
    ill_again: set[int] = field(default_factory=set)
    newly_ill: list[int] = field(default_factory=list)

    @property
    def valued(self) -> bool:
        """Only a quantile and a mean sum their values."""
        return self.series.metric.kind in (MetricKind.QUANTILE, MetricKind.MEAN)

    def total(self, cell: Common) -> float:
        """Return the sum that belongs to a tally: of a mean, each subject's first value alone."""
        if not self.valued:
            return 0.0
        firsts = self.series.metric.kind is MetricKind.MEAN
        return cell.first_total if firsts else cell.total

    def count_bad(self, key: int, subject: int | None, met: int) -> None:
        """Add a bad observation."""
        cell = self._cell(key)
        cell.bad += 1
        if subject is None:
            return
        cell.subjects_bad += met == 2
        if subject in self.ill:
            cell.spared += met > 0
            if subject not in self.ill_again:
                cell.again_bad += 1
                self.ill_again.add(subject)
                self.newly_ill.append(subject)
            return
        # Whoever breaks at a later visit of a block was at risk in that second as well: the tally
        # of an earlier one may have left already, and a tally must make sense by itself.
        cell.late += met == 0
        cell.newly_bad += 1
        self.ill.add(subject)
        self.newly_ill.append(subject)

    def recall(self, ill: Iterable[int]) -> None:
        """Take up who was ill before a restart; whoever is named twice was so again."""
        for subject in ill:
            (self.ill_again if subject in self.ill else self.ill).add(subject)

    def spare(self, key: int) -> None:
        """Take note of the first visit of a block by somebody who is ill already."""
        self._cell(key).spared += 1

    def miss(self, key: int, met: int) -> None:
        """Take note of an observation that is none of this series, though its bundle has it."""
        cell = self._cell(key)
        cell.missed += 1
        cell.missed_subjects += met == 2
        cell.missed_firsts += met > 0

    def _cell(self, key: int) -> Bad:
        cell = self.cells.get(key)
        if cell is None:
            cell = self.cells[key] = Bad()
        return cell


class Bundle:
    """Counts observations for its series. Whoever calls has checked that they belong.

    since  Unix time when the trial's exposure began; what was observed before does not belong.
    """

    __slots__ = (
        "_cells",
        "_judges",
        "_number",
        "_subjects",
        "block",
        "key",
        "members",
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
        self._cells: dict[int, Common] = {}
        self._subjects = Subjects()

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
            cell.firsts += met > 0
            cell.subjects += met == 2
        if self._number is not None:
            cell.sum_up(self._number(value), met)
        for is_bad, ill, member in self._judges:
            bad = is_bad(value)
            if bad:
                member.count_bad(key, subject, met)
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
                member.recall(unpacked(sighting.ill))

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
                for counts in _told(member, cell, bad.get(key, _NOTHING_BAD)):
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
    return _summed(attributes.get("duration"))


def _summed(value: object) -> float:
    # NaN is on neither side of anything.
    return value if isinstance(value, (int, float)) and -MOST < value < MOST else 0.0


def identity_of(sighting: Sighting) -> Identity:
    """Return which series a sighting is of."""
    return Identity(
        sighting.run, sighting.phase, sighting.component, sighting.attempt, sighting.series
    )
