"""A store on any SQL database: the port's methods as statements that all of them understand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from phasegate.adapters.stores.sql_backup import SqlBackup
from phasegate.adapters.stores.sql_evidence import SqlEvidence
from phasegate.adapters.stores.sql_log import SqlLog
from phasegate.adapters.stores.sql_servers import SqlServers
from phasegate.adapters.stores.sql_world import SqlWorld


class SqlStore(SqlLog, SqlEvidence, SqlWorld, SqlServers, SqlBackup):
    """Everything a store does."""

    def close(self) -> None:
        """Release all connections."""
        self._database.close()

    def clock(self) -> datetime | None:
        """Return the time of the database's own clock; None where it has none but ours."""
        return self._database.clock()

    def changes(self, changed: Callable[[], None]) -> None:
        """Call `changed` soon after another server wrote something."""
        self._database.changes(changed)
