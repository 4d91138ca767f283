"""A drill: a fault, what is promised of it, and the play that brings it about and measures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from phasegate.drills.processes import Broken
from phasegate.drills.stage import Figure, Stage
from phasegate.testing.postgres import Cluster


class Play(Protocol):
    """Brings the fault about on a stage; raises Broken where the promise does not hold."""

    def __call__(self, stage: Stage) -> Sequence[Figure]:
        """Return what was measured."""


@dataclass(frozen=True, kw_only=True)
class Drill:
    """One drill. on_postgres: False where the store is one SQLite file."""

    name: str
    fault: str
    promise: str
    play: Play
    on_postgres: bool = True


def carry_out(
    drill: Drill, cluster: Callable[[], Cluster], slack_s: float = 0.0
) -> Sequence[Figure]:
    """Play a drill on a stage of its own and return its figures. Raises Broken, NoPostgres.

    cluster   lends a PostgreSQL that may be crashed; asked only where the drill needs one.
    slack_s   how much longer than is promised anything may take, on a machine that is busy.
    """
    lent = cluster() if drill.on_postgres else None
    try:
        with Stage(lent) as stage:
            figures = drill.play(stage)
    finally:
        if lent is not None and not lent.runs:
            lent.start()  # a drill that broke leaves the next one what it needs
    late = [each for each in figures if _is_late(each, slack_s)]
    if late:
        told = "; ".join(f"{e.what}: {e.value:.2f} {e.unit}, at most {e.most:g}" for e in late)
        raise Broken(f"too late: {told}")
    return figures


def _is_late(figure: Figure, slack_s: float) -> bool:
    if figure.most is None:
        return False
    return figure.value > figure.most + (slack_s if figure.unit == "s" else 0.0)
