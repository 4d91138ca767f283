"""Why sources last left metrics of a run unseen, for whoever asks why it holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock


@dataclass(frozen=True, kw_only=True)
class Unseen:
    """One metric that a source did not tell, and its words."""

    metric: str
    at: datetime
    why: str


class Silences:
    """Keeps the last silence of each metric until it is read again; this server's own alone."""

    def __init__(self) -> None:
        """Nothing was silent yet."""
        self._lock = Lock()
        self._last: dict[str, dict[tuple[str, str], Unseen]] = {}

    def tell(self, run: str, metric: str, part: str, why: str, at: datetime) -> None:
        """Put down that a part of a metric, like a component, was not told."""
        with self._lock:
            one = Unseen(metric=metric, at=at, why=why)
            self._last.setdefault(run, {})[metric, part] = one

    def heard(self, run: str, metric: str, part: str) -> None:
        """Forget it, since it was told."""
        with self._lock:
            self._last.get(run, {}).pop((metric, part), None)

    def since(self, run: str, now: datetime, within: timedelta) -> tuple[Unseen, ...]:
        """Return the latest silences of a run, each in one line; older ones are nobody's news."""
        with self._lock:
            found = list(self._last.get(run, {}).values())
        latest = {(one.metric, one.why): one for one in sorted(found, key=lambda one: one.at)}
        return tuple(one for one in latest.values() if now - one.at <= within)
