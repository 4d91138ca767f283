"""How each operator of targeting is written as Python source; a new operator is a new entry."""

from __future__ import annotations

import json
from collections.abc import Mapping

from phasegate.flags.customs import affix, sem_ver
from phasegate.flags.expression import Expression, Operation, Writer


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
    listed = operands[1] if len(operands) == 2 else None
    if isinstance(listed, list) and listed and all(isinstance(item, str) for item in listed):
        (needle,) = writer.expressions("in", operands[:1], 1)
        held, texts = writer.temporary(), writer.constant(frozenset(map(str, listed)))
        return Expression(
            f"(isinstance({held} := {needle.source}, str) and {held} in {texts})", plain=True
        )
    needle, haystack = writer.expressions("in", operands, 2)
    return Expression(f"contains({needle.source}, {haystack.source})", plain=True)


def _var(writer: Writer, operands: list[object]) -> Expression:
    if len(operands) > 2:
        writer.expressions("var", operands, 0, 1, 2)
    name = operands[0] if operands else ""
    default = writer.expressions("var", operands[1:], 0, 1, first=1)
    missing = default[0].source if default else "None"
    if isinstance(name, int | float) and not isinstance(name, bool):
        name = json.dumps(name)
    if name is None or name == "":
        return Expression(writer.whole)
    if not isinstance(name, str):
        (path,) = writer.expressions("var", [name], 1)
        return Expression(f"look({writer.whole}, {path.source}, {missing})")
    if writer.sees_element:
        return Expression(f"dig(item, {writer.constant(tuple(name.split('.')))}, {missing})")
    return Expression(_named(writer, name, missing))


def _named(writer: Writer, name: str, missing: str) -> str:
    match name.split("."):
        case ["targetingKey"]:
            return "key" if missing == "None" else f"({missing} if key is None else key)"
        case ["$flagd", "flagKey"]:
            return writer.flag
        case ["$flagd", "timestamp"]:
            return "unix()"
        case ["$flagd" | "targetingKey" as root, *rest]:
            if root == "$flagd" and rest:
                text = f"$flagd has flagKey and timestamp; {name} is always null"
                writer.note("flagd-property", text)
            path = writer.constant((root, *rest))
            return f"dig({writer.whole}, {path}, {missing})"
        case [single]:
            known = writer.constant(single)
            return (
                f"attributes.get({known})"
                if missing == "None"
                else f"attributes.get({known}, {missing})"
            )
        case path:
            return f"dig(attributes, {writer.constant(tuple(path))}, {missing})"


def _cat(writer: Writer, operands: list[object]) -> Expression:
    parts = writer.expressions("cat", operands, *range(len(operands) + 1))
    texts = [
        part.source if isinstance(operand, str) else f"text({part.source})"
        for operand, part in zip(operands, parts, strict=True)
    ]
    return Expression(f"''.join(({''.join(item + ', ' for item in texts)}))")


def _call(operator: str, function: str, *counts: int, plain: bool = False) -> Operation:
    """Call a function with the operands; without counts it takes one or more."""

    def write(writer: Writer, operands: list[object]) -> Expression:
        parts = writer.expressions(operator, operands, *(counts or range(1, len(operands) + 1)))
        return Expression(f"{function}({', '.join(part.source for part in parts)})", plain=plain)

    return write


def _minus(writer: Writer, operands: list[object]) -> Expression:
    parts = writer.expressions("-", operands, 1, 2)
    function = "subtracted" if len(parts) == 2 else "negated"
    return Expression(f"{function}({', '.join(part.source for part in parts)})")


def _each(operator: str, function: str, *, plain: bool = True) -> Operation:
    def write(writer: Writer, operands: list[object]) -> Expression:
        if len(operands) != 2:
            writer.expressions(operator, operands, 2)
        (items,) = writer.expressions(operator, operands[:1], 1)
        return Expression(
            f"{function}({items.source}, {writer.element(operator, operands[1])})", plain=plain
        )

    return write


def _reduce(writer: Writer, operands: list[object]) -> Expression:
    if len(operands) not in (2, 3):
        writer.expressions("reduce", operands, 2, 3)
    (items,) = writer.expressions("reduce", operands[:1], 1)
    start = writer.expressions("reduce", operands[2:], 0, 1, first=2)
    each, held = writer.element("reduce", operands[1]), start[0].source if start else "None"
    return Expression(f"reduced({items.source}, {each}, {held})")


def _merge(writer: Writer, operands: list[object]) -> Expression:
    parts = writer.expressions("merge", operands, *range(len(operands) + 1))
    return Expression(f"merged({', '.join(part.source for part in parts)})", plain=True)


def _absent(writer: Writer, operands: list[object]) -> Expression:
    parts = writer.expressions("missing", operands, *range(len(operands) + 1))
    names = "".join(f", {part.source}" for part in parts)
    return Expression(f"absent({writer.whole}{names})", plain=True)


def _lacking(writer: Writer, operands: list[object]) -> Expression:
    least, names = writer.expressions("missing_some", operands, 2)
    return Expression(f"lacking({writer.whole}, {least.source}, {names.source})", plain=True)


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
    "substr": _call("substr", "substring", 2, 3, plain=True),
    "+": _call("+", "added"),
    "-": _minus,
    "*": _call("*", "multiplied"),
    "/": _call("/", "divided", 2),
    "%": _call("%", "remainder", 2),
    "max": _call("max", "largest"),
    "min": _call("min", "smallest"),
    "map": _each("map", "mapped"),
    "filter": _each("filter", "filtered"),
    "all": _each("all", "every"),
    "some": _each("some", "some"),
    "none": _each("none", "none_passes"),
    "reduce": _reduce,
    "merge": _merge,
    "missing": _absent,
    "missing_some": _lacking,
    "starts_with": affix("starts_with"),
    "ends_with": affix("ends_with"),
    "sem_ver": sem_ver,
}
