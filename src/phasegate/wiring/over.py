"""Which runs are over, each read once."""

from __future__ import annotations

from contextlib import suppress

from phasegate.flags.journal import log_of
from phasegate.ports import Store
from phasegate.service import load


class Over:
    """Knows the runs that have ended; one that cannot be read is not known to have."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: set[str] = set()

    def runs(self) -> set[str]:
        """Return the runs that are over. Raises Unavailable."""
        for log in self._store.logs():
            if log not in self._known and not log.startswith(log_of("")):
                with suppress(ValueError):
                    run = load(self._store, log)
                    self._known |= {log} if run.ended and not run.rollbacks else set()
        return self._known
