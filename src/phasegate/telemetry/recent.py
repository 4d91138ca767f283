"""The latest things by their keys, at most so many: cheaper than knowing the order of each."""

from __future__ import annotations

from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Recent(Generic[K, V]):
    """Keeps at least the last half of `limit` entries and never more than all of it."""

    def __init__(self, limit: int) -> None:
        self._half = max(1, limit // 2)
        self._young: dict[K, V] = {}
        self._old: dict[K, V] = {}

    def __setitem__(self, key: K, value: V) -> None:
        if len(self._young) >= self._half:
            self._old, self._young = self._young, {}
        self._young[key] = value

    def keep(self, key: K, value: V) -> V | None:
        """Keep the value unless there is one; return the one that is there already."""
        known = self._young.get(key)
        if known is None:
            known = self._old.get(key)
            if known is None:
                if len(self._young) >= self._half:
                    self._old, self._young = self._young, {}
                self._young[key] = value
        return known

    def get(self, key: K) -> V | None:
        """Return the entry; None where there is none any more."""
        found = self._young.get(key)
        return self._old.get(key) if found is None else found
