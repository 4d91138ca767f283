"""What means and distributions find that shares with a bound do not: same people, same budget.

python bench/kinds.py                400 runs a line, about a minute on one core
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from phasegate.core.judge.cases import high_of
from phasegate.core.judge.terms import Terms
from phasegate.rehearsal.counted import Came
from phasegate.rehearsal.lanes import Lanes

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
ALPHA, EXPOSURE, SECONDS, BLOCK_S = 0.001, 1000, 7200, 30
TICKS = SECONDS // BLOCK_S
CUTS = (300.0, 1000.0, 3000.0)


@dataclass(frozen=True)
class Guard:
    """One way to judge the values of both arms: lanes, and what one value counts as."""

    lanes: Lanes
    badness: Callable[[Floats], Floats]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    told = parser.parse_args()
    print(
        f"{told.runs} runs a line, seed {told.seed}: two hours, {EXPOSURE / 100:g} % treated, "
        f"alpha = {ALPHA}, everybody leaves one value. Found, per cent / treated people, median\n"
    )
    print("| ratings, 60 a minute, 1 to 5 stars | mean | share below 4 stars |\n|---|---|---|")
    for name, own, other in RATINGS:
        draw = stars(own, other)
        guards = (mean_of_stars, below_four)
        print(row(name, draw, 1.0, guards, told.runs, told.seed))
    print("\n| response times, 200 a minute | at three cuts | share beyond 3 s |\n|---|---|---|")
    for name, factor, tail in TIMES:
        draw = times(factor, tail)
        print(row(name, draw, 200 / 60, (at_cuts, beyond_bound), told.runs, told.seed))


RATINGS = (
    ("alike, 4.39 stars", (0.02, 0.03, 0.08, 0.28, 0.59), (0.02, 0.03, 0.08, 0.28, 0.59)),
    ("4.39 to 4.17", (0.03, 0.05, 0.12, 0.32, 0.48), (0.02, 0.03, 0.08, 0.28, 0.59)),
    ("4.39 to 4.02, none below 4", (0.02, 0.03, 0.08, 0.65, 0.22), (0.02, 0.03, 0.08, 0.28, 0.59)),
    ("4.39 to 3.5", (0.10, 0.12, 0.20, 0.34, 0.24), (0.02, 0.03, 0.08, 0.28, 0.59)),
)
TIMES = (
    ("alike", 1.0, 0.0),
    ("everything 1.2 times as slow", 1.2, 0.0),
    ("everything 1.67 times as slow", 1.67, 0.0),
    ("8 % take ten times as long", 1.0, 0.08),
)
Draw = Callable[[np.random.Generator, int, bool], Floats]
Make = Callable[[int], Sequence[Guard]]


def stars(own: Sequence[float], other: Sequence[float]) -> Draw:
    """Return who draws ratings by the chances of one to five stars."""

    def draw(rng: np.random.Generator, n: int, treated: bool) -> Floats:
        return rng.choice(np.arange(1.0, 6.0), n, p=own if treated else other)

    return draw


def times(factor: float, tail: float) -> Draw:
    """Return who draws response times in ms, around 250, one in a thousand beyond three seconds."""

    def draw(rng: np.random.Generator, n: int, treated: bool) -> Floats:
        took: Floats = 250 * np.exp(0.8 * rng.standard_normal(n))
        slow = np.where(rng.random(n) < tail, 10.0, 1.0)
        return took * factor * slow if treated else took

    return draw


def mean_of_stars(runs: int) -> Sequence[Guard]:
    terms = Terms(allowed=None, margin=0.0, alpha=ALPHA, ticks=TICKS, graded=True)
    return [Guard(lanes(terms, runs), lambda stars: (5 - stars) / 4)]


def below_four(runs: int) -> Sequence[Guard]:
    terms = Terms(allowed=None, margin=0.0, alpha=ALPHA, ticks=TICKS)
    return [Guard(lanes(terms, runs), lambda stars: (stars < 4).astype(float))]


def at_cuts(runs: int) -> Sequence[Guard]:
    each = Terms(allowed=None, margin=0.0, alpha=ALPHA / 2 / len(CUTS), ticks=TICKS)
    all_of = Terms(allowed=None, margin=0.0, alpha=ALPHA / 2, ticks=TICKS, graded=True)
    together = Guard(lanes(all_of, runs), lambda took: sum(beyond(cut)(took) for cut in CUTS) / 3)
    return [together, *(Guard(lanes(each, runs), beyond(cut)) for cut in CUTS)]


def beyond_bound(runs: int) -> Sequence[Guard]:
    terms = Terms(allowed=0.05, margin=0.0, alpha=ALPHA, ticks=TICKS)
    return [Guard(lanes(terms, runs), beyond(3000.0))]


def beyond(cut: float) -> Callable[[Floats], Floats]:
    return lambda took: (took > cut).astype(float)


def lanes(terms: Terms, runs: int) -> Lanes:
    return Lanes(terms, np.full(runs, EXPOSURE))


def row(  # noqa: PLR0917 who comes, how often, and by whom they are judged
    name: str, draw: Draw, per_second: float, made: Sequence[Make], runs: int, seed: int
) -> str:
    """Return a line of a table: what each way of judging the same people has found."""
    rng, s = np.random.default_rng(seed), EXPOSURE / 10_000
    ways = [make(runs) for make in made]
    exposed = np.zeros(runs, np.int64)
    found = np.full((len(ways), runs), -1)
    for second in range(SECONDS):
        arms = []
        for treated, share in ((True, s), (False, 1 - s)):
            n = rng.poisson(per_second * share, runs)
            arms.append((n, draw(rng, int(n.sum()), treated)))
        exposed += arms[0][0]
        for place, guards in enumerate(ways):
            fired = np.zeros(runs, bool)
            for guard in guards:
                guard.lanes.add(second // BLOCK_S, *(came(n, guard.badness(v)) for n, v in arms))
                fired |= guard.lanes.accusing()
            found[place] = np.where((found[place] < 0) & fired, exposed, found[place])
    return "| " + " | ".join([name, *(cell(one) for one in found)]) + " |"


def came(n: Ints, badness: Floats) -> Came:
    sums = np.bincount(np.repeat(np.arange(len(n)), n), badness, len(n))
    return Came.once_each(n, sums)


def cell(found: Ints) -> str:
    n, hits = len(found), int((found >= 0).sum())
    low, high = 1 - high_of(n - hits, n, 0.975), high_of(hits, n, 0.975)
    median = f"{np.median(found[found >= 0]):.0f}" if hits else "never"
    return f"{100 * hits / n:.3g} ({100 * low:.2g}-{100 * high:.3g}) / {median}"


if __name__ == "__main__":
    main()
