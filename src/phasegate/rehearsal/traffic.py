"""Simulated subjects of one phase: who comes, who is treated with what, and who meets harm.

Everybody is new and leaves one observation for each metric, as the plan's review assumes. People
who are bad for one reason are counted by every component, in the arm that its own lot gave them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from phasegate.core.judge.means import STEPS
from phasegate.core.plan import EVERYONE
from phasegate.rehearsal.counted import Came
from phasegate.rehearsal.wealths import Flags, Floats, Ints

LARGE = 15.0
"""From this mean on a count of people who are well is drawn by its normal limit."""


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
    """A stretch of time: when it begins, how many come in it, and the bad share without harm.

    graded  everybody leaves a value of a mean, and the bad share is that of their badness.
    """

    at_s: float
    people: float
    p0: float
    graded: bool = False


def come(
    rng: np.random.Generator, stretch: Stretch, exposures: Ints, harmed: Harmed
) -> tuple[Came, Came]:
    """Draw what a stretch of time brings treatment and control, as (component, run) lanes in a row.

    exposures  basis points by component.
    """
    people, p0 = stretch.people, stretch.p0
    runs, s = len(harmed.component), exposures / EVERYONE
    ill = (harmed.component >= 0) & (stretch.at_s >= harmed.onset_s)
    if stretch.graded:
        return _values(rng, stretch, s, harmed, ill)
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
    treated_good = _many(rng, rates)
    spared = np.broadcast_to(people * (1 - s[:, None]) * (1 - p0), (len(s), runs))
    control_good = _many(rng, spared)
    control_bad = bad - treated_bad
    return (
        Came.once_each((treated_good + treated_bad).ravel(), treated_bad.ravel()),
        Came.once_each((control_good + control_bad).ravel(), control_bad.ravel()),
    )


def _values(
    rng: np.random.Generator, stretch: Stretch, s: Floats, harmed: Harmed, ill: Flags
) -> tuple[Came, Came]:
    """Draw values of a mean: each as the mean of a few coins, as answers on a few steps are.

    Innocent components have the harmed in both arms, as they come.
    """
    lots = s[:, None]
    shape = (len(s), len(ill))
    guilty = (np.arange(len(s))[:, None] == harmed.component) & ill
    everywhere = np.where(ill, np.where(ill, s[harmed.component], 0.0), 0.0)
    mixed = everywhere * harmed.share + (1 - everywhere) * stretch.p0
    own = np.where(guilty, harmed.share, mixed)
    other = np.where(guilty, stretch.p0, mixed)
    arms = []
    for part, mean in ((lots, own), (1 - lots, other)):
        n = rng.poisson(np.broadcast_to(stretch.people * part, shape))
        worse = rng.binomial(n * STEPS, np.broadcast_to(mean, shape)) / STEPS
        arms.append(Came.once_each(n.ravel(), worse.ravel()))
    return arms[0], arms[1]


def _many(rng: np.random.Generator, rates: Floats) -> Ints:
    """Draw Poisson counts; by their normal limit, ten times as fast, where all are large."""
    if rates.size and rates.min() > LARGE:
        drawn = np.rint(rates + np.sqrt(rates) * rng.standard_normal(rates.shape))
        return np.maximum(drawn, 0).astype(np.int64)
    counts: Ints = rng.poisson(rates)
    return counts
