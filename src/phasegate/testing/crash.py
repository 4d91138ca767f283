"""Crashes on purpose: before or after any single write of the engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any  # a wrapped call is passed on as it is

WRITES = frozenset({"append", "add_evidence", "add_finding", "put_flag_states", "publish", "beat"})
"""The calls by which the engine changes anything outside its own memory."""


class Crash(BaseException):
    """The process is gone. No handler may catch it."""


class Fuse:
    """Lets a number of half-steps happen, then crashes; every write has a half-step on each side.

    burnt  whether it has crashed. left: half-steps until it does.
    """

    def __init__(self, half_steps: int) -> None:
        """Crash when `half_steps` have been spent; a negative number never does."""
        self.left = half_steps
        self.burnt = False

    def spend(self) -> None:
        """Count one half-step; raises Crash when none is left."""
        if self.left == 0 and not self.burnt:
            self.burnt = True
            raise Crash
        self.left -= 1

    def around(self, thing: Any) -> Any:
        """Return a stand-in that passes every call on, with a half-step around each write."""
        return _Fused(thing, self)


class _Fused:
    def __init__(self, thing: Any, fuse: Fuse) -> None:
        self._thing = thing
        self._fuse = fuse

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._thing, name)
        return self._wrapped(value) if name in WRITES else value

    def _wrapped(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def fused(*args: Any, **kwargs: Any) -> Any:
            self._fuse.spend()
            result = call(*args, **kwargs)
            self._fuse.spend()
            return result

        return fused
