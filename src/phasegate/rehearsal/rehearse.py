"""A whole plan rehearsed thousands of times: healthy, and struck by each named harm."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from multiprocessing import get_context

import numpy as np

from phasegate.core.plan import Plan
from phasegate.rehearsal.harms import Harm, harms, phases_of, strike
from phasegate.rehearsal.play import Played, play
from phasegate.rehearsal.traffic import healthy, together
from phasegate.rehearsal.wealths import Flags, Floats, Ints

HOUR = 3600.0

CHUNK = 1000
"""Runs that are played together; a seed gives the same answer however many workers there are."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """A part of a rehearsal: so many runs of one phase, healthy or struck by each of some harms."""

    phase: str
    harms: tuple[tuple[Harm, int], ...] = ()
    healthy: int = 0
    seed: tuple[int, ...]

    @property
    def runs(self) -> int:
        """How often the phase is played."""
        return self.healthy + sum(runs for _, runs in self.harms)


@dataclass(frozen=True, kw_only=True)
class Result:
    """What became of a task. onset_s: second at which harm began, by run."""

    task: Task
    played: Played
    onset_s: Floats


@dataclass(frozen=True, kw_only=True)
class PhaseHealth:
    """Healthy rehearsals of one phase: wrongly taken back, stopped as inconclusive, hours."""

    phase: str
    back: int
    stopped: int
    hours: float


@dataclass(frozen=True, kw_only=True)
class Health:
    """What became of the healthy rehearsals of the whole plan.

    back      taken back wrongly in any phase; stopped: inconclusive in one; passed: the rest.
    phases    each phase by itself, with the median hours of watching.
    hours     of watching of the whole plans that passed, in order.
    """

    runs: int
    back: int
    stopped: int
    passed: int
    phases: tuple[PhaseHealth, ...]
    hours: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class Struck:
    """What became of the rehearsals of one harm.

    found       only the harmful component was taken back, since harm began; scapegoat: an innocent
                one was blamed; environment: none alone; early: taken back before harm began.
    missed      the phase passed; stopped: it ended as inconclusive.
    exposed     people treated since harm began until it was found, in order; met: the bad of them.
    seconds     from the beginning of harm until it was found, in order.
    """

    harm: Harm
    runs: int
    found: int
    scapegoat: int
    environment: int
    early: int
    missed: int
    stopped: int
    exposed: tuple[int, ...]
    met: tuple[int, ...]
    seconds: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class Report:
    """All that a rehearsal found."""

    health: Health
    struck: tuple[Struck, ...]


def rehearse(
    plan: Plan,
    *,
    runs: int,
    seed: int,
    times: float,
    workers: int = 1,
    done: Callable[[float], None] = lambda _: None,
) -> Report:
    """Rehearse a plan. The same arguments give the same report, whatever `workers` is.

    runs   healthy rehearsals of the whole plan; as many are shared out over the harms.
    times  how many times its bound each harm is.
    done   is told the share of the work that has been done, 0..1.
    """
    named = harms(plan, times)
    tasks = [*_struck_tasks(plan, named, runs, seed), *_healthy_tasks(plan, runs, seed)]
    well: list[Result] = []
    ill: dict[Harm, list[tuple[Played, Floats]]] = {harm: [] for harm in named}
    for result in _play_all(plan, tasks, workers, done):
        if result.task.healthy:
            well.append(result)
        for harm, part in _parts(result.task):
            ill[harm].append((result.played.part(part), result.onset_s[part]))
    return Report(
        health=_health(plan, well, runs),
        struck=tuple(_struck(harm, ill[harm]) for harm in named),
    )


def _healthy_tasks(plan: Plan, runs: int, seed: int) -> Iterator[Task]:
    for number, phase in enumerate(plan.phases):
        for part, size in enumerate(_chunks(runs)):
            yield Task(phase=phase.name, healthy=size, seed=(seed, 0, number, part))


def _struck_tasks(plan: Plan, named: Sequence[Harm], runs: int, seed: int) -> Iterator[Task]:
    """Yield the harms of each phase together: most of a play's cost is the same for any number."""
    phases = {harm: phases_of(plan, harm) for harm in named}
    for number, phase in enumerate(plan.phases):
        here = [
            (harm, max(1, runs // len(named) // len(phases[harm])))
            for harm in named
            if phase in phases[harm]
        ]
        parts = -(-sum(each for _, each in here) // CHUNK)
        for part in range(parts):
            sizes = ((harm, (each + part) // parts) for harm, each in here)
            harms_here = tuple((harm, size) for harm, size in sizes if size)
            yield Task(phase=phase.name, harms=harms_here, seed=(seed, 1, number, part))


def _parts(task: Task) -> Iterator[tuple[Harm, slice]]:
    began = 0
    for harm, runs in task.harms:
        yield harm, slice(began, began + runs)
        began += runs


def _chunks(runs: int) -> list[int]:
    whole, rest = divmod(runs, CHUNK)
    return [CHUNK] * whole + [rest] * bool(rest)


def _play_all(
    plan: Plan, tasks: Sequence[Task], workers: int, done: Callable[[float], None]
) -> Iterator[Result]:
    total, played = sum(task.runs for task in tasks), 0
    plans = [plan] * len(tasks)
    with ExitStack() as stack:
        if workers > 1:
            # Not forked: a program with threads may not be.
            spawn = get_context("spawn")
            pool = stack.enter_context(ProcessPoolExecutor(workers, mp_context=spawn))
            results: Iterator[Result] = pool.map(_play, plans, tasks)
        else:
            results = map(_play, plans, tasks)
        for result in results:
            played += result.task.runs
            done(played / total)
            yield result


def _play(plan: Plan, task: Task) -> Result:
    rng = np.random.default_rng(task.seed)
    phase = plan.phase(task.phase)
    harmed = healthy(task.runs)
    if task.harms:
        harmed = together([strike(plan, phase, harm, runs, rng) for harm, runs in task.harms])
    return Result(task=task, played=play(plan, phase, harmed, rng), onset_s=harmed.onset_s)


def _health(plan: Plan, results: Sequence[Result], runs: int) -> Health:
    back, stopped = np.zeros(runs, bool), np.zeros(runs, bool)
    seconds = np.zeros(runs)
    phases = []
    for phase in plan.phases:
        mine = [result.played for result in results if result.task.phase == phase.name]
        ended = np.concatenate([one.ended_s for one in mine])
        went_back = np.concatenate([one.taken_back for one in mine])
        went_on = np.concatenate([one.stopped for one in mine])
        back |= went_back & ~stopped
        stopped |= went_on & ~back
        seconds += ended
        phases.append(
            PhaseHealth(
                phase=phase.name,
                back=int(went_back.sum()),
                stopped=int(went_on.sum()),
                hours=float(np.median(ended)) / HOUR,
            )
        )
    passed = ~back & ~stopped
    return Health(
        runs=runs,
        back=int(back.sum()),
        stopped=int(stopped.sum()),
        passed=int(passed.sum()),
        phases=tuple(phases),
        hours=tuple(sorted((seconds[passed] / HOUR).tolist())),
    )


def _struck(harm: Harm, results: Sequence[tuple[Played, Floats]]) -> Struck:
    played = [one for one, _ in results]
    onset = np.concatenate([began for _, began in results])
    ended = np.concatenate([one.ended_s for one in played])
    blamed = np.concatenate([one.blamed for one in played])
    back = np.concatenate([one.taken_back for one in played])
    early = back & (ended < onset)
    found = blamed & ~early
    return Struck(
        harm=harm,
        runs=len(ended),
        found=int(found.sum()),
        scapegoat=_count([one.scapegoat for one in played], ~early),
        environment=_count([one.environment for one in played], ~early),
        early=int(early.sum()),
        missed=_count([one.passed for one in played], ~early),
        stopped=_count([one.stopped for one in played], ~early),
        exposed=_in_order([one.exposed for one in played], found),
        met=_in_order([one.met for one in played], found),
        seconds=tuple(sorted((ended - onset)[found].tolist())),
    )


def _count(flags: list[Flags], where: Flags) -> int:
    return int((np.concatenate(flags) & where).sum())


def _in_order(counts: list[Ints], where: Flags) -> tuple[int, ...]:
    return tuple(sorted(np.concatenate(counts)[where].tolist()))
