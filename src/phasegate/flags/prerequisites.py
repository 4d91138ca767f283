"""What flags require of each other: unknown ones and cycles are refused, the rest is a graph."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from graphlib import CycleError, TopologicalSorter

from phasegate.flags.problem import Problem

Requires = Mapping[str, tuple[str, ...]]
"""By flag, the flags that must be on for it to be on."""


def refused(requires: Requires, known: Set[str]) -> dict[str, Problem]:
    """Return, by flag, why its prerequisites refuse it: one is unknown, or they lead back to it."""
    found = {
        key: _unknown(key, name)
        for key, wanted in requires.items()
        for name in wanted
        if name not in known
    }
    left = {key: wanted for key, wanted in requires.items()}
    while (cycle := a_cycle(left)) is not None:
        text = f"these require each other: {' → '.join(cycle)}; take one out"
        for key in set(cycle):
            found[key] = Problem(path=f"flags.{key}.requires", code="prerequisite-cycle", text=text)
            left.pop(key)
    return found


def a_cycle(requires: Requires) -> list[str] | None:
    """Return flags that lead back to the first of them, or None if no flags do."""
    try:
        TopologicalSorter(requires).prepare()
    except CycleError as error:
        found: list[str] = error.args[1]
        return found[::-1]
    return None


def dependents(requires: Requires, keys: Iterable[str]) -> frozenset[str]:
    """Return every flag that needs one of these, directly or through others."""
    needed, found = set(keys), set[str]()
    while needed:
        needed = {
            key
            for key, wanted in requires.items()
            if key not in found and not needed.isdisjoint(wanted)
        }
        found |= needed
    return frozenset(found)


def _unknown(key: str, name: str) -> Problem:
    text = f"{name!r} is no flag of this flag set, so {key!r} could never be on"
    return Problem(path=f"flags.{key}.requires", code="unknown-prerequisite", text=text)
