"""What this server looks for in telemetry, and what it knew of it before a restart."""

from __future__ import annotations

from phasegate.core.watch import Watch
from phasegate.ports import Store
from phasegate.telemetry.tallying import Tallier


class Lookout:
    """Tells telemetry what to look for, and whom the store knows as seen already."""

    def __init__(self, store: Store, tallier: Tallier) -> None:
        self._store = store
        self._tallier = tallier
        self._recalled: dict[tuple[str, str], set[str]] = {}

    def watch(self, watches: list[Watch]) -> None:
        """Look for this from now on. Raises Unavailable."""
        self._tallier.watch(watches)
        looked_for: dict[tuple[str, str], set[str]] = {}
        for watch in watches:
            names = {series.name for series in watch.series}
            looked_for.setdefault((watch.run, watch.phase), set()).update(names)
        for key, names in looked_for.items():
            if new := names - self._recalled.get(key, set()):
                # Once for each series: a recall counts, it does not replace.
                seen = self._store.sightings(*key)
                self._tallier.recall([one for one in seen if one.series in new])
        self._recalled = looked_for
