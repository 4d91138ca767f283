"""The repeat guard: do more treated subjects than control's turn bad for the second time?

A feature that breaks a few of its subjects for good hides from a guard that counts each subject
once: many others meet one bad observation by chance, few meet two. Under "no harm" the arm of a
subject's second bad observation is the same coin as that of the first, whatever the rates, and
however prone some subjects are. Later ones say nothing new about the subject and are left out.

Source: as the relative guard (Lindon & Malek 2022), on its own filtration and budget.
"""

from __future__ import annotations

from phasegate.core.judge.difference import factors
from phasegate.core.plan import EVERYONE

RATIOS = (3.0, 10.0, 40.0, 200.0)
"""How many times as often as control's treated subjects turn bad again, as each bet has it."""

WEIGHTS = (0.25, 0.25, 0.25, 0.25)


def increments(exposure: int, *, treated: int, control: int) -> tuple[float, ...]:
    """Return each bet's log increment for so many second bad observations in each arm.

    All zero where there is no control or no treatment: nothing can be compared then.
    """
    if not 0 < exposure < EVERYONE:
        return (0.0,) * len(RATIOS)
    return tuple(
        treated * ill + control * spared for _, ill, spared in factors(exposure, 0.0, RATIOS)
    )
