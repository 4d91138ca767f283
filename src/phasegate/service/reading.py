"""The runs there are, each folded from its log."""

from __future__ import annotations

from phasegate import planfile
from phasegate.core.plan import Plan
from phasegate.core.run import Run, replay
from phasegate.flags.journal import log_of
from phasegate.ports import Store


def load(store: Store, run_id: str) -> Run:
    """Fold a run from its log. Raises KeyError if there is no such run."""
    events = store.events(run_id)
    if not events or run_id.startswith(log_of("")):
        raise KeyError(run_id)
    return replay(events)


def runs(store: Store) -> list[Run]:
    """Return every run, oldest first."""
    return [load(store, name) for name in store.logs() if not name.startswith(log_of(""))]


def agreed(store: Store, run: Run) -> Plan | None:
    """Return the plan that a run follows; None where its text is gone or read differently."""
    try:
        plan = planfile.parse_unreviewed(*store.plan_text(run.plan_hash)).plan
    except KeyError:
        return None
    return plan if plan is not None and plan.hash == run.plan_hash else None
