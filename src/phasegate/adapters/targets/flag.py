"""Exposure as flags: written to the store, published to applications, read back as they read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from threading import Lock
from typing import Any  # a flag document is JSON

from phasegate.flags.document import FlagState, document
from phasegate.flags.journal import Journal, log_of, read
from phasegate.flags.rendering import rendered
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
        return version, rendered(environment, version, states, journal)

    def unconfirmed(self, environment: str, states: Sequence[FlagState]) -> tuple[str, ...]:
        """Say what is not yet in force: flags served otherwise, applications that lag behind."""
        version, _ = self.document(environment)
        served = self._read_back(environment)
        flags = served.get("flags", {})
        unkilled = document(environment, version, states)["flags"]
        missing = [
            f"flag {key} {why}" for key in unkilled if (why := _why_not(flags, key, unkilled[key]))
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


def _why_not(served: Mapping[str, Any], key: str, wanted: Mapping[str, Any]) -> str:
    """Say why a flag is not what a run wants of it; empty where it is."""
    flag = served.get(key)
    marks = flag.get("metadata", {}) if isinstance(flag, dict) else {}
    if _rollout(flag) != _rollout(wanted):
        by_hand = [word for word in ("killed", "archived") if marks.get(word)]
        return f"is {by_hand[0]} by hand" if by_hand else "is not served as wanted"
    if _is_dead(wanted) or not isinstance(flag, dict):
        return ""
    dead = [name for name in flag.get("requires", []) if _is_dead(served.get(name))]
    return f"requires {dead[0]}, which is off for everyone" if dead else ""


def _rollout(flag: object) -> object:
    """Return what of a flag decides who gets what: all but what is told about it."""
    told = ("metadata", "requires")
    return {k: v for k, v in flag.items() if k not in told} if isinstance(flag, dict) else None


def _is_dead(flag: object) -> bool:
    """Say whether a flag is on for nobody."""
    if not isinstance(flag, Mapping) or flag.get("state") != "ENABLED":
        return True
    default = flag.get("variants", {}).get(flag.get("defaultVariant"))
    return not flag.get("targeting") and default is not True
