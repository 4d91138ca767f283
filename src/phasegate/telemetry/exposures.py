"""A bounded memory of who was exposed to what, for outcomes that come without saying so."""

from __future__ import annotations

from collections import OrderedDict

from phasegate.core.evidence import Arm

CLOCK_SLACK_S = 5.0
"""By how much the clocks of two services may differ before an outcome precedes its exposure."""

Exposed = tuple[Arm, float, float]
"""An arm, and the first and the last time the subject was seen in it."""


class Exposures:
    """Knows the last arm of each subject for each flag, of the `limit` latest subjects."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._known: OrderedDict[int, dict[str, Exposed]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._known)

    def remember(self, subject: int, flag: str, arm: Arm, at_s: float) -> None:
        """Note that the subject was in the arm at that time; what is older than known is not."""
        flags = self._known.setdefault(subject, {})
        self._known.move_to_end(subject)
        known = flags.get(flag)
        if known is None or (known[0] is not arm and known[2] <= at_s):
            flags[flag] = (arm, at_s, at_s)
        elif known[0] is arm:
            flags[flag] = (arm, min(known[1], at_s), max(known[2], at_s))
        if len(self._known) > self._limit:
            self._known.popitem(last=False)

    def find(self, subject: int, flag: str, at_s: float) -> tuple[Arm, float] | None:
        """Return the arm that an outcome at that time belongs to, and when its exposure was."""
        known = self._known.get(subject, {}).get(flag)
        if known is None:
            return None
        arm, first_s, last_s = known
        if first_s > at_s + CLOCK_SLACK_S:
            return None
        return arm, last_s if last_s <= at_s + CLOCK_SLACK_S else first_s

    def forget(self, before_s: float) -> None:
        """Drop the subjects that were last exposed before that time."""
        while self._known:
            subject, flags = next(iter(self._known.items()))
            if max(last_s for _, _, last_s in flags.values()) >= before_s:
                return
            del self._known[subject]
