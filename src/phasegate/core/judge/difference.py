"""The relative guard: is treatment worse than control by more than a margin?

Each subject who is still free of bad observations is one observation of a coin: it is treated with
the known probability s. With X = 1 for "newly bad", g = X·[treated]/s - X·[control]/(1 - s) has
mean p_treated - p_control, and every bet multiplies its capital by 1 + l·(g - margin). Without a
margin this is the share test: given a bad event, its arm is a coin with probability s, whatever
the rates, the traffic and the time of day; with l = q - s it bets that the coin shows q.

Source: Lindon & Malek 2022 (share test for counts); Waudby-Smith & Ramdas 2023 (betting on means).
"""

from __future__ import annotations

from functools import lru_cache
from math import log1p

from phasegate.core.plan import EVERYONE

RATIOS = (1.7, 3.0, 6.0, 15.0, 60.0)
"""How many times as often as control treatment fails, as each bet has it."""

WEIGHTS = (0.15, 0.20, 0.25, 0.25, 0.15)

SAFE = 0.999
"""No bet stakes more than this share of its capital on one observation."""


@lru_cache(maxsize=1024)
def factors(
    exposure: int, margin: float, ratios: tuple[float, ...] = RATIOS
) -> tuple[tuple[float, float, float], ...]:
    """Return for each bet the log factor of an observation: not bad, bad treated, bad control.

    exposure  basis points in force when it was made, strictly between 0 and everyone.
    margin    by how much the treated share may exceed control's, 0..1.
    ratios    how many times as often as control treatment fails, as each bet has it.
    """
    s = exposure / EVERYONE
    dearest = 1 / (1 - s) + margin
    stakes = (min(r * s / (r * s + 1 - s) - s, SAFE / dearest) for r in ratios)
    return tuple(
        (log1p(-stake * margin), log1p(stake * (1 / s - margin)), log1p(-stake * dearest))
        for stake in stakes
    )


def increments(
    exposure: int, margin: float, *, not_bad: float, treated: float, control: float
) -> tuple[float, ...]:
    """Return each bet's log increment for a batch of observations of subjects at risk.

    not_bad           observations in either arm that were not bad.
    treated, control  newly bad subjects in each arm.

    All zero where there is no control or no treatment: nothing can be compared then.
    """
    if not 0 < exposure < EVERYONE:
        return (0.0,) * len(RATIOS)
    return tuple(
        [
            not_bad * well + treated * ill + control * spared
            for well, ill, spared in factors(exposure, margin)
        ]
    )
