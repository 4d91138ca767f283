"""Whom a series has seen and when: one integer for each subject.

The integer holds the latest block, a bit for the arm, and a bit for each of the last BLOCKS blocks
the subject was seen in. Half a million subjects fit into memory that way.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from struct import pack, unpack

from phasegate.core.evidence import Arm

BLOCKS = 64
MOST_KINDS = 4096
"""States that are shared by all who are in them."""

ARM_BIT = {Arm.CONTROL: 0, Arm.TREATMENT: 1}
ARM_OF = (Arm.CONTROL, Arm.TREATMENT)

_SEEN_IN = (1 << BLOCKS) - 1
_RECALLED = -1 << (BLOCKS + 1)


class Subjects:
    """Knows the subjects of one series, and whose first visit of a block this is."""

    __slots__ = ("_kinds", "_new", "_states")

    def __init__(self) -> None:
        self._states: dict[int, int] = {}
        self._kinds: dict[int, int] = {}
        self._new: list[int] = []

    def meet(self, subject: int, place: int) -> int:
        """Note a visit at `place`, a block's number and the arm's bit behind it.

        2: the first of this subject at all; 1: the first in this block; 0: neither.
        """
        state = self._states.get(subject)
        if state is None:
            self._new.append(subject)
            self._states[subject] = self._shared(place << BLOCKS | 1)
            return 2
        if state >> BLOCKS == place and state & 1:
            return 0
        first, state = _met_again(state, place >> 1, place & 1)
        self._states[subject] = self._shared(state)
        return int(first)

    def first_visits(self, subjects: Iterable[int], place: int) -> Iterator[tuple[int, int]]:
        """Note visits at one place; yield whose is a first one, and what `meet` says of it."""
        here, beyond = place << BLOCKS, place + 1 << BLOCKS
        fresh, known = self._shared(here | 1), self._states.get
        for subject in subjects:
            # Most were seen in this block already, as this says at once.
            state = known(subject, -1)
            if state is fresh or (here <= state < beyond and state & 1):
                continue
            met = self.meet(subject, place)
            if met:
                yield subject, met

    def recall(self, subjects: Iterable[int]) -> None:
        """Take up whom the series had seen before a restart."""
        for subject in subjects:
            self._states.setdefault(subject, _RECALLED)

    def new(self) -> list[int]:
        """Return who was new since the last call."""
        new, self._new = self._new, []
        return new

    def _shared(self, state: int) -> int:
        """Return one object for all who are in the same state: quicker to compare, and less."""
        if len(self._kinds) >= MOST_KINDS:
            self._kinds.clear()
        return self._kinds.setdefault(state, state)


def packed(subjects: list[int]) -> bytes:
    """Write keyed hashes one behind the other."""
    return pack(f">{len(subjects)}Q", *subjects)


def unpacked(written: bytes) -> tuple[int, ...]:
    """Read what `packed` wrote."""
    return unpack(f">{len(written) // 8}Q", written[: len(written) // 8 * 8])


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


def _state(block: int, arm_bit: int, seen_in: int) -> int:
    return (block << 1 | arm_bit) << BLOCKS | seen_in
