"""Whether a measured series still has the unit it began with.

Seconds in the place of milliseconds make every response look a thousand times as fast, and no
bound would ever be passed again. A mean that jumps so far is taken for what it is: another unit.
"""

from __future__ import annotations

from dataclasses import dataclass

FACTOR = 300.0
"""A block's mean that is so many times the mean before, or so small a part of it, has another
unit. Systems that fail fast or hang change their mean by less; the next unit is a thousand away."""

LEAST = 20
"""Fewer observations than this, in the block or before it, say nothing about a mean."""


@dataclass(slots=True)
class Values:
    """Sums of what was measured in both arms: before the open block, and in it."""

    n: int = 0
    total: float = 0.0
    open_n: int = 0
    open_total: float = 0.0

    def add(self, n: int, total: float) -> None:
        """Add n observations and their sum to the open block."""
        self.open_n += n
        self.open_total += total

    def close(self) -> str:
        """Close the block; say what is wrong with its unit, or return nothing."""
        n, total, self.open_n, self.open_total = self.open_n, self.open_total, 0, 0.0
        if not n:
            return ""
        wrong = self._jump(total / n) if min(n, self.n) >= LEAST else ""
        if not wrong:
            self.n, self.total = self.n + n, self.total + total
        return wrong

    def _jump(self, mean: float) -> str:
        before = self.total / self.n
        if before <= 0 or 1 / FACTOR < mean / before < FACTOR:
            return ""
        return f"its mean went from {before:.4g} to {mean:.4g} at once, as if its unit had changed"
