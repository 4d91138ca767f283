"""What reads the world before and after a phase."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, kw_only=True)
class Exercise:
    """What a check saw, before it is put on record as a Finding."""

    passed: bool | None
    exercised: int
    bad: int = 0
    seen: str
    remedy: str = ""


class Check(Protocol):
    """Reads the world and changes nothing."""

    def exercise(self, options: Mapping[str, str], deadline_s: float) -> Exercise:
        """Carry the check out. passed=None: it could not do its job. Raises Unavailable."""
