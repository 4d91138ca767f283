"""A run as JSON: what the command line, screens and scripts are shown."""

from __future__ import annotations

from datetime import datetime

from phasegate.core.canonical import plain
from phasegate.core.event import Event, Json
from phasegate.core.judge.spending import spending
from phasegate.core.plan import Phase
from phasegate.core.run import Run, Status
from phasegate.engine.reconciler import View


def summary(run: Run) -> dict[str, Json]:
    """One line about a run."""
    return {
        "run": run.id,
        "environment": run.environment,
        "status": run.status.value,
        "phase": run.phase,
        "passed": list(run.passed),
        "started_by": run.started_by,
        "started_at": run.started_at.isoformat(),
        "pace": run.pace,
        "plan_hash": run.plan_hash,
    }


def full(view: View) -> dict[str, Json]:
    """Everything that is known of a run now: phases, exposure, judgements, the latest decision."""
    run, unattended = view.run, view.plan.unattended
    return {
        **summary(run),
        "plan": view.plan.name,
        "at": view.at.isoformat(),
        "error_budget": view.plan.error_budget,
        "budget": _budget(view),
        "unattended_s": None if unattended is None else unattended.total_seconds(),
        "phases": [_phase(view, phase) for phase in view.plan.phases],
        "components": [plain(trial) for trial in run.trials.values()],
        "guards": [plain(judgement) for judgement in view.evidence.guards],
        "gates": [plain(judgement) for judgement in view.evidence.gates],
        "findings": [plain(finding) for finding in view.evidence.findings],
        "rollbacks": [plain(rollback) for rollback in run.rollbacks],
        "closed": dict(run.closed),
        "decision": {
            "verb": view.decision.verb.value,
            "rule": view.decision.rule,
            "reasons": list(view.decision.reasons),
        },
    }


def event(entry: Event) -> dict[str, Json]:
    """One event of a log, whole."""
    return {
        "log": entry.log,
        "number": entry.number,
        "at": entry.at.isoformat(),
        "kind": entry.kind,
        "actor": entry.actor,
        "body": dict(entry.body),
        "previous": entry.previous,
        "hash": entry.hash,
    }


def _phase(view: View, phase: Phase) -> dict[str, Json]:
    run = view.run
    state = "passed" if phase.name in run.passed else "waiting"
    if phase.name == run.phase:
        state = "rolled back" if run.status is Status.ROLLED_BACK else "under way"
    return {
        "phase": phase.name,
        "title": phase.title,
        "state": state,
        "stage": run.stage + 1 if phase.name == run.phase else None,
        "stages": phase.stage_count,
        "lasts_least_s": phase.lasts_least.total_seconds(),
        "lasts_most_s": phase.lasts_most.total_seconds(),
        "watched_s": _watched(run, view.at) if phase.name == run.phase else None,
        "sign_off": [plain(rule) for rule in phase.sign_off],
    }


def _budget(view: View) -> dict[str, Json]:
    found = spending(view.plan, view.run.begun)
    return {
        "total": found.total,
        "spent": found.spent,
        "left": found.left,
        "guards": [plain(line) for line in found.lines],
    }


def _watched(run: Run, now: datetime) -> float | None:
    return None if run.soaks_since is None else (now - run.soaks_since).total_seconds()
