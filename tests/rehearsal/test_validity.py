"""Wrong alarms stay within the budget in every healthy scenario, by the exact upper limit.

Subjects come again and again, as they do in life: some are prone to failures, some are stuck in
them, some come in clusters. Lanes are what core.judge says (tests/rehearsal/test_lanes.py).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from phasegate.core.judge.cases import high_of
from phasegate.core.judge.terms import Terms
from phasegate.rehearsal.counted import Came
from phasegate.rehearsal.lanes import Lanes

RUNS, PEOPLE, TICKS, BLOCK = 1200, 120, 120, 3
ALPHA, BOUND, EXPOSURE = 0.05, 0.05, 2500
Rate = Callable[["Town"], np.ndarray]


class Town:
    """The same number of people in every run, each in an arm for good."""

    def __init__(self, seed: int, *, visits: float = 0.08, stuck: bool = False) -> None:
        self.rng = np.random.default_rng(seed)
        self.treated = self.rng.random((RUNS, PEOPLE)) < EXPOSURE / 10_000
        self.prone = self.rng.random((RUNS, PEOPLE)) < 0.05
        self.visits, self.stuck, self.tick = visits, stuck, 0
        self._met = np.zeros((RUNS, PEOPLE), bool)
        self._bad = np.zeros((RUNS, PEOPLE), np.int64)
        self._here = np.zeros((RUNS, PEOPLE), bool)

    def tell(self, rate: np.ndarray) -> tuple[Came, Came]:
        """Let people come by for one tick and return what both arms bring."""
        if self.tick % BLOCK == 0:
            self._here[:] = False
        come = self.rng.random((RUNS, PEOPLE)) < self.visits
        bad = come & (self.rng.random((RUNS, PEOPLE)) < rate)
        if self.stuck:
            bad |= come & (self._bad > 0)
        first, risk = come & ~self._met, come & ~self._here & (self._bad == 0)
        parts = (
            come,
            bad,
            first,
            first & bad,
            risk,
            bad & (self._bad == 0),
            bad & (self._bad == 1),
        )
        self._met |= come
        self._here |= come
        self._bad += bad
        self.tick += 1
        treated, control = (
            Came(*((part & arm).sum(axis=1) for part in parts))
            for arm in (self.treated, ~self.treated)
        )
        return treated, control


def healthy(town: Town) -> np.ndarray:
    return np.full((RUNS, 1), 0.01)


def at_bound(town: Town) -> np.ndarray:
    return np.full((RUNS, 1), BOUND)


def bursts(town: Town) -> np.ndarray:
    """A storm in both arms that fills a block, one time in twenty."""
    if town.tick % BLOCK == 0:
        town.storm = town.rng.random((RUNS, 1)) < 0.05  # type: ignore[attr-defined]
    return np.where(town.storm, 0.5, 0.02)  # type: ignore[attr-defined]


def prone(town: Town) -> np.ndarray:
    return np.where(town.prone, 0.6, 0.004)


def daily(town: Town) -> np.ndarray:
    """Rates that drift in both arms alike."""
    return np.full((RUNS, 1), 0.02 + 0.02 * np.sin(town.tick / 20))


SCENARIOS = {
    "healthy": (healthy, {}),
    "exactly at the bound": (at_bound, {}),
    "bursts in both arms": (bursts, {}),
    "prone subjects": (prone, {}),
    "subjects stuck in failure": (healthy, {"stuck": True}),
    "clusters of visits": (prone, {"visits": 0.6}),
    "drift in both arms": (daily, {}),
}


@pytest.mark.parametrize(("rate", "habits"), SCENARIOS.values(), ids=SCENARIOS.keys())
def test_wrong_alarms_stay_within_the_budget(rate: Rate, habits: dict) -> None:
    bounded = Lanes(Terms(allowed=BOUND, margin=0.0, alpha=ALPHA, ticks=40), exposures())
    compared = Lanes(Terms(allowed=None, margin=0.0, alpha=ALPHA, ticks=40), exposures())
    by_margin = Lanes(Terms(allowed=None, margin=0.01, alpha=ALPHA, ticks=40), exposures())
    town, fired = Town(11, **habits), np.zeros((3, RUNS), bool)

    for tick in range(TICKS):
        treated, control = town.tell(rate(town))
        for place, lanes in enumerate((bounded, compared, by_margin)):
            lanes.add(tick // BLOCK, treated, control)
            fired[place] |= lanes.failed()

    for one in fired:
        assert high_of(int(one.sum()), RUNS, 0.95) <= ALPHA


def ratings(rng: np.random.Generator, people: float, mean: np.ndarray) -> Came:
    """One value of five for each, around a mean; a storm hits all who come at once alike."""
    n = rng.poisson(people, RUNS)
    return Came.once_each(n, rng.binomial(4 * n, mean) / 4)


@pytest.mark.parametrize("people", [0.4, 40.0], ids=["few at once", "a crowd at once"])
@pytest.mark.parametrize("habit", ["at the bound", "storms", "drift"])
def test_wrong_alarms_about_means_stay_within_the_budget(people: float, habit: str) -> None:
    kinds = ((0.25, 0.0), (None, 0.0), (None, 0.05))
    terms = [Terms(allowed=a, margin=m, alpha=ALPHA, ticks=40, graded=True) for a, m in kinds]
    guards = [Lanes(one, exposures()) for one in terms]
    rng, fired = np.random.default_rng(12), np.zeros((3, RUNS), bool)

    for tick in range(TICKS):
        if tick % BLOCK == 0:
            storm = rng.random(RUNS) < 0.1
        if habit == "storms":
            mean = np.where(storm, 0.7, 0.15)
        else:
            mean = np.full(RUNS, 0.25 if habit == "at the bound" else 0.2 - tick / 1000)
        treated, control = ratings(rng, people, mean), ratings(rng, 3 * people, mean)
        for place, lanes in enumerate(guards):
            lanes.add(tick // BLOCK, treated, control)
            fired[place] |= lanes.failed() if place else lanes.accusing()

    for one in fired:
        assert high_of(int(one.sum()), RUNS, 0.95) <= ALPHA


def test_senders_of_one_arm_each_raise_no_alarm_about_means_that_drift() -> None:
    """Treatment's values come in one second, control's in the next, and both grow worse alike."""
    terms = Terms(allowed=None, margin=0.0, alpha=ALPHA, ticks=40, graded=True)
    lanes, rng = Lanes(terms, exposures()), np.random.default_rng(13)
    nobody = Came.nobody(RUNS)

    for tick in range(2 * TICKS):
        mean = np.full(RUNS, 0.1 + tick / 600)
        one_arm = ratings(rng, 4.0 if tick % 2 else 12.0, mean)
        lanes.add(tick // BLOCK, *((one_arm, nobody) if tick % 2 else (nobody, one_arm)))

    assert high_of(int(lanes.accusing().sum()), RUNS, 0.95) <= ALPHA


def test_a_global_outage_is_noticed_blames_nobody_and_ends() -> None:
    lanes = Lanes(Terms(allowed=0.02, margin=0.0, alpha=0.001, ticks=240), exposures())
    rng, noticed = np.random.default_rng(3), np.zeros(RUNS, bool)

    for block in range(110):
        p = 0.3 if 40 <= block < 50 else 0.002
        lanes.add(block, crowd(rng, 25, p), crowd(rng, 75, p))
        noticed |= lanes.failed()

    assert noticed.all()
    assert at_most_alpha(lanes.accusing(), 0.001)
    assert not lanes.failed().any()


@pytest.mark.parametrize("seconds_into_a_block", [0, 2, 15, 29])
def test_two_minutes_of_total_outage_are_noticed_wherever_they_begin(
    seconds_into_a_block: int,
) -> None:
    lanes = Lanes(Terms(allowed=0.02, margin=0.0, alpha=0.001, ticks=240), exposures())
    rng, noticed = np.random.default_rng(4), np.zeros(RUNS, bool)

    began = 40 * 30 + seconds_into_a_block
    for second in range(0, began + 160):
        p = 1.0 if began <= second < began + 120 else 0.002
        lanes.add(second // 30, crowd(rng, 0.8, p), crowd(rng, 2.4, p))
        noticed |= lanes.failed()

    assert noticed.mean() > 0.98
    assert at_most_alpha(lanes.accusing(), 0.001)


def at_most_alpha(hits: np.ndarray, alpha: float) -> bool:
    """Say whether so many hits are no evidence of a chance above alpha."""
    n, count = len(hits), int(hits.sum())
    return 1 - high_of(n - count, n, 0.95) <= alpha


def exposures() -> np.ndarray:
    return np.full(RUNS, EXPOSURE)


def crowd(rng: np.random.Generator, people: float, p: float) -> Came:
    came = rng.poisson(people, RUNS)
    return Came.once_each(came, rng.binomial(came, p))
