"""Simulated subjects of one phase: who comes, who is treated with what, and who meets harm.

Everybody is new and leaves one observation for each metric, as the plan's review assumes. People
who are bad for one reason are counted by every component, in the arm that its own lot gave them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from phasegate.core.plan import EVERYONE
from phasegate.rehearsal.counted import Came
from phasegate.rehearsal.wealths import Flags, Floats, Ints


@dataclass(frozen=True, kw_only=True)
class Harmed:
    """What is wrong in each run. component: its place in the phase; -1: nothing is wrong.

    share    bad share among those treated with it.
    onset_s  second of the phase at which it begins.
    """

    component: Ints
    share: float
    onset_s: Floats

    def only(self, runs: Flags) -> Harmed:
        """Return what is wrong in some of the runs."""
        return Harmed(component=self.component[runs], share=self.share, onset_s=self.onset_s[runs])


def healthy(runs: int) -> Harmed:
    """Return that nothing is wrong in so many runs."""
    return Harmed(component=np.full(runs, -1), share=0.0, onset_s=np.zeros(runs))


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """A stretch of time: when it begins, how many come in it, and the bad share without harm."""

    at_s: float
    people: float
    p0: float


def come(
    rng: np.random.Generator, stretch: Stretch, exposures: Ints, harmed: Harmed
) -> tuple[Came, Came]:
    """Draw what a stretch of time brings treatment and control, as (component, run) lanes in a row.

    exposures  basis points by component.
    """
    people, p0 = stretch.people, stretch.p0
    runs, s = len(harmed.component), exposures / EVERYONE
    ill = (harmed.component >= 0) & (stretch.at_s >= harmed.onset_s)
    guilty = np.where(ill, harmed.component, 0)
    exposed = np.where(ill, s[guilty], 0.0)
    bad_of_harm = rng.poisson(people * exposed * harmed.share)
    bad_by_chance = rng.poisson(people * (1 - exposed) * p0)
    bad = bad_of_harm + bad_by_chance

    treated_bad = rng.binomial(np.broadcast_to(bad, (len(s), runs)), s[:, None])
    rates = np.broadcast_to(people * s[:, None] * (1 - p0), (len(s), runs)).copy()
    where = np.flatnonzero(ill)
    treated_bad[guilty[where], where] = bad_of_harm[where]
    rates[guilty[where], where] = people * exposed[where] * (1 - harmed.share)
    treated_good = rng.poisson(rates)
    control_good = rng.poisson(people * (1 - s[:, None]) * (1 - p0), (len(s), runs))
    control_bad = bad - treated_bad
    return (
        Came.once_each((treated_good + treated_bad).ravel(), treated_bad.ravel()),
        Came.once_each((control_good + control_bad).ravel(), control_bad.ravel()),
    )
