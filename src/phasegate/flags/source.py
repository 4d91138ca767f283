"""From a targeting rule to Python source that does the same, many times faster.

The source holds nothing of the document but `repr` of JSON constants: a rule decides which of our
own fixed names are written, never what they are.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping

from phasegate.flags.bucketing import HASHING, MOST_WEIGHT, whole_weight
from phasegate.flags.operations import OPERATIONS, Expression
from phasegate.flags.problem import BrokenFlag, Problem

DEEPEST = 42
"""Levels of JSON in a rule; Python's own parser gives up not far above."""

SAFE_INTEGER = 2**53 - 1
"""Largest whole number that every JSON reader keeps exactly."""

Leaf = Callable[[object], str]
"""Turns the rule that a branch ends in into the source of what is returned."""

Entry = tuple[object, object]
"""Variant and weight of one part of a `fractional`."""


class RuleWriter:
    """Writes the functions of one flag's rule.

    functions  sources of the functions that the rule's body calls.
    notes      what is wrong and yet borne, as flagd bears it.
    """

    def __init__(self, flag: str, evaluators: Mapping[str, object], hashing: object) -> None:
        """Write for the flag with this key in a document with these `$evaluators`."""
        self.functions: list[str] = []
        self.notes: list[Problem] = []
        self._flag = flag
        self._evaluators = evaluators
        self._hashing = hashing
        self._names = 0

    def body(self, rule: object, leaf: Leaf) -> list[str]:
        """Return statements that return what the rule comes to; every path returns.

        They use the names `key` (targeting key or None) and `attributes`. Raises BrokenFlag.
        """
        self._check_depth(rule)
        return self._returns(rule, leaf)

    def value(self, rule: object) -> str:
        """Return the source of a rule's value."""
        return self._expression(rule).source

    @property
    def flag(self) -> str:
        """The flag's key, as source."""
        return repr(self._flag)

    def expressions(self, operator: str, operands: list[object], *counts: int) -> list[Expression]:
        """Write the operands; the flag is broken unless there are so many of them."""
        if len(operands) not in counts:
            wanted = " or ".join(str(count) for count in counts) or "1 or more"
            text = f"{operator} takes {wanted} operands, not {len(operands)}"
            raise self._broken("rule-operands", text)
        return [self._expression(operand) for operand in operands]

    def temporary(self) -> str:
        """Return a name that nothing else in the flag's source has."""
        return self._name("seen")

    def note(self, code: str, text: str) -> None:
        """Put on record what is wrong and yet borne."""
        self.notes.append(self._problem(code, text))

    def _returns(self, rule: object, leaf: Leaf) -> list[str]:
        if isinstance(rule, dict) and rule:
            operator, operands = self._operation(rule)
            if operator == "if":
                return self._if(operands, leaf)
            if operator == "fractional":
                return self._fractional(operands, leaf)
        return [f"return {leaf(rule)}"]

    def _if(self, operands: list[object], leaf: Leaf) -> list[str]:
        lines: list[str] = []
        for condition, outcome in zip(operands[0:-1:2], operands[1::2], strict=False):
            lines.append(f"if {self._expression(condition).truth}:")
            lines += _indented(self._returns(outcome, leaf))
        otherwise = operands[-1] if len(operands) % 2 else None
        return lines + self._returns(otherwise, leaf)

    def _fractional(self, operands: list[object], leaf: Leaf) -> list[str]:
        if self._hashing != HASHING:
            text = f"buckets are hashed by {self._hashing!r}; only {HASHING!r} is known here"
            raise self._broken("unknown-hashing", text)
        by_flag = bool(operands) and isinstance(operands[0], list)
        entries = _entries(operands if by_flag else operands[1:])
        if not entries:
            self.note("fractional-shape", "fractional takes [variant, weight] parts")
            return [f"return {leaf(None)}"]
        lines = self._by_flag(leaf) if by_flag else self._by_value(operands[0], leaf)
        if any(isinstance(weight, dict) for _, weight in entries):
            return lines + self._computed_slots(entries, leaf)
        return lines + self._fixed_slots(entries, leaf)

    def _by_flag(self, leaf: Leaf) -> list[str]:
        return ["if not key:", *_indented([f"return {leaf(None)}"]), f"subject = {self.flag} + key"]

    def _by_value(self, rule: object, leaf: Leaf) -> list[str]:
        return [
            f"subject = {self.value(rule)}",
            "if not (isinstance(subject, str) and subject):",
            *_indented([f"return {leaf(None)}"]),
        ]

    def _fixed_slots(self, entries: list[Entry], leaf: Leaf) -> list[str]:
        weights = [whole_weight(weight) for _, weight in entries]
        known = [weight for weight in weights if weight is not None]
        total = sum(known)
        if len(known) < len(weights) or not 0 < total <= MOST_WEIGHT:
            self.note("fractional-weights", "weights of fractional are whole and add up above 0")
            return [f"return {leaf(None)}"]
        lines, end = [f"fallen = hash32(subject.encode()) * {total} >> 32"], 0
        for (variant, _), weight in zip(entries, known, strict=True):
            end += weight
            if weight and end < total:
                lines += [f"if fallen < {end}:", *_indented(self._returns(variant, leaf))]
            elif weight:
                lines += self._returns(variant, leaf)
        return lines

    def _computed_slots(self, entries: list[Entry], leaf: Leaf) -> list[str]:
        weights = "".join(f"{self.value(weight)}, " for _, weight in entries)
        lines = [f"fallen = slot(subject, ({weights}))"]
        for index, (variant, _) in enumerate(entries):
            lines += [f"if fallen == {index}:", *_indented(self._returns(variant, leaf))]
        return [*lines, f"return {leaf(None)}"]

    def _expression(self, rule: object) -> Expression:
        if isinstance(rule, list):
            return Expression(f"[{', '.join(self.value(item) for item in rule)}]")
        if not isinstance(rule, dict):
            return Expression(self._constant(rule), plain=not isinstance(rule, dict))
        if not rule:
            return Expression("{}")
        operator, operands = self._operation(rule)
        if operator in ("if", "fractional"):
            return self._part(rule)
        if operator not in OPERATIONS:
            known = ", ".join([*OPERATIONS, "if", "fractional"])
            text = f"{operator!r} is no operator that is known here; known are {known}"
            raise self._broken("unknown-operator", text)
        return OPERATIONS[operator](self, operands)

    def _part(self, rule: object) -> Expression:
        name = self._name("part")
        lines = _indented(self._returns(rule, self.value))
        self.functions.append("\n".join([f"def {name}(key, attributes):", *lines]))
        return Expression(f"{name}(key, attributes)")

    def _operation(self, rule: dict[str, object]) -> tuple[str, list[object]]:
        if len(rule) != 1:
            text = f"a rule has one operator, this has {len(rule)}: {', '.join(map(str, rule))}"
            raise self._broken("rule-shape", text)
        ((operator, operands),) = rule.items()
        if operator == "$ref":
            return self._operation(self._referred(operands))
        return operator, operands if isinstance(operands, list) else [operands]

    def _referred(self, name: object) -> dict[str, object]:
        rule = self._evaluators.get(name) if isinstance(name, str) else None
        if not isinstance(rule, dict) or not rule:
            known = ", ".join(self._evaluators) or "none"
            text = f"$ref {name!r} names no evaluator; known are {known}"
            raise self._broken("unknown-ref", text)
        if any("$ref" in node for level in _levels(rule) for node in level):
            text = f"evaluator {name!r} refers to another one; write that one out in it"
            raise self._broken("nested-ref", text)
        self._check_depth(rule)
        return rule

    def _constant(self, value: object) -> str:
        if value is None or type(value) in (bool, str):
            return repr(value)
        if type(value) is int and abs(value) <= SAFE_INTEGER:
            return repr(value)
        if type(value) is float and math.isfinite(value):
            return repr(value)
        raise self._broken("rule-constant", "a constant of the rule is not one that JSON can keep")

    def _check_depth(self, rule: object) -> None:
        for depth, _ in enumerate(_levels(rule), start=1):
            if depth > DEEPEST:
                raise self._broken("rule-too-deep", f"a rule has at most {DEEPEST} levels of JSON")

    def _name(self, kind: str) -> str:
        self._names += 1
        return f"{kind}{self._names}"

    def _broken(self, code: str, text: str) -> BrokenFlag:
        return BrokenFlag(self._problem(code, text))

    def _problem(self, code: str, text: str) -> Problem:
        return Problem(path=f"flags.{self._flag}.targeting", code=code, text=text)


def _entries(parts: list[object]) -> list[Entry] | None:
    entries: list[Entry] = []
    for part in parts:
        if not isinstance(part, list) or not 1 <= len(part) <= 2:
            return None
        entries.append((part[0], part[1] if len(part) == 2 else 1))
    return entries


def _levels(rule: object) -> Iterator[list[dict[str, object] | list[object]]]:
    """Yield the objects and lists of a rule, level by level."""
    level: list[object] = [rule]
    while nested := [node for node in level if isinstance(node, dict | list)]:
        yield nested
        level = [
            child
            for node in nested
            for child in (node.values() if isinstance(node, dict) else node)
        ]


def _indented(lines: list[str]) -> list[str]:
    return [f"    {line}" for line in lines]
