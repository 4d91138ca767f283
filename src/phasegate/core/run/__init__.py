"""Where a run is: a fold over its events, and nothing else."""

from phasegate.core.run.body import evidence_position
from phasegate.core.run.changes import CHANGES
from phasegate.core.run.fold import apply, replay, start
from phasegate.core.run.state import Rollback, Run, Signature, Status, Trial, TrialState, Waiver

__all__ = [
    "CHANGES",
    "Rollback",
    "Run",
    "Signature",
    "Status",
    "Trial",
    "TrialState",
    "Waiver",
    "apply",
    "evidence_position",
    "replay",
    "start",
]
