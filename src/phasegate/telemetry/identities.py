"""Subjects as keyed hashes: the same person is the same number, and no number is a person."""

from __future__ import annotations

from hashlib import blake2b

MOST_REMEMBERED = 50_000


class Identities:
    """Hashes targeting keys, remembering the latest, since one person comes several times."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._known: dict[str, int] = {}

    def of(self, subject: str | None) -> int | None:
        """Return the subject's number; None for nobody in particular."""
        if subject is None:
            return None
        known = self._known.get(subject)
        return self._hashed(subject) if known is None else known

    def _hashed(self, subject: str) -> int:
        encoded = subject.encode("utf-8", "surrogatepass")
        number = int.from_bytes(blake2b(encoded, digest_size=8, key=self._key).digest(), "big")
        if len(self._known) >= MOST_REMEMBERED:
            self._known.clear()
        self._known[subject] = number
        return number
