"""A run whose plan this version cannot read: what was taken back is brought about, and no more.

Nobody can judge such a run, so nothing of it is watched and its lease is not renewed. Its log is
readable all the same, and says what must not be served.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from phasegate.core.run import Run
from phasegate.flags.document import FlagState
from phasegate.flags.wanted import wanted_flags


def no_more(run: Run, present: Iterable[FlagState]) -> tuple[FlagState, ...]:
    """Return what a run wants of its flags, with no more exposure than there is at present.

    What has ended is wanted as the log has it: nothing is on trial any more.
    """
    if run.ended is not None:
        return wanted_flags(run)
    known = {state.key: state for state in present}
    return tuple(_at_most(state, known.get(state.key)) for state in wanted_flags(run))


def _at_most(wanted: FlagState, present: FlagState | None) -> FlagState:
    if present is None:
        return replace(wanted, exposure=0)
    if wanted.exposure == 0:
        return wanted
    # Shadow and live are not comparable: whoever has the one must not be given the other.
    return replace(wanted, mode=present.mode, exposure=min(wanted.exposure, present.exposure))
