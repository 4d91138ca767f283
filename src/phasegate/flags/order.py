"""Which of two documents is the newer one: each says whose count of changes it is from, and where.

Versions alone do not tell: servers count up for themselves what they hold back, and a store that
is not the one of before counts anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

KEY = "documentOrder"
"""Where the flag set's metadata has it. It is about the document, and no part of an evaluation."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """A document's place. count: whose; number: how many changes of the environment it has."""

    count: str
    number: int

    @property
    def text(self) -> str:
        """How metadata has it."""
        return f"{self.count}:{self.number}"

    def before(self, other: Order | None) -> bool:
        """Say whether a document of this place is older than one of another.

        Of another count nobody can tell, and what came last is taken.
        """
        return other is not None and self.count == other.count and self.number < other.number


def count_of(secret: bytes, environment: str) -> str:
    """Name a store's count of an environment's changes; secret: the store's own."""
    return hashlib.sha256(secret + b"\n" + environment.encode()).hexdigest()[:16]


def order_of(document: Mapping[str, object]) -> Order | None:
    """Return a document's place; None where it does not say one that can be read."""
    metadata = document.get("metadata")
    said = metadata.get(KEY) if isinstance(metadata, Mapping) else None
    count, colon, number = str(said or "").rpartition(":")
    if not (colon and count and number.isascii() and number.isdigit() and len(number) < 20):
        return None
    return Order(count=count, number=int(number))
