"""Wrong rollbacks, harm found, people exposed: phasegate, the rules of today's tools, an oracle.

python bench/detection.py                 200 runs a scenario, about three minutes on two cores
python bench/detection.py --runs 2000     what a claim about one in a thousand needs
python bench/detection.py --markdown      the tables of docs/why/decision-quality.md
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from _detection_catalogue import HARMFUL, HEALTHY
from _detection_rules import ALPHA, RULES, phasegate
from _detection_traffic import EXPOSURE, PER_MINUTE, SECONDS, Floats, Ints, Scenario, simulate
from phasegate import planfile
from phasegate.core.judge.cases import high_of
from phasegate.rehearsal.rehearse import rehearse

PLAN = Path(__file__).parent.parent / "plans" / "sihat-tcm.yaml"
CHUNK = 150
OURS, TRIPS = "phasegate", "phasegate trips"
COMPONENT_PHASES = 36
SCENARIOS: tuple[Scenario, ...] = (*HEALTHY, *HARMFUL)


@dataclass(frozen=True)
class Outcome:
    """What one rule did in every run of one scenario. when: second of its rollback."""

    when: Ints
    exposed: Ints


def main() -> None:
    arguments = _arguments()
    began = time.perf_counter()
    with ProcessPoolExecutor(arguments.workers) as pool:
        many = len(SCENARIOS)
        found = list(
            pool.map(_played, range(many), [arguments.runs] * many, [arguments.seed] * many)
        )
    row = _markdown if arguments.markdown else _aligned
    print(
        f"{arguments.runs} runs a scenario, seed {arguments.seed}: a phase of "
        f"{SECONDS // 3600} hours, {PER_MINUTE} requests a minute, {100 * EXPOSURE:g} % treated, "
        f"alpha = {ALPHA}. Limits are exact or bootstrapped, 95 %.\n"
    )
    for table in (_wrong, _outages, _found, _ratios, _limits):
        for line in table(dict(zip([s.name for s in SCENARIOS], found, strict=True))):
            print(row(line) if isinstance(line, list) else line)
    if arguments.plans:
        _whole_plans(arguments.plans, arguments.seed, arguments.workers)
    print(f"\ntook {time.perf_counter() - began:.0f} s")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=200, help="runs of each scenario")
    parser.add_argument("--plans", type=int, default=500, help="healthy whole plans; 0: none")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--markdown", action="store_true")
    return parser.parse_args()


def _played(place: int, runs: int, seed: int) -> dict[str, Outcome]:
    scenario = SCENARIOS[place]
    parts: dict[str, list[tuple[Ints, Ints]]] = {}
    for part in range(0, runs, CHUNK):
        size = min(CHUNK, runs - part)
        counted = simulate(scenario, size, seed * 1_000_003 + part)
        seen = np.cumsum(counted.seen[0], axis=0, dtype=np.int64)
        onset = scenario.onset or 0
        before = seen[onset - 1] if onset else np.zeros(size, np.int64)
        blamed, tripped = phasegate(scenario, counted)
        whens = {OURS: blamed, TRIPS: tripped}
        whens |= {name: rule(scenario, counted) for name, rule in RULES.items()}
        for name, when in whens.items():
            exposed = seen[np.minimum(when, SECONDS - 1), np.arange(size)] - before
            parts.setdefault(name, []).append((when, exposed))
    return {
        name: Outcome(
            when=np.concatenate([when for when, _ in found]),
            exposed=np.concatenate([exposed for _, exposed in found]),
        )
        for name, found in parts.items()
    }


Found = dict[str, dict[str, Outcome]]
ORACLES = ("oracle", "seeker", "by arms alone")
PEERS = [name for name in RULES if name not in ORACLES]


def _wrong(found: Found) -> Iterator[str | list[str]]:
    yield "Wrong rollbacks: share of runs in which the component is taken back, per cent\n"
    yield ["healthy traffic", OURS, *PEERS]
    for scenario in HEALTHY:
        outcomes = found[scenario.name]
        yield [scenario.name, *(_share(outcomes[name].when < SECONDS) for name in (OURS, *PEERS))]
    plain = found[HEALTHY[0].name]
    chances = [float(np.mean(plain[name].when < SECONDS)) for name in (OURS, *PEERS)]
    whole = [f"{100 * (1 - (1 - chance) ** COMPONENT_PHASES):.3g}" for chance in chances]
    yield [f"first line, in any of {COMPONENT_PHASES} component-phases (computed)", *whole]
    yield ""


def _outages(found: Found) -> Iterator[str | list[str]]:
    yield "Global outages: noticed, whomever it blames; minutes until then (median)\n"
    yield ["outage", "noticed", "after", "component blamed"]
    for scenario, onset in ((HEALTHY[-2], 3600), (HEALTHY[-1], 1217)):
        trips, blames = found[scenario.name][TRIPS].when, found[scenario.name][OURS].when
        noticed = (trips >= onset) & (trips < SECONDS)
        after = f"{np.median(trips[noticed] - onset) / 60:.1f}" if noticed.any() else "-"
        yield [scenario.name, _share(noticed), after, _share(blames < SECONDS)]
    yield ""


def _found(found: Found) -> Iterator[str | list[str]]:
    names = (OURS, "oracle", *PEERS)
    yield (
        "Harm: share found, per cent / median of treated requests between onset and rollback; "
        "e: taken back before the onset\n"
    )
    yield ["harm in treatment", *names]
    for scenario in HARMFUL:
        outcomes = found[scenario.name]
        yield [scenario.name, *(_told(outcomes[name], scenario.onset or 0) for name in names)]
    yield ""


def _ratios(found: Found) -> Iterator[str | list[str]]:
    names = (OURS, *PEERS)
    yield (
        "Mean exposure as a ratio to the oracle's, runs that were not taken back before the "
        "onset; a harm that is never found counts until the phase ends\n"
    )
    yield ["harm in treatment", *names]
    ratios = []
    for scenario in HARMFUL:
        outcomes = found[scenario.name]
        yield [
            scenario.name,
            *(_ratio(outcomes[n], outcomes["oracle"], scenario.onset or 0) for n in names),
        ]
        ratios.append(_means(outcomes[OURS], outcomes["oracle"], scenario.onset or 0))
    middle, most = float(np.median(ratios)), max(ratios)
    yield f"\nphasegate against the oracle: {middle:.2f} in the median, {most:.2f} at most\n"


def _limits(found: Found) -> Iterator[str | list[str]]:
    yield (
        "What can be had: mean exposure as a ratio to the oracle's. The seeker knows the rates and "
        "not the moment; by arms alone, it looks at nothing but the arms of failures\n"
    )
    yield ["harm in treatment", OURS, *ORACLES[1:]]
    ours: dict[str, list[float]] = {name: [] for name in (OURS, *ORACLES[1:])}
    for scenario in HARMFUL:
        outcomes, onset = found[scenario.name], scenario.onset or 0
        for name, ratios in ours.items():
            ratios.append(_means(outcomes[name], outcomes["oracle"], onset))
        yield [scenario.name, *(_ratio(outcomes[n], outcomes["oracle"], onset) for n in ours)]
    for name in ORACLES[1:]:
        ratios = [mine / theirs for mine, theirs in zip(ours[OURS], ours[name], strict=True)]
        yield (
            f"\nphasegate against {name!r}: {np.median(ratios):.2f} in the median, "
            f"{max(ratios):.2f} at most\n"
        )


def _told(outcome: Outcome, onset: int) -> str:
    early = outcome.when < onset
    hit = ~early & (outcome.when < SECONDS)
    late = max(1, int((~early).sum()))
    median = f"{np.median(outcome.exposed[hit]):.0f}" if hit.any() else "never"
    note = f" (e {100 * early.mean():.0f})" if early.any() else ""
    return f"{100 * hit.sum() / late:.0f} / {median}{note}"


def _means(outcome: Outcome, oracle: Outcome, onset: int) -> float:
    mine = outcome.exposed[outcome.when >= onset]
    return float(mine.mean() / oracle.exposed.mean()) if mine.size else float("nan")


def _ratio(outcome: Outcome, oracle: Outcome, onset: int) -> str:
    late = np.flatnonzero(outcome.when >= onset)
    if late.size < 20:
        return "-"
    rng = np.random.default_rng(1)
    draws = rng.integers(0, late.size, (400, late.size))
    base = rng.integers(0, len(oracle.exposed), (400, len(oracle.exposed)))
    ratios: Floats = outcome.exposed[late][draws].mean(axis=1) / oracle.exposed[base].mean(axis=1)
    low, high = np.quantile(ratios, [0.025, 0.975])
    return f"{_means(outcome, oracle, onset):.3g} ({low:.3g}-{high:.3g})"


def _share(hits: np.ndarray) -> str:
    n, count = len(hits), int(hits.sum())
    low, high = 1 - high_of(n - count, n, 0.975), high_of(count, n, 0.975)
    return f"{100 * count / n:.3g} ({100 * low:.2g}-{100 * high:.3g})"


def _whole_plans(plans: int, seed: int, workers: int) -> None:
    plan = planfile.parse(PLAN.read_text(encoding="utf-8"), str(PLAN)).plan
    if plan is None:
        raise SystemExit(f"{PLAN} is not sound")
    report = rehearse(plan, runs=plans, seed=seed, times=3.0, workers=workers)
    back = np.arange(plans) < report.health.back
    print(
        f"\nHealthy whole plans ({plan.name}, {plans} rehearsals): taken back wrongly at least "
        f"once in {_share(back)} per cent; the budget is {100 * plan.error_budget:g} per cent"
    )


def _aligned(cells: Sequence[str]) -> str:
    first, *rest = cells
    return f"{first:<52}" + "".join(f"{cell:>20}" for cell in rest)


def _markdown(cells: Sequence[str]) -> str:
    line = "| " + " | ".join(cells) + " |"
    heads = ("healthy traffic", "outage", "harm in treatment")
    return f"{line}\n|{'---|' * len(cells)}" if cells[0] in heads else line


if __name__ == "__main__":
    main()
