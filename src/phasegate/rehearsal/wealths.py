"""`core.judge.bets` for many guards at once: one column of capital for each lane.

Capital is kept as it is, not as its logarithm: a lane that has lost all but 1e-300 has lost, and
one that has won 1e200 has won. Everything else is what `core.judge.bets` says; tests prove it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from phasegate.core.judge import bets

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Numbers: TypeAlias = NDArray[np.float64] | NDArray[np.int64]
Flags: TypeAlias = NDArray[np.bool_]

MOST = 1e200
"""More capital than this is not told apart."""


class Wealths:
    """Where the bets of many lanes stand. capital: (bets, lanes)."""

    def __init__(
        self, lanes: int, weights: Sequence[float], ticks: int, waiting: Sequence[float] = ()
    ) -> None:
        alike = bets.start(weights, ticks, waiting=waiting)
        self.capital: Floats = np.repeat(np.exp(np.array(alike.logs))[:, None], lanes, axis=1)
        self._late: Floats = np.array(alike.late)[:, None]
        self._late_sum = float(sum(alike.late))
        self._ticks, self._released = alike.ticks, 0

    def keep(self, lanes: Ints) -> None:
        """Forget all other lanes."""
        self.capital = self.capital[:, lanes]

    def release(self, tick: int) -> None:
        """Put into play what is due up to `tick`; call it before the tick's events."""
        due = min(tick, self._ticks) - self._released
        if due > 0:
            self.capital += self._late * (due / self._ticks)
            self._released += due

    def pay(self, factors: Floats, lanes: Ints | None = None) -> None:
        """Multiply the capital of some lanes, or of all, by (bets, lanes) factors."""
        if lanes is None:
            np.minimum(self.capital * factors, MOST, out=self.capital)
        else:
            self.capital[:, lanes] = np.minimum(self.capital[:, lanes] * factors, MOST)

    def total(self, lanes: Ints | None = None) -> Floats:
        """Return all capital, in play or kept back."""
        held = self.capital if lanes is None else self.capital[:, lanes]
        everything: Floats = held.sum(axis=0) + self._kept()
        return everything

    def lower(self, to: Floats | float, lanes: Flags) -> None:
        """Reduce the wealth of these lanes to at most `to` >= 1."""
        if not lanes.any():
            return
        in_play = self.capital.sum(axis=0)
        scale = np.where(lanes, np.minimum(1.0, (to - self._kept()) / in_play), 1.0)
        self.capital *= scale

    def _kept(self) -> float:
        return self._late_sum * (self._ticks - self._released) / self._ticks
