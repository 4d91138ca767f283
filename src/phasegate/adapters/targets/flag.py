"""Exposure as flags: written to the store, published to applications, read back as they read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Lock
from typing import Any  # a flag document is JSON

from phasegate.flags.document import FlagState, document
from phasegate.flags.journal import Journal, log_of, read
from phasegate.ports import Fence, Publisher, Store

ReadBack = Callable[[str], dict[str, Any]]
"""Fetches an environment's document the way applications do. Raises Unavailable."""


class FlagTarget:
    """Brings an environment's flags to what runs and people want of them."""

    def __init__(self, store: Store, publisher: Publisher, read_back: ReadBack) -> None:
        self._store = store
        self._publisher = publisher
        self._read_back = read_back
        self._journals: dict[str, Journal] = {}
        self._published: dict[str, int] = {}
        # Reading and publishing are one act. Apart, a kill and a rollback in two threads could
        # each publish without the other under the same version, and one of them would be lost.
        self._one_at_a_time = Lock()

    def bring(self, environment: str, states: Sequence[FlagState], fence: Fence) -> None:
        """Write the run's flags behind its fence and publish. Raises Unavailable, Conflict."""
        self._store.put_flag_states(environment, states, fence)
        self.publish(environment)

    def publish(self, environment: str) -> None:
        """Serve what the store says now; nothing happens where it is served already."""
        with self._one_at_a_time:
            version, content = self.document(environment)
            if self._published.get(environment) != version:
                self._publisher.publish(environment, version, content)
                self._published[environment] = version

    def document(self, environment: str) -> tuple[int, dict[str, Any]]:
        """Return (version, flagd document) of an environment.

        The version counts the writes of runs and the changes of people, so that it only grows.
        """
        version, states = self._store.flag_states(environment)
        journal = self._journal(environment)
        version += journal.number
        return version, document(environment, version, journal.overlay(states))

    def unconfirmed(self, environment: str, states: Sequence[FlagState]) -> tuple[str, ...]:
        """Say what is not yet in force: flags served otherwise, applications that lag behind."""
        version, _ = self.document(environment)
        served = self._read_back(environment)
        flags = served.get("flags", {})
        unkilled = document(environment, version, states)["flags"]
        missing = [
            f"flag {key} is {'killed by hand' if _is_killed(flag) else 'not served as wanted'}"
            for key in unkilled
            if _rollout(flag := flags.get(key)) != _rollout(unkilled[key])
        ]
        acks = self._publisher.acknowledged(environment, version)
        missing += [f"application {name} has not confirmed" for name in acks.behind]
        missing += [f"application {name} was lost and may still serve" for name in acks.unreached]
        return tuple(missing)

    def _journal(self, environment: str) -> Journal:
        before = self._journals.get(environment, Journal())
        journal = read(self._store.events(log_of(environment), before.number), before)
        self._journals[environment] = journal
        return journal


def _rollout(flag: object) -> object:
    """Return what of a flag decides who gets what: all but what is told about it."""
    return {k: v for k, v in flag.items() if k != "metadata"} if isinstance(flag, dict) else None


def _is_killed(flag: object) -> bool:
    return isinstance(flag, dict) and bool(flag.get("metadata", {}).get("killed"))
