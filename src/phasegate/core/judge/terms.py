"""What a share guard was promised: its bound or margin, its budget, and how its parts share it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import inf, log

RELATIVE, REPEAT, ABSOLUTE, SYSTEM = "relative", "repeat", "absolute", "system"

COMPARING = (RELATIVE, REPEAT)
"""The parts that rest on the comparison of the arms, so on a sound assignment."""

WEIGHTS = {RELATIVE: 0.50, REPEAT: 0.15, ABSOLUTE: 0.20, SYSTEM: 0.15}
"""Shares of the guard's budget."""

WEIGHTS_ALONE = {RELATIVE: 0.77, REPEAT: 0.23}
"""The same where only control is compared. With a margin RELATIVE has it all: how often subjects
may turn bad again is not agreed then."""

WEIGHTS_GRADED = {RELATIVE: 0.65, ABSOLUTE: 0.20, SYSTEM: 0.15}
"""The same for a mean, where nobody turns bad again."""

WEIGHTS_UNCOMPARED = {ABSOLUTE: 1.0}
"""The same where everybody is exposed from the start, so that there never is a control."""


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What a guard was promised.

    index    of its condition in roll_back_when.
    allowed  bad share; None where only control is compared.
    compared there is a control at some stage of the phase.
    graded   of a mean: there is one value for each subject, and none turns bad again.
    """

    index: int = 0
    allowed: float | None
    margin: float
    alpha: float
    ticks: int
    compared: bool = True
    graded: bool = False

    @property
    def weights(self) -> Mapping[str, float]:
        """Share of the budget by part; a part that is missing has no say."""
        if self.allowed is not None:
            compared = WEIGHTS_GRADED if self.graded else WEIGHTS
            return compared if self.compared else WEIGHTS_UNCOMPARED
        return {RELATIVE: 1.0} if self.margin > 0 or self.graded else WEIGHTS_ALONE

    def threshold(self, method: str) -> float:
        """Return the log wealth at which the part called `method` fires."""
        return self._thresholds.get(method, inf)

    @cached_property
    def _thresholds(self) -> Mapping[str, float]:
        spends = {method: self.alpha * weight for method, weight in self.weights.items()}
        return {method: -log(alpha) for method, alpha in spends.items() if alpha > 0}
