"""`core.judge.means` for many lanes at once: the open batch of each, and what it gains."""

from __future__ import annotations

import numpy as np

from phasegate.core.judge import means
from phasegate.rehearsal.counted import Came
from phasegate.rehearsal.wealths import Flags, Floats, Ints


class Batches:
    """Values that wait until both arms have one: counts and sums of badness, by lane."""

    def __init__(self, lanes: int) -> None:
        self._held: Floats = np.zeros((4, lanes))
        self._began: Ints = np.zeros(lanes, np.int64)

    @property
    def treated_bad(self) -> Floats:
        """Sum of badness in treatment."""
        own: Floats = self._held[1]
        return own

    @property
    def bad(self) -> Floats:
        """Sum of badness in both arms."""
        both: Floats = self._held[1] + self._held[3]
        return both

    def add(self, tick: int, treated: Came, control: Came) -> Flags:
        """Add what came in a block; say which batches are whole."""
        held = self._held
        self._began = np.where(held[0] + held[2] > 0, self._began, tick)
        for row, came in enumerate(
            (treated.at_risk, treated.newly_bad, control.at_risk, control.newly_bad)
        ):
            held[row] += came
        whole: Flags = (held[0] > 0) & (held[2] > 0)
        return whole

    def gains(self, lanes: Ints, margin: float) -> Floats:
        """Return each bet's log increment for whole batches: (bets, lanes)."""
        treated, own, control, other = self._held[:, lanes]
        apart = own / treated - other / control - margin
        fewer, more = np.minimum(treated, control), np.maximum(treated, control)
        rough = (fewer + more) ** 2 / (fewer * more**2)
        least = np.maximum(apart / (1 + margin), -1.0)
        stakes, shifts = np.array(means.STAKES)[:, None], np.array(means.SHIFTS)[:, None]
        on_batch = np.log1p(stakes * least)
        on_shift = (4 * shifts * apart - 2 * shifts**2) / rough
        found: Floats = np.concatenate([on_batch, on_shift])
        return found

    def clear(self, whole: Flags, tick: int) -> None:
        """Begin anew where a batch was paid, and where half of one has waited for a block."""
        self._held[:, whole | (self._began < tick)] = 0.0

    def keep(self, lanes: Ints) -> None:
        """Forget all other lanes."""
        self._held, self._began = self._held[:, lanes], self._began[lanes]
