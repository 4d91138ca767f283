"""One phase played many times at once: exposed stage by stage, guarded, gated, as `decide` would.

Left out: steps and sign-offs (done at once), levels (within their bounds), sentinels (none occurs)
and labelled cases (passed). They take no chance that a rehearsal could tell.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from phasegate.core.judge.budget import allocate
from phasegate.core.judge.ledger import terms_of
from phasegate.core.judge.rules import Rule, block_seconds, gate_rules, guard_rules
from phasegate.core.plan import EVERYONE, Component, MetricKind, Phase, Plan
from phasegate.core.review.foreseen import healthy_share
from phasegate.rehearsal.counted import Came
from phasegate.rehearsal.lanes import Lanes
from phasegate.rehearsal.proofs import proofs
from phasegate.rehearsal.traffic import Harmed, Stretch, come
from phasegate.rehearsal.wealths import Flags, Floats, Ints

LOOKS = 3
"""How often the evidence of one block is looked at while harm is about."""


@dataclass(kw_only=True)
class Played:
    """What became of each run of a phase.

    ended_s     second at which it passed, was taken back or stopped; blamed: the guilty component
                and none else; scapegoat: an innocent one; environment: none alone.
    exposed     people treated with the harmed component since the onset; met: the bad among them.
    """

    ended_s: Floats
    passed: Flags
    stopped: Flags
    blamed: Flags
    scapegoat: Flags
    environment: Flags
    exposed: Ints
    met: Ints

    def part(self, runs: slice) -> Played:
        """Return what became of some of the runs."""
        return Played(**{one.name: getattr(self, one.name)[runs] for one in fields(self)})

    @property
    def taken_back(self) -> Flags:
        """Runs that were rolled back, whoever was blamed."""
        back: Flags = self.blamed | self.scapegoat | self.environment
        return back


@dataclass
class _Series:
    """One series under judgement: its guards as lanes, its gates, and what they have seen.

    first  of the series of its metric, so that nobody is counted twice who meets harm.
    """

    name: str
    graded: bool
    timed: bool
    p0: float
    lag_s: float
    first: bool
    guards: list[Lanes]
    gates: list[float]
    treated: Came

    def keep(self, lanes: Ints) -> None:
        for guard in self.guards:
            guard.keep(lanes)
        self.treated = self.treated.only(lanes)


def play(plan: Plan, phase: Phase, harmed: Harmed, rng: np.random.Generator) -> Played:
    """Play a phase once for each run of `harmed`."""
    return _Play(plan, phase, harmed, rng).played()


def lanes_of(phase: Phase) -> list[Component]:
    """Return the components that are told apart: those that everybody always gets are alike."""
    apart = [component for component in phase.components if not _always_all(component)]
    alike = [component for component in phase.components if _always_all(component)]
    return [*apart, *alike[:1]]


class _Play:
    """The state of one play: runs that go on, and what became of those that ended."""

    def __init__(self, plan: Plan, phase: Phase, harmed: Harmed, rng: np.random.Generator) -> None:
        self._plan, self._phase, self._rng = plan, phase, rng
        self._components = lanes_of(phase)
        self._harmed = harmed
        self._block_s = block_seconds(plan)
        struck = bool((harmed.component >= 0).any())
        self._step_s = max(1, self._block_s // LOOKS) if struck else self._block_s
        self._going: Ints = np.arange(len(harmed.component))
        runs = len(harmed.component)
        self._series = self._judged(runs)
        none = np.zeros(runs, bool)
        self._became = Played(
            ended_s=np.full(runs, np.nan),
            passed=none.copy(),
            stopped=none.copy(),
            blamed=none.copy(),
            scapegoat=none.copy(),
            environment=none.copy(),
            exposed=np.zeros(runs, np.int64),
            met=np.zeros(runs, np.int64),
        )

    def played(self) -> Played:
        """Play until every run has ended."""
        soak = self._phase.lasts_least.total_seconds() / self._phase.stage_count
        last_from = soak * (self._phase.stage_count - 1)
        most = last_from + self._phase.lasts_most.total_seconds()
        at = 0.0
        while self._going.size:
            at += self._step_s
            for series in self._series:
                if at > series.lag_s:
                    self._observe(series, at, soak)
            self._guard(at)
            if at >= last_from + soak and at % self._block_s < self._step_s:
                self._gate(at, at - last_from, overdue=at > most)
        return self._became

    def _judged(self, runs: int) -> list[_Series]:
        plan, phase, budget = self._plan, self._phase, allocate(self._plan)
        found: dict[str, _Series] = {}
        for rule in (*guard_rules(plan, phase), *gate_rules(plan, phase)):
            if not rule.counted or rule.problem or rule.metric.cases is not None:
                continue
            if rule.series not in found:
                told = {series.name for series in found.values()}
                found[rule.series] = self._opened(rule, runs, first=rule.metric.name not in told)
            series = found[rule.series]
            if rule.gate:
                series.gates.append(rule.allowed or 0.0)
                continue
            terms = terms_of(plan, budget, phase, rule, self._components[0].name, 1)
            series.guards.append(Lanes(terms, self._exposures(0.0, 1.0, runs)))
        return list(found.values())

    def _opened(self, rule: Rule, runs: int, *, first: bool) -> _Series:
        return _Series(
            name=rule.metric.name,
            graded=rule.graded,
            timed=rule.metric.kind is MetricKind.RATE,
            first=first,
            p0=healthy_share(self._plan, self._phase, rule),
            lag_s=rule.metric.lag.total_seconds(),
            guards=[],
            gates=[],
            treated=Came.nobody(runs * len(self._components)),
        )

    def _stage(self, at: float, soak: float) -> Ints:
        stage = min(int(at // soak), self._phase.stage_count - 1)
        return np.array([component.stage(stage).exposure for component in self._components])

    def _exposures(self, at: float, soak: float, runs: int) -> Ints:
        return np.repeat(self._stage(at, soak), runs)

    def _observe(self, series: _Series, at: float, soak: float) -> None:
        """Let a series see those who were exposed in the step that has matured now."""
        began = at - series.lag_s - self._step_s
        exposures = self._stage(max(0.0, began), soak)
        soon = self._stage(min(began + self._block_s, at - self._step_s), soak)
        harmed = self._harmed.showing(series.name)
        people = self._plan.traffic * self._step_s / 60
        stretch = Stretch(at_s=began, people=people, p0=series.p0, graded=series.graded)
        treated, control = come(self._rng, stretch, exposures, harmed)
        series.treated.add(treated)
        # As the judge has it, which does not know better than by a block when somebody came.
        under = np.repeat(np.maximum(exposures, soon), self._going.size)
        for guard in series.guards:
            guard.expose(under)
            guard.add(int(began // self._block_s), treated, control)
        if series.first:
            self._suffer(harmed, treated, began)

    def _suffer(self, harmed: Harmed, treated: Came, began: float) -> None:
        guilty = harmed.component
        ill = np.flatnonzero((guilty >= 0) & (began >= harmed.onset_s))
        lanes = guilty[ill] * self._going.size + ill
        self._became.exposed[self._going[ill]] += treated.seen[lanes].astype(np.int64)
        self._became.met[self._going[ill]] += np.rint(treated.bad[lanes]).astype(np.int64)

    def _guard(self, at: float) -> None:
        shape = (len(self._components), self._going.size)
        failed, accused = np.zeros(shape, bool), np.zeros(shape, bool)
        for series in self._series:
            for guard in series.guards:
                failed |= guard.failed().reshape(shape)
                accused |= guard.accusing().reshape(shape)
        back: Flags = np.logical_or.reduce(failed)
        if not back.any():
            return
        guilty = np.arange(shape[0])[:, None] == self._harmed.component[None, :]
        innocent = (accused & ~guilty).any(axis=0)
        right = (accused & guilty).any(axis=0) & ~innocent
        self._became.scapegoat[self._going[back & innocent]] = True
        self._became.blamed[self._going[back & right]] = True
        self._became.environment[self._going[back & ~innocent & ~right]] = True
        self._end(back, at)

    def _gate(self, at: float, watched_s: float, *, overdue: bool) -> None:
        gated = [series for series in self._series if series.gates]
        if not overdue and any(watched_s <= series.lag_s for series in gated):
            return  # nobody has told of the last exposure yet
        shape = (len(self._components), self._going.size)
        passed = np.ones(shape, bool)
        beta = 1 - self._plan.confidence
        for series in gated:
            for bound in series.gates:
                shown = proofs(series.treated, bound, beta, timed=series.timed)
                passed &= shown.passed.reshape(shape)
        done: Flags = np.logical_and.reduce(passed)
        self._became.passed[self._going[done]] = True
        if overdue:
            self._became.stopped[self._going[~done]] = True
            done = np.ones_like(done)
        self._end(done, at)

    def _end(self, runs: Flags, at: float) -> None:
        if not runs.any():
            return
        self._became.ended_s[self._going[runs]] = at
        rest = np.flatnonzero(~runs)
        lanes = (np.arange(len(self._components))[:, None] * len(runs) + rest).ravel()
        for series in self._series:
            series.keep(lanes)
        self._harmed = self._harmed.only(~runs)
        self._going = self._going[rest]


def _always_all(component: Component) -> bool:
    return all(stage.exposure >= EVERYONE for stage in component.stages)
