"""A flag document for engines that know neither leases nor prerequisites: both become targeting.

An engine of another language keeps its last document when it loses the server, so what is on trial
must end there by itself: its rule holds until a time that the document names. And what requires
another flag asks that flag's rule first, for the same subject, and is off where it is not on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any  # a flag document is JSON by definition

from phasegate.flags.bucketing import HASHING, Hashing
from phasegate.flags.prerequisites import refused
from phasegate.flags.safe import LEASE, PREREQUISITE_OFF, safe_variant
from phasegate.flags.validate import Shape, problems_of, shape

NOW = {"var": "$flagd.timestamp"}

Rule = Any
"""A condition as JsonLogic; True and False where it is known beforehand."""


@dataclass(frozen=True, kw_only=True)
class Watched:
    """How long what is on trial is watched. until: Unix seconds; None: for ever; 0: no more."""

    until: int | None


def foreign_document(document: Mapping[str, Any], watched: Watched) -> dict[str, Any]:
    """Return the document with leases and prerequisites written into its rules.

    A condition that cannot be written for other engines counts as false: the flag is then safe.
    A flag that looks like none is left out, because some engines refuse all flags for one, and so
    is every part of a flag that flagd's schema does not have.
    """
    flags = document["flags"]
    shapes = {
        key: shape(flag)
        for key, flag in flags.items()
        if isinstance(flag, Mapping) and not any(problems_of(key, flag))
    }
    conditions = _Conditions(shapes, document, watched)
    written = {
        key: _written(_in_schema(flags[key]), own, conditions.of(key))
        for key, own in shapes.items()
    }
    return {**document, "flags": written}


class _Conditions:
    """What must hold for each flag, beyond its own rule."""

    def __init__(
        self, shapes: Mapping[str, Shape], document: Mapping[str, Any], watched: Watched
    ) -> None:
        self._shapes = shapes
        self._watched = watched
        self._evaluators = document.get("$evaluators", {})
        self._set_metadata = document.get("metadata") or {}
        requires = {key: own.requires for key, own in shapes.items() if own.requires}
        self._refused = refused(requires, document["flags"].keys())

    def of(self, key: str) -> list[tuple[Rule, dict[str, str]]]:
        """Return the conditions of a flag, each with the mark of a flag that it fails."""
        own = self._shapes[key]
        found: list[tuple[Rule, dict[str, str]]] = []
        if own.metadata.get("onTrial") is True:
            found.append((self._lease(), {LEASE: "expired"}))
        for name in own.requires:
            found.append((self._is_on(name, {key}), {PREREQUISITE_OFF: name}))
        return found

    def _lease(self) -> Rule:
        if self._watched.until is None:
            return True
        return {"<": [NOW, self._watched.until]} if self._watched.until else False

    def _is_on(self, key: str, above: set[str]) -> Rule:
        own = self._shapes.get(key)
        if own is None or not own.enabled or key in self._refused or key in above:
            return False
        rules = [self._is_on(name, above | {key}) for name in own.requires]
        if own.metadata.get("onTrial") is True:
            rules.append(self._lease())
        return _all([*rules, self._own(key, own)])

    def _own(self, key: str, own: Shape) -> Rule:
        on = [name for name, value in own.variants.items() if value is True]
        if own.targeting is None:
            return own.default in on
        hashing = {**self._set_metadata, **own.metadata}.get("hashing", HASHING)
        rule = _inlined(own.targeting, key, hashing, self._evaluators)
        # A rule that comes to nothing is written "" by cat, and means the default.
        named = [*on, ""] if own.default in on else on
        return False if rule is None or not on else {"in": [{"cat": [rule]}, named]}


def _in_schema(flag: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: part for name, part in flag.items() if name in _SCHEMA}


_SCHEMA = frozenset({"state", "variants", "defaultVariant", "targeting", "metadata"})


def _written(
    flag: Mapping[str, Any], own: Shape, conditions: list[tuple[Rule, dict[str, str]]]
) -> Mapping[str, Any]:
    safe = safe_variant(own)
    failed = next((mark for rule, mark in conditions if rule is False), None)
    if failed is not None:
        held = {**flag, "defaultVariant": safe, "metadata": {**own.metadata, **failed}}
        held.pop("targeting", None)
        return held
    rule = _all([rule for rule, _ in conditions])
    if rule is True:
        return flag
    return {**flag, "targeting": {"if": [rule, own.targeting or own.default, safe]}}


def _all(rules: list[Rule]) -> Rule:
    if any(rule is False for rule in rules):
        return False
    left = [rule for rule in rules if rule is not True]
    return ({"and": left} if len(left) > 1 else left[0]) if left else True


def _inlined(rule: Rule, key: str, hashing: object, evaluators: Mapping[str, Any]) -> Rule:
    """Return a flag's rule such that it says the same inside another flag; None: it cannot."""
    if isinstance(rule, list):
        items = [_inlined(item, key, hashing, evaluators) for item in rule]
        lost = any(new is None and old is not None for new, old in zip(items, rule, strict=True))
        return None if lost else items
    if not isinstance(rule, dict) or len(rule) != 1:
        return rule
    ((operator, operands),) = rule.items()
    if operator == "$ref":
        found = evaluators.get(operands) if isinstance(operands, str) else None
        nested = isinstance(found, dict) and "$ref" in found
        return None if found is None or nested else _inlined(found, key, hashing, {})
    if operator == "var" and operands in ("$flagd.flagKey", ["$flagd.flagKey"]):
        return key
    inner = _inlined(operands, key, hashing, evaluators)
    if inner is None and operands is not None:
        return None
    if operator == "fractional" and isinstance(inner, list) and isinstance(inner[0], list):
        return _by_key(inner, key, hashing)
    return {operator: inner}


def _by_key(entries: list[Any], key: str, hashing: object) -> Rule:
    """Write the shorthand out: only v2 hashes a text that a rule can put together."""
    if hashing != Hashing.V2:
        return None
    subject = {"cat": [key, {"var": "targetingKey"}]}
    return {"if": [{"var": "targetingKey"}, {"fractional": [subject, *entries]}, None]}
