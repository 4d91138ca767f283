"""How each operator of targeting is written as Python source; a new operator is a new entry."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

from phasegate.flags.semver import version


class Expression(NamedTuple):
    """Python source of a value.

    plain    Python takes the value for true exactly where JsonLogic does.
    """

    source: str
    plain: bool = False

    @property
    def truth(self) -> str:
        """Source that is true where JsonLogic takes the value for true."""
        return self.source if self.plain else f"truthy({self.source})"


class Writer(Protocol):
    """What an operation may ask of whoever writes the flag's functions."""

    @property
    def flag(self) -> str:
        """The flag's key, as source."""

    def expressions(self, operator: str, operands: list[object], *counts: int) -> list[Expression]:
        """Write the operands; the flag is broken unless there are so many of them."""

    def temporary(self) -> str:
        """Return a name that nothing else in the flag's source has."""

    def note(self, code: str, text: str) -> None:
        """Put on record what is wrong and yet borne, as flagd bears it."""


Operation = Callable[[Writer, list[object]], Expression]


def _equal(writer: Writer, operands: list[object]) -> Expression:
    left, right = writer.expressions("==", operands, 2)
    # A text that reads as no number equals itself alone, so no conversion is needed.
    if any(_plain_text(operand) for operand in operands):
        return Expression(f"({left.source} == {right.source})", plain=True)
    return Expression(f"equal({left.source}, {right.source})", plain=True)


def _same(writer: Writer, operands: list[object]) -> Expression:
    left, right = writer.expressions("===", operands, 2)
    if any(isinstance(operand, str) for operand in operands):
        return Expression(f"({left.source} == {right.source})", plain=True)
    return Expression(f"same({left.source}, {right.source})", plain=True)


def _opposite(operation: Operation) -> Operation:
    def write(writer: Writer, operands: list[object]) -> Expression:
        return Expression(f"(not {operation(writer, operands).source})", plain=True)

    return write


def _ordered(operator: str, function: str, *, swapped: bool = False) -> Operation:
    def write(writer: Writer, operands: list[object]) -> Expression:
        parts = [part.source for part in writer.expressions(operator, operands, 2, 3)]
        if swapped:
            parts.reverse()
        if len(parts) == 2:
            return Expression(f"{function}({parts[0]}, {parts[1]})", plain=True)
        middle = writer.temporary()
        return Expression(
            f"({function}({parts[0]}, ({middle} := {parts[1]})) and "
            f"{function}({middle}, {parts[2]}))",
            plain=True,
        )

    return write


def _not(writer: Writer, operands: list[object]) -> Expression:
    (part,) = writer.expressions("!", operands, 1)
    return Expression(f"(not {part.truth})", plain=True)


def _truth(writer: Writer, operands: list[object]) -> Expression:
    (part,) = writer.expressions("!!", operands, 1)
    return Expression(f"(not not {part.truth})", plain=True)


def _joined(operator: str, *, stops_when_true: bool) -> Operation:
    def write(writer: Writer, operands: list[object]) -> Expression:
        parts = writer.expressions(operator, operands, *range(1, len(operands) + 1))
        if all(part.plain for part in parts):
            word = " or " if stops_when_true else " and "
            return Expression(f"({word.join(part.source for part in parts)})", plain=True)
        source = parts[-1].source
        for part in reversed(parts[:-1]):
            held = writer.temporary()
            taken = Expression(f"({held} := {part.source})", plain=part.plain).truth
            chosen = (held, source) if stops_when_true else (source, held)
            source = f"({chosen[0]} if {taken} else {chosen[1]})"
        return Expression(source)

    return write


def _in(writer: Writer, operands: list[object]) -> Expression:
    needle, haystack = writer.expressions("in", operands, 2)
    listed = operands[1]
    if isinstance(listed, list) and listed and all(isinstance(item, str) for item in listed):
        held = writer.temporary()
        texts = f"{{{', '.join(repr(item) for item in listed)}}}"
        return Expression(
            f"(isinstance({held} := {needle.source}, str) and {held} in {texts})", plain=True
        )
    return Expression(f"contains({needle.source}, {haystack.source})", plain=True)


def _var(writer: Writer, operands: list[object]) -> Expression:
    if len(operands) > 2:
        writer.expressions("var", operands, 0, 1, 2)
    name = operands[0] if operands else ""
    default = writer.expressions("var", operands[1:], 0, 1)
    missing = default[0].source if default else "None"
    if isinstance(name, int | float) and not isinstance(name, bool):
        name = json.dumps(name)
    if name is None or name == "":
        return Expression(f"context({writer.flag}, key, attributes)")
    if not isinstance(name, str):
        (path,) = writer.expressions("var", [name], 1)
        whole = f"context({writer.flag}, key, attributes)"
        return Expression(f"dig({whole}, text({path.source}).split('.'), {missing})")
    return Expression(_named(writer, name, missing))


def _named(writer: Writer, name: str, missing: str) -> str:
    match name.split("."):
        case ["targetingKey"]:
            return "key" if missing == "None" else f"({missing} if key is None else key)"
        case ["$flagd", "flagKey"]:
            return writer.flag
        case ["$flagd", "timestamp"]:
            return "unix()"
        case ["$flagd" | "targetingKey", *_] as path:
            return f"dig(context({writer.flag}, key, attributes), {tuple(path)!r}, {missing})"
        case [single]:
            return f"attributes.get({single!r}, {missing})"
        case path:
            return f"dig(attributes, {tuple(path)!r}, {missing})"


def _cat(writer: Writer, operands: list[object]) -> Expression:
    parts = writer.expressions("cat", operands, *range(len(operands) + 1))
    texts = [
        part.source if isinstance(operand, str) else f"text({part.source})"
        for operand, part in zip(operands, parts, strict=True)
    ]
    return Expression(f"''.join(({''.join(item + ', ' for item in texts)}))")


def _custom(operator: str, function: str, count: int) -> Operation:
    def write(writer: Writer, operands: list[object]) -> Expression:
        if len(operands) != count:
            writer.note("rule-operands", f"{operator} takes {count} operands, so this is null")
            return Expression("None")
        parts = writer.expressions(operator, operands, count)
        source = f"{function}({', '.join(part.source for part in parts)})"
        return Expression(source, plain=True)

    return write


def _sem_ver(writer: Writer, operands: list[object]) -> Expression:
    compare = _custom("sem_ver", "compare_versions", 3)
    seen, relation, target = operands if len(operands) == 3 else (None, None, None)
    known = version(target)
    if known is None or not isinstance(relation, str) or relation not in _VERSION_FORMS:
        return compare(writer, operands)
    (part,) = writer.expressions("sem_ver", [seen], 1)
    held = writer.temporary()
    form = _VERSION_FORMS[relation].format(held=held, known=known, major=known[0], minor=known[1])
    source = f"(None if ({held} := version({part.source})) is None else {form})"
    return Expression(source, plain=True)


_VERSION_FORMS = {
    "=": "{held} == {known!r}",
    "!=": "{held} != {known!r}",
    "<": "{held} < {known!r}",
    "<=": "{held} <= {known!r}",
    ">": "{held} > {known!r}",
    ">=": "{held} >= {known!r}",
    "^": "{held}[0] == {major}",
    "~": "{held}[:2] == ({major}, {minor})",
}
"""How a version is compared with one that the document names, which is read only once."""


def _plain_text(operand: object) -> bool:
    return isinstance(operand, str) and operand[:1].isalpha()


OPERATIONS: Mapping[str, Operation] = {
    "var": _var,
    "==": _equal,
    "!=": _opposite(_equal),
    "===": _same,
    "!==": _opposite(_same),
    "<": _ordered("<", "below"),
    "<=": _ordered("<=", "at_most"),
    ">": _ordered(">", "below", swapped=True),
    ">=": _ordered(">=", "at_most", swapped=True),
    "!": _not,
    "!!": _truth,
    "and": _joined("and", stops_when_true=False),
    "or": _joined("or", stops_when_true=True),
    "in": _in,
    "cat": _cat,
    "starts_with": _custom("starts_with", "starts_with", 2),
    "ends_with": _custom("ends_with", "ends_with", 2),
    "sem_ver": _sem_ver,
}
