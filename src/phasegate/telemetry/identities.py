"""Subjects as keyed hashes: the same person is the same number, and no number is a person."""

from __future__ import annotations

from hashlib import blake2b

MOST_REMEMBERED = 100_000
"""Subjects whose numbers are remembered, the latest half of them for certain."""


class Identities:
    """Hashes targeting keys, remembering the latest, since one person comes several times."""

    def __init__(self, key: bytes) -> None:
        self._keyed = blake2b(digest_size=8, key=key)
        self._young: dict[str, int] = {}
        self._old: dict[str, int] = {}

    def of(self, subject: str | None) -> int | None:
        """Return the subject's number; None for nobody in particular."""
        if subject is None:
            return None
        known = self._young.get(subject)
        return self._not_young(subject) if known is None else known

    def _not_young(self, subject: str) -> int:
        known = self._old.get(subject)
        if known is None:
            # Copied, since making a keyed hash anew takes longer than hashing.
            hashed = self._keyed.copy()
            hashed.update(subject.encode("utf-8", "surrogatepass"))
            known = int.from_bytes(hashed.digest(), "big")
        if len(self._young) >= MOST_REMEMBERED // 2:
            self._old, self._young = self._young, {}
        self._young[subject] = known
        return known
