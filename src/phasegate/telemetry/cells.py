"""Counts of one second and arm: what all series of a bundle share, and what each adds to it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypedDict

from phasegate.core.plan import MetricKind
from phasegate.core.watch import Series
from phasegate.telemetry.asking import IsBad


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


NOTHING_BAD = Bad()


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
