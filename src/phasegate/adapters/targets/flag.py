"""Exposure as flags: written to the store, published to applications, read back as they read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any  # a flag document is JSON

from phasegate.adapters.targets import elsewhere
from phasegate.core.event import ENGINE, chain
from phasegate.flags.document import FlagState, document
from phasegate.flags.journal import Journal, log_of, read
from phasegate.flags.order import Order, count_of
from phasegate.flags.rendering import rendered
from phasegate.ports import Fence, Publisher, Reach, Store, Wanted

ReadBack = Callable[[str], dict[str, Any]]
"""Fetches an environment's document the way applications do. Raises Unavailable."""

States = tuple[FlagState, ...]


@dataclass(frozen=True, kw_only=True)
class _Served:
    """What an environment is served here.

    wanted     as the store has it.
    published  the version that applications of this server are told, which is further once
               something was held back, since they must hear of that as well.
    shown      what runs want of flags, as it is served.
    """

    wanted: Wanted
    published: int
    shown: States


class FlagTarget:
    """Brings an environment's flags to what runs and people want of them."""

    def __init__(
        self, store: Store, publisher: Publisher, read_back: ReadBack, server: str = ""
    ) -> None:
        """server: the name under which this server reports to the store."""
        self._store = store
        self._publisher = publisher
        self._read_back = read_back
        self._server = server
        self._journals: dict[str, Journal] = {}
        self._secret: bytes | None = None
        # Reading and publishing are one act. Apart, a kill and a rollback in two threads could
        # each publish without the other under the same version, and one of them would be lost.
        self._one_at_a_time = Lock()
        # What is served may be held back while a reader waits for a store that hangs.
        self._serving = Lock()
        self._served: dict[str, _Served] = {}
        self._held: dict[str, frozenset[str]] = {}

    def bring(self, environment: str, states: Sequence[FlagState], fence: Fence) -> None:
        """Write the run's flags behind its fence and publish. Raises Unavailable, Conflict."""
        self._take(environment, {state.key for state in states}, fence)
        self._store.put_flag_states(environment, states, fence)
        self.publish(environment)

    def publish(self, environment: str) -> None:
        """Serve what the store says now; nothing happens where it is served already."""
        with self._one_at_a_time:
            before = self._served.get(environment)
            wanted = self.wanted(environment)
            with self._serving:
                served = self._served.get(environment)
                # While this was read, something newer may have been served: a rollback, say.
                if served is before or not served or served.wanted.version <= wanted.version:
                    self._serve(environment, wanted)

    def wanted(self, environment: str) -> Wanted:
        """Read what is to be served. Raises Unavailable."""
        # People's changes first: whoever has a version then has all that was put before it.
        journal = self._journal(environment)
        version, states = self._store.flag_states(environment)
        return Wanted(
            version=version + journal.number,
            states=tuple(states),
            journal=journal,
            count=self._count(environment),
        )

    def serve(self, environment: str, wanted: Wanted) -> None:
        """Serve what was read; nothing happens where it, or something newer, is served already."""
        with self._serving:
            served = self._served.get(environment)
            if served is None or served.wanted.version < wanted.version:
                self._serve(environment, wanted)

    def hold_back(self, environment: str, flags: frozenset[str]) -> None:
        """Serve these flags' safe variants from now on, whatever the store says, and no others'.

        Needs no store. Empty: nothing is held back any more.
        """
        with self._serving:
            self._held[environment] = flags
            served = self._served.get(environment)
            if served is not None:
                self._serve(environment, served.wanted)

    def held_back(self, environment: str) -> frozenset[str]:
        """Return the flags that are held back."""
        return self._held.get(environment, frozenset())

    def document(self, environment: str) -> tuple[int, dict[str, Any]]:
        """Return (version, flagd document) of an environment.

        The version counts the writes of runs and the changes of people, so that it only grows.
        """
        wanted = self.wanted(environment)
        shown = _less(wanted.states, self.held_back(environment))
        order = _order(wanted)
        return wanted.version, rendered(environment, wanted.version, shown, wanted.journal, order)

    def reach(self, environment: str) -> Reach:
        """Say how far flags have come from this server, in the store's versions."""
        reach = self._publisher.reach(environment)
        ahead = self._ahead(environment)
        return replace(
            reach,
            version=reach.version - ahead,
            streams=_behind(reach.streams, ahead),
            lost=_behind(reach.lost, ahead),
        )

    def unconfirmed(self, environment: str, states: Sequence[FlagState]) -> tuple[str, ...]:
        """Say what is not yet in force: flags served otherwise, applications that lag behind.

        Applications of all servers count, as far as those have told the store of them.
        """
        version, _ = self.document(environment)
        served = self._read_back(environment)
        flags = served.get("flags", {})
        unkilled = document(environment, version, states)["flags"]
        missing = [
            f"flag {key} {why}" for key in unkilled if (why := _why_not(flags, key, unkilled[key]))
        ]
        reports = [each for each in self._store.reports(environment) if each.server != self._server]
        acks = self._publisher.acknowledged(environment, version + self._ahead(environment))
        missing += [f"application {name} has not confirmed" for name in acks.behind]
        there = elsewhere.connected(reports)
        unreached = [name for name in acks.unreached if name not in there]
        missing += [f"application {name} was lost and may still serve" for name in unreached]
        here = self._publisher.reach(environment).streams
        return (*missing, *elsewhere.unconfirmed(reports, version, here))

    def _serve(self, environment: str, wanted: Wanted) -> None:
        """Publish, under a version that grows with every change; `_serving` is held."""
        version, shown = wanted.version, _less(wanted.states, self.held_back(environment))
        before = self._served.get(environment)
        if before and (before.wanted.version, before.shown) == (version, shown):
            return
        published = version
        if before:
            ahead = before.published - before.wanted.version
            published = max(version + ahead, before.published + 1)
        whole = rendered(environment, published, shown, wanted.journal, _order(wanted))
        self._publisher.publish(environment, published, whole)
        self._served[environment] = _Served(wanted=wanted, published=published, shown=shown)

    def _take(self, environment: str, keys: set[str], fence: Fence) -> None:
        """Put on record that a run has flags again which people had set after an earlier one."""
        journal = self._journal(environment)
        number, head = journal.number, journal.head
        for key in sorted(keys & journal.records.keys()):
            if journal.records[key].over in ("", fence.log):
                continue
            event = chain(
                log=log_of(environment),
                number=number + 1,
                at=self._store.events(fence.log, fence.number - 1)[0].at,
                kind="flag_taken",
                actor=ENGINE,
                body={"flag": key, "run": fence.log, "reason": f"run {fence.log} has it now"},
                previous=head,
            )
            self._store.append(event)
            number, head = event.number, event.hash

    def _ahead(self, environment: str) -> int:
        served = self._served.get(environment)
        return served.published - served.wanted.version if served else 0

    def _count(self, environment: str) -> str:
        if self._secret is None:
            self._secret = self._store.secret("flags")
        return count_of(self._secret, environment)

    def _journal(self, environment: str) -> Journal:
        before = self._journals.get(environment, Journal())
        journal = read(self._store.events(log_of(environment), before.number), before)
        self._journals[environment] = journal
        return journal


def _order(wanted: Wanted) -> Order:
    """Return the place of what is wanted: by the store's version, whatever was held back here."""
    return Order(count=wanted.count, number=wanted.version)


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


def _less(states: States, held: frozenset[str]) -> States:
    return tuple(replace(each, exposure=0) if each.key in held else each for each in states)


def _behind(versions: Mapping[str, int], ahead: int) -> dict[str, int]:
    return {name: version - ahead for name, version in versions.items()}


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
