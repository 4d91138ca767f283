"""The last rule: take the next step of the plan."""

from __future__ import annotations

from phasegate.core.canonical import plain
from phasegate.core.decide.opinion import advance
from phasegate.core.decide.situation import Decision, Situation, Verb, waiting
from phasegate.core.event import Json
from phasegate.core.plan import Phase
from phasegate.core.run import Run, TrialState


def move_on(s: Situation) -> Decision | None:
    """Take the next step of the plan: begin a phase, expose a stage, pass, complete."""
    if s.phase is None:
        return _next_phase(s)
    if waiting(s):
        return _expose(s, s.phase, max(s.run.stage, 0))
    if s.run.stage + 1 < s.phase.stage_count:
        return _expose(s, s.phase, s.run.stage + 1)
    reasons = tuple(judgement.sentence for judgement in s.evidence.gates)
    body: dict[str, Json] = {
        "phase": s.phase.name,
        "gates": [plain(judgement) for judgement in s.evidence.gates],
    }
    return advance("phase_passed", reasons or ("nothing is left to be shown",), body)


def _next_phase(s: Situation) -> Decision:
    for phase in s.plan.phases:
        if phase.name not in s.run.passed:
            return advance("phase_started", (f"{phase.title} begins",), {"phase": phase.name})
    reasons = (f"all {len(s.plan.phases)} phases have passed",)
    return Decision(verb=Verb.COMPLETE, rule="move_on", reasons=reasons, kind="completed", body={})


def _expose(s: Situation, phase: Phase, stage: int) -> Decision:
    names = [name for name in _to_expose(s, phase, stage) if not _withdrawn(s.run, name)]
    items: list[Json] = [_exposure(s, name, phase, stage) for name in names]
    body: dict[str, Json] = {"phase": phase.name, "stage": stage, "components": items}
    return advance("exposed", (f"{phase.title}: stage {stage + 1}",), body)


def _to_expose(s: Situation, phase: Phase, stage: int) -> tuple[str, ...]:
    if stage == s.run.stage:
        return waiting(s)
    return tuple(component.name for component in phase.components)


def _exposure(s: Situation, name: str, phase: Phase, stage: int) -> dict[str, Json]:
    before = s.run.trials.get(name)
    of_phase = name in {component.name for component in phase.components}
    home = phase if of_phase or before is None else s.plan.phase(before.phase)
    component = home.component(name)
    at = component.stage(stage if of_phase else home.stage_count - 1)
    return {
        "component": name,
        "phase": home.name,
        "flag": component.flag,
        "exposure": at.exposure,
        "mode": at.mode.value,
        "attempt": before.attempt if before and before.phase == home.name else 1,
    }


def _withdrawn(run: Run, name: str) -> bool:
    trial = run.trials.get(name)
    return trial is not None and trial.state is TrialState.WITHDRAWN
