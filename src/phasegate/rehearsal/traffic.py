"""Simulated subjects of one phase: who comes, who is treated with what, and who meets harm.

Everybody is new and leaves one observation for each metric, as the plan's review assumes. People
who are bad for one reason are counted by every component, in the arm that its own lot gave them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

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
    metric   which of `metrics` it shows in.
    """

    component: Ints
    share: Floats
    onset_s: Floats
    metric: Ints
    metrics: tuple[str, ...] = ()

    def only(self, runs: Flags) -> Harmed:
        """Return what is wrong in some of the runs."""
        return replace(
            self,
            component=self.component[runs],
            share=self.share[runs],
            onset_s=self.onset_s[runs],
            metric=self.metric[runs],
        )

    def showing(self, metric: str) -> Harmed:
        """Return what is wrong as one metric sees it: nothing where another one shows it."""
        if metric not in self.metrics:
            return replace(self, component=np.full(len(self.component), -1))
        mine = self.metric == self.metrics.index(metric)
        return replace(self, component=np.where(mine, self.component, -1))


def healthy(runs: int) -> Harmed:
    """Return that nothing is wrong in so many runs."""
    none = np.zeros(runs)
    return Harmed(
        component=np.full(runs, -1), share=none, onset_s=none, metric=np.zeros(runs, np.int64)
    )


def together(parts: Sequence[Harmed]) -> Harmed:
    """Return several harms side by side; each shows in a metric of its own."""
    return Harmed(
        component=np.concatenate([one.component for one in parts]),
        share=np.concatenate([one.share for one in parts]),
        onset_s=np.concatenate([one.onset_s for one in parts]),
        metric=np.repeat(np.arange(len(parts)), [len(one.component) for one in parts]),
        metrics=tuple(one.metrics[0] for one in parts),
    )


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
    rates[guilty[where], where] = people * exposed[where] * (1 - harmed.share[where])
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
