"""Where exposure is set, and read back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from phasegate.flags.document import FlagState


@dataclass(frozen=True, kw_only=True)
class Fence:
    """Which event a write to the world follows from; a write behind a later one is refused."""

    log: str
    number: int


class Target(Protocol):
    """Something that exposure is set on and read back from."""

    def bring(self, environment: str, states: Sequence[FlagState], fence: Fence) -> None:
        """Make the target be as `states` say, however often. Raises Unavailable, Conflict."""

    def unconfirmed(self, environment: str, states: Sequence[FlagState]) -> tuple[str, ...]:
        """Read back as applications do; return what is not as `states` say, empty when all is."""
