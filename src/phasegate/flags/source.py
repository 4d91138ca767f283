"""From a targeting rule to Python source that does the same, many times faster.

The source holds nothing of the document: texts and numbers of a rule become parameters k0, k1 …
of the function that makes the flag's evaluator, so a rule decides which of our own fixed names are
written, never what they are. Rules of one shape have one source, which is compiled only once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterator, Mapping

from phasegate.flags.expression import Expression
from phasegate.flags.fractional import FractionalWriter
from phasegate.flags.operations import OPERATIONS
from phasegate.flags.problem import BrokenFlag, Problem

DEEPEST = 42
"""Levels of JSON in a rule; Python's own parser gives up not far above."""

SAFE_INTEGER = 2**53 - 1
"""Largest whole number that every JSON reader keeps exactly."""

Leaf = Callable[[object], str]
"""Turns the rule that a branch ends in into the source of what is returned."""


class RuleWriter:
    """Writes the functions of one flag's rule.

    functions  lines of the functions that the rule's body calls.
    constants  values of k0, k1 …, in order.
    notes      what is wrong and yet borne, as flagd bears it.
    """

    def __init__(self, flag: str, evaluators: Mapping[str, object], hashing: object) -> None:
        """Write for the flag with this key in a document with these `$evaluators`."""
        self.functions: list[str] = []
        self.constants: list[object] = []
        self.notes: list[Problem] = []
        self._key = flag
        self._evaluators = evaluators
        self._names = 0
        self._known: dict[Hashable, str] = {}
        self._path = f"flags.{flag}.targeting"
        self._fractional = FractionalWriter(self, hashing)
        self._parameters = "key, attributes"

    def body(self, rule: object, leaf: Leaf) -> list[str]:
        """Return statements that return what the rule comes to; every path returns.

        They use the names `key` (targeting key or None) and `attributes`. Raises BrokenFlag.
        """
        self._check_depth(rule)
        return self.returns(rule, leaf)

    def element_body(self, rule: object) -> list[str]:
        """Return statements that return what the rule comes to for all data, named `item`."""
        self._check_depth(rule)
        self._parameters = _ELEMENT
        return self.returns(rule, self.value)

    @property
    def flag(self) -> str:
        """The flag's key, as source."""
        return self.constant(self._key)

    @property
    def key(self) -> str:
        """The flag's key."""
        return self._key

    @property
    def sees_element(self) -> bool:
        """Whether the rule that is being written sees an element of a list and nothing else."""
        return self._parameters == _ELEMENT

    @property
    def whole(self) -> str:
        """Source of all that the rule that is being written can see, as one value."""
        return "item" if self.sees_element else f"context({self.flag}, key, attributes)"

    def value(self, rule: object, step: str = "") -> str:
        """Return the source of a rule's value. step: where it stands in the rule around it."""
        return self._within(step, rule).source

    def constant(self, value: Hashable) -> str:
        """Return the name by which the source knows a value."""
        known = (type(value), value)
        if known not in self._known:
            self._known[known] = f"k{len(self.constants)}"
            self.constants.append(value)
        return self._known[known]

    def expressions(
        self, operator: str, operands: list[object], *counts: int, first: int = 0
    ) -> list[Expression]:
        """Write the operands; the flag is broken unless there are so many of them.

        first: which operand of the rule the list begins with, for the path of a problem.
        """
        if len(operands) not in counts:
            wanted = " or ".join(str(count) for count in counts) or "1 or more"
            text = f"{operator} takes {wanted} operands, not {len(operands)}"
            raise self.broken("rule-operands", text)
        return [
            self._within(f".{operator}[{index}]", operand)
            for index, operand in enumerate(operands, start=first)
        ]

    def element(self, operator: str, rule: object) -> str:
        """Write what a list operator asks of each element; return the function's name."""
        outer, self._parameters = self._parameters, _ELEMENT
        name = self._name("each")
        lines = [f"return {self._within(f'.{operator}[1]', rule).source}"]
        self._parameters = outer
        self.functions += [f"def {name}(item):", *indented(lines)]
        return name

    def temporary(self) -> str:
        """Return a name that nothing else in the flag's source has."""
        return self._name("seen")

    def note(self, code: str, text: str) -> None:
        """Put on record what is wrong and yet borne."""
        self.notes.append(self._problem(code, text))

    def broken(self, code: str, text: str) -> BrokenFlag:
        """Build the exception that refuses the flag, at the place that is being written."""
        return BrokenFlag(self._problem(code, text))

    def returns(self, rule: object, leaf: Leaf, step: str = "") -> list[str]:
        """Return statements that return what a rule comes to. step: where it stands."""
        path = self._path
        self._path += step
        lines = None
        if isinstance(rule, dict) and rule:
            operator, operands = self._operation(rule)
            if operator in _CHOICES:
                lines = self._if(operator, operands, leaf)
            elif operator == "fractional":
                lines = self._fractional.lines(operands, leaf)
        if lines is None:
            # What the rule refers to is read again, from where it stands.
            self._path = path + step
            lines = [f"return {leaf(rule)}"]
        self._path = path
        return lines

    def expression(self, rule: object) -> Expression:
        """Write a rule as one expression."""
        if isinstance(rule, list):
            items = (self._within(f"[{index}]", item) for index, item in enumerate(rule))
            return Expression(f"[{', '.join(item.source for item in items)}]", plain=True)
        if not isinstance(rule, dict):
            return Expression(self._constant(rule), plain=True)
        if not rule:
            return Expression("{}")
        path = self._path
        operator, operands = self._operation(rule)
        if operator in _CHOICES or operator == "fractional":
            self._path = path
            return self._part(rule)
        if operator not in OPERATIONS:
            known = ", ".join([*OPERATIONS, *_CHOICES, "fractional"])
            text = f"{operator!r} is no operator that is known here; known are {known}"
            raise self.broken("unknown-operator", text)
        written = OPERATIONS[operator](self, operands)
        self._path = path
        return written

    def _within(self, step: str, rule: object) -> Expression:
        path, self._path = self._path, self._path + step
        written = self.expression(rule)
        self._path = path
        return written

    def _if(self, operator: str, operands: list[object], leaf: Leaf) -> list[str]:
        lines: list[str] = []
        for index in range(0, len(operands) - 1, 2):
            condition = self._within(f".{operator}[{index}]", operands[index])
            lines.append(f"if {condition.truth}:")
            step = f".{operator}[{index + 1}]"
            lines += indented(self.returns(operands[index + 1], leaf, step))
        otherwise = operands[-1] if len(operands) % 2 else None
        return lines + self.returns(otherwise, leaf, f".{operator}[{len(operands) - 1}]")

    def _part(self, rule: object) -> Expression:
        name, parameters = self._name("part"), self._parameters
        lines = indented(self.returns(rule, self.value))
        self.functions += [f"def {name}({parameters}):", *lines]
        return Expression(f"{name}({parameters})")

    def _operation(self, rule: dict[str, object]) -> tuple[str, list[object]]:
        if len(rule) != 1:
            text = f"a rule has one operator, this has {len(rule)}: {', '.join(map(str, rule))}"
            raise self.broken("rule-shape", text)
        ((operator, operands),) = rule.items()
        if operator == "$ref":
            return self._operation(self._referred(operands))
        return operator, operands if isinstance(operands, list) else [operands]

    def _referred(self, name: object) -> dict[str, object]:
        rule = self._evaluators.get(name) if isinstance(name, str) else None
        if not isinstance(rule, dict) or not rule:
            known = ", ".join(self._evaluators) or "none"
            text = f"$ref {name!r} names no evaluator; known are {known}"
            raise self.broken("unknown-ref", text)
        if any("$ref" in node for level in _levels(rule) for node in level):
            text = f"evaluator {name!r} refers to another one; write that one out in it"
            raise self.broken("nested-ref", text)
        self._check_depth(rule)
        self._path += f" → $evaluators.{name}"
        return rule

    def _constant(self, value: object) -> str:
        if value is None or isinstance(value, bool):
            return repr(value)
        if isinstance(value, str):
            return self.constant(value)
        if type(value) is int and abs(value) <= SAFE_INTEGER:
            return self.constant(value)
        if type(value) is float and math.isfinite(value):
            return self.constant(value)
        raise self.broken("rule-constant", "a constant of the rule is not one that JSON can keep")

    def _check_depth(self, rule: object) -> None:
        for depth, _ in enumerate(_levels(rule), start=1):
            if depth > DEEPEST:
                raise self.broken("rule-too-deep", f"a rule has at most {DEEPEST} levels of JSON")

    def _name(self, kind: str) -> str:
        self._names += 1
        return f"{kind}{self._names}"

    def _problem(self, code: str, text: str) -> Problem:
        return Problem(path=self._path, code=code, text=text)


_CHOICES = ("if", "?:")
_ELEMENT = "item"
"""The one parameter of a function that sees an element of a list."""


def indented(lines: list[str]) -> list[str]:
    """Move lines one level in."""
    return [f"    {line}" for line in lines]


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
