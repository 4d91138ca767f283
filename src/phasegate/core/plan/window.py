"""When a run may go forward."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, kw_only=True)
class Window:
    """When a run may go forward: on these days, between two times of day, at one UTC offset.

    days          0 = Monday … 6 = Sunday.   opens, closes: minutes after midnight, opens < closes.
    offset        minutes ahead of UTC; a plan states it, so that no time zone table is needed.
    """

    days: tuple[int, ...]
    opens: int
    closes: int
    offset: int

    def holds(self, now: datetime) -> bool:
        """Say whether a moment is inside the window."""
        local = now.astimezone(timezone(timedelta(minutes=self.offset)))
        minute = local.hour * 60 + local.minute
        return local.weekday() in self.days and self.opens <= minute < self.closes
