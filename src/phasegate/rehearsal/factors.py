"""`core.judge.difference.factors` for many lanes at once, each at an exposure of its own."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

from phasegate.core.judge import difference
from phasegate.core.plan import EVERYONE
from phasegate.rehearsal.wealths import Floats, Ints

Table: TypeAlias = tuple[Floats, Floats, Floats]


def only(table: Table, lanes: Ints) -> Table:
    """Return the factors of some of the lanes."""
    return table[0][:, lanes], table[1][:, lanes], table[2][:, lanes]


def factors(exposures: Ints, margin: float, ratios: tuple[float, ...]) -> Table:
    """Return (bets, lanes) log factors: not bad, bad treated, bad control."""
    table = np.zeros((3, len(ratios), len(exposures)))
    for exposure in np.unique(exposures):
        if 0 < exposure < EVERYONE:
            found = np.array(difference.factors(int(exposure), margin, ratios)).T
            table[:, :, exposures == exposure] = found[:, :, None]
    return table[0], table[1], table[2]
