"""The flags a run wants served."""

from __future__ import annotations

from phasegate.core.run import Run, Status
from phasegate.flags.document import FlagState


def wanted_flags(run: Run) -> tuple[FlagState, ...]:
    """Return the state of every flag that the run has touched, as its log wants it.

    Exposure is leased (`on_trial`) until the run has completed. What has none is on trial no more.
    """
    return tuple(
        FlagState(
            key=trial.flag,
            exposure=trial.exposure,
            mode=trial.mode,
            on_trial=run.ended is not Status.COMPLETED and trial.exposure > 0,
        )
        for trial in run.trials.values()
    )
