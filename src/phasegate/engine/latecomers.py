"""Sentinels that were counted for a trial which is over, because their server did not know it yet.

A server hears of a retry, or of a new phase, with its next round. What it has counted until then
for the trial before is news to whoever decided without it, and speaks against the present one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from phasegate.core.evidence import ENVIRONMENT, StoredTally, Tally
from phasegate.core.plan import MetricKind, Plan
from phasegate.core.run import Run, TrialState


def placed(plan: Plan, run: Run, rows: Iterable[StoredTally]) -> list[StoredTally]:
    """Return rows with each sentinel where it speaks, which depends on its arrival alone."""
    sentinels = {one.name for one in plan.metrics if one.kind is MetricKind.SENTINEL}
    return [
        replace(row, tally=_placed(run, row)) if row.tally.series in sentinels else row
        for row in rows
    ]


def _placed(run: Run, row: StoredTally) -> Tally:
    tally = row.tally
    if tally.component == ENVIRONMENT:
        # It is of the moment when it came: a server that was behind has clocked it too early.
        return replace(tally, bucket=max(tally.bucket, row.position.ripe_ms // 1000))
    trial = run.trials.get(tally.component)
    if trial is None or trial.begun is None or trial.state is TrialState.WITHDRAWN:
        return tally
    if row.position.ripe_ms < _milliseconds(trial.begun):
        return tally
    return replace(tally, phase=trial.phase, attempt=trial.attempt)


def _milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)
