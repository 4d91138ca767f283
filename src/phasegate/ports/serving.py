"""What one server serves to its applications."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from phasegate.flags.document import FlagState
from phasegate.flags.journal import Journal
from phasegate.ports.publisher import Reach


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """An environment's flags as runs want them, and the journal of what people did by hand.

    version counts the writes of runs and the changes of people, so that it only grows.
    count   names that count: another store has another one.
    """

    version: int
    states: tuple[FlagState, ...]
    journal: Journal
    count: str = ""


class Serving(Protocol):
    """What one server serves: flags as the store has them, less what is held back."""

    def wanted(self, environment: str) -> Wanted:
        """Read what is to be served. Raises Unavailable."""

    def serve(self, environment: str, wanted: Wanted) -> None:
        """Serve what was read; nothing happens where it, or something newer, is served already."""

    def reach(self, environment: str) -> Reach:
        """Say how far flags have come from this server, in the store's versions."""
