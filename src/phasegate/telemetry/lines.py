"""One line per series of a trial: its counts since the last flush, and whom it has seen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import ceil, isfinite
from struct import pack, unpack

from phasegate.core.evidence import Arm, Tally
from phasegate.core.plan import MetricKind
from phasegate.core.watch import Attributes, Series
from phasegate.ports import Sighting

# A subject's state is one integer: its latest block, a bit for the arm, a bit for each of the
# last BLOCKS blocks it was seen in. Half a million subjects fit into memory that way.
BLOCKS = 64
_SEEN_IN = (1 << BLOCKS) - 1
_ARM_BIT = {Arm.TREATMENT: 1, Arm.CONTROL: 0}
_RECALLED = -1 << (BLOCKS + 1)

MOST = 1e15
"""A single value beyond this is noise and left out of a total, which must stay finite."""


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Whose trial's which series."""

    run: str
    phase: str
    component: str
    attempt: int
    series: str


@dataclass(slots=True)
class Cell:
    """Counts of one arm in one second, as core.evidence.Tally defines them."""

    seen: int = 0
    bad: int = 0
    subjects: int = 0
    subjects_bad: int = 0
    at_risk: int = 0
    newly_bad: int = 0
    again_bad: int = 0
    total: float = 0.0


@dataclass(slots=True)
class Line:
    """Counts observations of one series. lag_s: how long its outcomes may take to arrive."""

    identity: Identity
    series: Series
    block: int
    lag_s: float
    _cells: dict[tuple[Arm, int], Cell] = field(default_factory=dict)
    _states: dict[int, int] = field(default_factory=dict)
    _ill: set[int] = field(default_factory=set)
    _ill_again: set[int] = field(default_factory=set)
    _new: list[int] = field(default_factory=list)
    _newly_ill: list[int] = field(default_factory=list)

    def count(self, arm: Arm, bucket: int, subject: int | None, *, bad: bool, value: float) -> None:
        """Add one observation. A subject of None counts as a request of nobody in particular."""
        cell = self._cells.get((arm, bucket))
        if cell is None:
            cell = self._cells[arm, bucket] = Cell()
        cell.seen += 1
        cell.bad += bad
        cell.total += value
        if subject is None:
            return
        first = self._is_first_in_block(cell, arm, bucket // self.block, subject, bad)
        newly_bad = bad and subject not in self._ill
        # Whoever breaks at a later visit of a block was at risk in that second as well: the tally
        # of an earlier one may have left already, and a tally must make sense by itself.
        if newly_bad or (first and subject not in self._ill):
            cell.at_risk += 1
        if bad and subject not in self._ill_again:
            self._fell_ill(cell, subject)

    def value_in(self, attributes: Attributes) -> float:
        """Return what an observation adds to `total`: only quantiles have a value."""
        metric = self.series.metric
        if metric.kind is not MetricKind.QUANTILE:
            return 0.0
        value = attributes.get(metric.of or "duration")
        if isinstance(value, int | float) and isfinite(value) and abs(value) < MOST:
            return float(value)
        return 0.0

    def recall(self, sighting: Sighting) -> None:
        """Take up whom this line had seen before a restart."""
        for subject in _unpacked(sighting.subjects):
            self._states.setdefault(subject, _RECALLED)
        for subject in _unpacked(sighting.ill):
            (self._ill_again if subject in self._ill else self._ill).add(subject)

    def drain(
        self, now_ms: int, writer: str, numbers: Iterator[int]
    ) -> Iterator[tuple[Tally, int]]:
        """Yield the tallies since the last drain, each with its ripe_ms."""
        cells, self._cells = self._cells, {}
        for (arm, bucket), cell in cells.items():
            tally = Tally(
                run=self.identity.run,
                phase=self.identity.phase,
                component=self.identity.component,
                attempt=self.identity.attempt,
                series=self.identity.series,
                arm=arm,
                bucket=bucket,
                seen=cell.seen,
                bad=cell.bad,
                subjects=cell.subjects,
                subjects_bad=cell.subjects_bad,
                at_risk=cell.at_risk,
                newly_bad=cell.newly_bad,
                again_bad=cell.again_bad,
                total=cell.total,
                writer=writer,
                sequence=next(numbers),
            )
            matured_ms = ceil((bucket + self.lag_s) * 1000) if self.lag_s else 0
            yield tally, max(now_ms, matured_ms)

    def sighting(self) -> Sighting | None:
        """Return who was new since the last call; None if nobody was."""
        new, ill = self._new, self._newly_ill
        if not new and not ill:
            return None
        self._new, self._newly_ill = [], []
        return Sighting(
            run=self.identity.run,
            phase=self.identity.phase,
            component=self.identity.component,
            attempt=self.identity.attempt,
            series=self.identity.series,
            subjects=_packed(new),
            ill=_packed(ill),
        )

    def _fell_ill(self, cell: Cell, subject: int) -> None:
        first = subject not in self._ill
        cell.newly_bad += first
        cell.again_bad += not first
        (self._ill if first else self._ill_again).add(subject)
        self._newly_ill.append(subject)

    def _is_first_in_block(self, cell: Cell, arm: Arm, block: int, subject: int, bad: bool) -> bool:
        state = self._states.get(subject)
        arm_bit = _ARM_BIT[arm]
        if state is None:
            cell.subjects += 1
            cell.subjects_bad += bad
            self._new.append(subject)
            self._states[subject] = _state(block, arm_bit, 1)
            return True
        if state >> BLOCKS == block << 1 | arm_bit and state & 1:
            return False
        first, self._states[subject] = _met_again(state, block, arm_bit)
        return first


def identity_of(sighting: Sighting) -> Identity:
    """Return which line a sighting is of."""
    return Identity(
        run=sighting.run,
        phase=sighting.phase,
        component=sighting.component,
        attempt=sighting.attempt,
        series=sighting.series,
    )


def _state(block: int, arm_bit: int, seen_in: int) -> int:
    return (block << 1 | arm_bit) << BLOCKS | seen_in


def _met_again(state: int, block: int, arm_bit: int) -> tuple[bool, int]:
    """Say whether a known subject is first seen in a block, and return its new state.

    Telemetry comes out of order, so blocks are remembered one by one as far back as BLOCKS; a
    still older one counts as first. Who changes arms starts anew in the other arm.
    """
    latest, seen_in = state >> (BLOCKS + 1), state & _SEEN_IN
    ahead = block - latest
    if state >> BLOCKS & 1 != arm_bit:
        return True, _state(max(block, latest), arm_bit, 1 << max(0, -ahead) & _SEEN_IN)
    if ahead > 0:
        shifted = seen_in << ahead & _SEEN_IN if ahead < BLOCKS else 0
        return True, _state(block, arm_bit, shifted | 1)
    if -ahead >= BLOCKS:
        return True, state
    return not seen_in >> -ahead & 1, state | 1 << -ahead


def _packed(subjects: list[int]) -> bytes:
    return pack(f">{len(subjects)}Q", *subjects)


def _unpacked(packed: bytes) -> tuple[int, ...]:
    return unpack(f">{len(packed) // 8}Q", packed[: len(packed) // 8 * 8])
