"""How `fractional` is written as Python source: a hash, a bucket, and the part it falls under."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Protocol

from phasegate.flags.bucketing import MOST_WEIGHT, Hashing, whole_weight
from phasegate.flags.cbor import pair_prefix
from phasegate.flags.problem import BrokenFlag

Leaf = Callable[[object], str]
Entry = tuple[object, object]
"""Variant and weight of one part of a `fractional`."""


class Host(Protocol):
    """The rule writer that a fractional is part of."""

    @property
    def key(self) -> str:
        """The flag's key."""

    @property
    def sees_element(self) -> bool:
        """Whether the rule sees an element of a list and no subject."""

    def value(self, rule: object, step: str = "") -> str:
        """Return the source of a rule's value. step: where it stands in the rule around it."""

    def constant(self, value: Hashable) -> str:
        """Return the name by which the source knows a value."""

    def returns(self, rule: object, leaf: Leaf, step: str = "") -> list[str]:
        """Return statements that return what a rule comes to. step: where it stands."""

    def note(self, code: str, text: str) -> None:
        """Put on record what is wrong and yet borne."""

    def broken(self, code: str, text: str) -> BrokenFlag:
        """Build the exception that refuses the flag."""


class FractionalWriter:
    """Writes every `fractional` of one flag, by the hashing that its flag set records."""

    def __init__(self, host: Host, hashing: object) -> None:
        """hashing: what the metadata says; what is unknown refuses the flag where it matters."""
        self._host = host
        self._hashing = hashing

    def lines(self, operands: list[object], leaf: Leaf) -> list[str]:
        """Return statements that return the part a subject falls under; null is what fails."""
        nothing = [f"return {leaf(None)}"]
        by_flag = bool(operands) and isinstance(operands[0], list)
        entries = _entries(operands if by_flag else operands[1:])
        if not entries:
            self._host.note("fractional-shape", "fractional takes [variant, weight] parts")
            return nothing
        if by_flag and self._host.sees_element:
            text = (
                "an element of a list has no targetingKey: name what is bucketed as first operand"
            )
            self._host.note("fractional-no-subject", text)
            return nothing
        lines = self._by_flag(nothing) if by_flag else self._by_value(operands[0], nothing)
        first = 0 if by_flag else 1
        if any(isinstance(weight, dict) for _, weight in entries):
            return lines + self._computed(entries, first, leaf)
        return lines + self._fixed(entries, first, leaf)

    def _by_flag(self, nothing: list[str]) -> list[str]:
        guard = ["if not (isinstance(key, str) and key):", f"    {nothing[0]}"]
        if self._version is Hashing.V2:
            prefix = self._host.constant(self._host.key)
            return [*guard, f"hashed = hash32(({prefix} + key).encode())"]
        prefix = self._host.constant(pair_prefix(self._host.key))
        return [*guard, f"hashed = hash32({prefix} + cbor_text(key))"]

    def _by_value(self, rule: object, nothing: list[str]) -> list[str]:
        lines = [f"subject = {self._host.value(rule, '.fractional[0]')}"]
        if self._version is Hashing.V2:
            test, raw = "not (isinstance(subject, str) and subject)", "subject.encode()"
        else:
            test, raw = "subject is None or isinstance(subject, list)", "cbor(subject)"
        return [*lines, f"if {test}:", f"    {nothing[0]}", f"hashed = hash32({raw})"]

    @property
    def _version(self) -> Hashing:
        try:
            return Hashing(str(self._hashing))
        except ValueError as error:
            known = " and ".join(Hashing)
            text = f"buckets are hashed by {self._hashing!r}; known here are {known}"
            raise self._host.broken("unknown-hashing", text) from error

    def _fixed(self, entries: list[Entry], first: int, leaf: Leaf) -> list[str]:
        weights = [whole_weight(weight) for _, weight in entries]
        known = [weight for weight in weights if weight is not None]
        total = sum(known)
        if len(known) < len(weights) or not 0 < total <= MOST_WEIGHT:
            text = "weights of fractional are whole numbers and add up to 1 at least"
            self._host.note("fractional-weights", text)
            return [f"return {leaf(None)}"]
        if any(isinstance(weight, int | float) and weight < 0 for _, weight in entries):
            self._host.note("fractional-weights", "a weight below 0 counts as 0")
        lines, end = [f"fallen = hashed * {self._host.constant(total)} >> 32"], 0
        for index, ((variant, _), weight) in enumerate(zip(entries, known, strict=True), first):
            end += weight
            if not weight:
                continue
            returned = self._host.returns(variant, leaf, f".fractional[{index}][0]")
            if end < total:
                lines.append(f"if fallen < {self._host.constant(end)}:")
                returned = [f"    {line}" for line in returned]
            lines += returned
        return lines

    def _computed(self, entries: list[Entry], first: int, leaf: Leaf) -> list[str]:
        steps = [f".fractional[{index}]" for index in range(first, first + len(entries))]
        weights = "".join(
            f"{self._host.value(weight, f'{step}[1]')}, "
            for step, (_, weight) in zip(steps, entries, strict=True)
        )
        lines = [f"fallen = slot(hashed, ({weights}))"]
        for index, (step, (variant, _)) in enumerate(zip(steps, entries, strict=True)):
            lines.append(f"if fallen == {index}:")
            lines += [f"    {line}" for line in self._host.returns(variant, leaf, f"{step}[0]")]
        return [*lines, f"return {leaf(None)}"]


def _entries(parts: list[object]) -> list[Entry] | None:
    entries: list[Entry] = []
    for part in parts:
        if not isinstance(part, list) or not 1 <= len(part) <= 2:
            return None
        entries.append((part[0], part[1] if len(part) == 2 else 1))
    return entries
