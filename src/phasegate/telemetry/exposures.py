"""A bounded memory of who was exposed to what, for outcomes that come without saying so."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

FlagAt = tuple[str, str]
"""An environment and a flag of it: the same key elsewhere is another flag."""

CLOCK_SLACK_S = 5.0
"""By how much the clocks of two services may differ before an outcome precedes its exposure."""

_SPAN_BITS = 40
_SPAN = (1 << _SPAN_BITS) - 1
_LAST = _SPAN_BITS + 1
_LATER = (1 << _LAST) + (1 << 1)
"""What one millisecond later adds: to the last time, and to how long it has been."""


class Exposures:
    """Knows the last arm of each subject for each flag.

    Subjects are kept in two generations of at most half the limit: who is seen again is young
    again, and when the young are too many, or old enough, the old are dropped at once. That costs
    less than knowing the order in which they came. An exposure is one integer: when it was seen
    last, for how long by then (both in ms), and a bit for the arm.
    """

    def __init__(self, limit: int) -> None:
        self._half = max(1, limit // 2)
        self._young: dict[FlagAt, dict[int, int]] = {}
        self._old: dict[FlagAt, dict[int, int]] = {}
        self._turned_s = 0.0

    def remember(
        self, subjects: Sequence[int], times_s: Iterable[float], arms: Iterable[tuple[FlagAt, int]]
    ) -> None:
        """Note in which arm of each flag subjects were then; what is older than known is not."""
        times = [int(at_s * 1000) for at_s in times_s]
        for flag, arm_bit in arms:
            young = self._young.setdefault(flag, {})
            for subject, at_ms in zip(subjects, times, strict=True):
                known = young.get(subject)
                if known is None:
                    known = self._old.get(flag, _NOBODY).get(subject, at_ms << _LAST | arm_bit)
                    young = self._with_room(flag)
                # Nearly everybody comes again later and in the same arm, as this says at once.
                later = at_ms - (known >> _LAST)
                young[subject] = (
                    known + later * _LATER
                    if later >= 0 and known & 1 == arm_bit
                    else _seen_again(known, arm_bit, at_ms)
                )

    def find(self, subject: int, flag: FlagAt, at_s: float) -> tuple[int, float] | None:
        """Return the arm's bit that an outcome at that time belongs to, and its exposure's time."""
        known = self._young.get(flag, _NOBODY).get(subject)
        if known is None:
            known = self._old.get(flag, _NOBODY).get(subject)
        if known is None:
            return None
        last = known >> _LAST
        first_s, last_s = (last - (known >> 1 & _SPAN)) / 1000, last / 1000
        if first_s > at_s + CLOCK_SLACK_S:
            return None
        return known & 1, last_s if last_s <= at_s + CLOCK_SLACK_S else first_s

    def age(self, now: float, keep_s: float) -> None:
        """Drop who was last exposed longer than twice `keep_s` ago; nobody before `keep_s`."""
        if now - self._turned_s >= keep_s:
            self._turn()
            self._turned_s = now

    def _with_room(self, flag: FlagAt) -> dict[int, int]:
        """Return where a flag's young are kept, with room for one more."""
        if len(self._young[flag]) >= self._half:
            self._turn()
        return self._young.setdefault(flag, {})

    def _turn(self) -> None:
        self._old, self._young = self._young, {}


def _seen_again(known: int, arm_bit: int, at_ms: int) -> int:
    last = known >> _LAST
    first = last - (known >> 1 & _SPAN)
    if known & 1 != arm_bit:
        return known if last > at_ms else at_ms << _LAST | arm_bit
    first, last = min(first, at_ms), max(last, at_ms)
    return last << _LAST | last - first << 1 | arm_bit


_NOBODY: dict[int, int] = {}
