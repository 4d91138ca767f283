"""All that is known of a run at one moment, as `decide` is given it: live, and when replayed."""

from __future__ import annotations

from datetime import datetime

from phasegate.core.decide import Evidence
from phasegate.core.evidence import Finding, Judgement
from phasegate.core.judge import fold as judge
from phasegate.core.run import Run, TrialState
from phasegate.engine.memory import Memory
from phasegate.ports import Store


def findings_of(store: Store, run: Run) -> tuple[Finding, ...]:
    """Return the findings of the phase under way, of its present attempt, oldest first."""
    if run.phase is None:
        return ()
    found = store.findings(run.id, run.phase)
    return tuple(finding for finding in found if finding.attempt == run.phase_attempt)


def evidence_of(
    memory: Memory, findings: tuple[Finding, ...], watching_since: datetime, now: datetime
) -> Evidence:
    """Sum up what was seen of a run."""
    return Evidence(
        guards=_guards(memory, now),
        gates=_gates(memory, findings, now),
        findings=findings,
        watching_since=watching_since,
    )


def _guards(memory: Memory, now: datetime) -> tuple[Judgement, ...]:
    found: list[Judgement] = []
    for phase, components in exposed_by_phase(memory.run).items():
        found += judge.judge_guards(memory.plan, memory.ledger, phase, components, now)
    for phase, components in _by_phase(memory.run, TrialState.WAITING).items():
        judged = judge.judge_guards(memory.plan, memory.ledger, phase, components, now)
        # Of one that waits to be tried again nothing can be judged, but harm is harm.
        found += [j for j in judged if j.method == "sentinel" and j.component in components]
    return tuple(found)


def _gates(memory: Memory, findings: tuple[Finding, ...], now: datetime) -> tuple[Judgement, ...]:
    phase = memory.run.phase
    if phase is None:
        return ()
    components = exposed_by_phase(memory.run).get(phase, {})
    return judge.judge_gates(memory.plan, memory.ledger, phase, components, findings, now)


def exposed_by_phase(run: Run) -> dict[str, dict[str, int]]:
    """Return the attempt of every exposed component, by phase and component."""
    return _by_phase(run, TrialState.EXPOSED)


def _by_phase(run: Run, state: TrialState) -> dict[str, dict[str, int]]:
    phases: dict[str, dict[str, int]] = {}
    for trial in run.trials.values():
        if trial.state is state:
            phases.setdefault(trial.phase, {})[trial.component] = trial.attempt
    return phases
