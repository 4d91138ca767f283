"""How flagd's own operators are written; what they cannot use is null, and is put on record."""

from __future__ import annotations

from phasegate.flags.expression import Expression, Operation, Writer
from phasegate.flags.semver import version


def _custom(operator: str, function: str, count: int) -> Operation:
    def write(writer: Writer, operands: list[object]) -> Expression:
        if len(operands) != count:
            writer.note("rule-operands", f"{operator} takes {count} operands, so this is null")
            return Expression("None", plain=True)
        parts = writer.expressions(operator, operands, count)
        source = f"{function}({', '.join(part.source for part in parts)})"
        return Expression(source, plain=True)

    return write


def affix(operator: str) -> Operation:
    """A text compared with its beginning or end; what can never be a text is put on record."""
    compare = _custom(operator, operator, 2)

    def write(writer: Writer, operands: list[object]) -> Expression:
        if any(not isinstance(operand, str | dict) for operand in operands[:2]):
            writer.note("rule-operands", f"{operator} compares texts, so this is null")
        return compare(writer, operands)

    return write


def sem_ver(writer: Writer, operands: list[object]) -> Expression:
    """Compare versions; one that the document names is read only once, here."""
    compare = _custom("sem_ver", "compare_versions", 3)
    seen, relation, target = operands if len(operands) == 3 else (None, None, None)
    known = version(target)
    if len(operands) == 3:
        _check_sem_ver(writer, seen, relation, target)
    if known is None or not isinstance(relation, str) or relation not in _VERSION_FORMS:
        return compare(writer, operands)
    (part,) = writer.expressions("sem_ver", [seen], 1)
    held, given = writer.temporary(), writer.temporary()
    wanted = known[: _VERSION_PARTS.get(relation, len(known))]
    form = _VERSION_FORMS[relation].format(held=held, known=writer.constant(wanted))
    # A text is by far the usual thing; asking the parser's cache itself saves a call.
    read = f"parsed({given}) if isinstance({given} := {part.source}, str) else version({given})"
    source = f"(None if ({held} := ({read})) is None else {form})"
    return Expression(source, plain=True)


def _check_sem_ver(writer: Writer, seen: object, relation: object, target: object) -> None:
    if isinstance(relation, str) and relation not in _VERSION_FORMS:
        known = " ".join(_VERSION_FORMS)
        text = f"sem_ver compares by one of {known}, so this is null"
        writer.note("sem-ver-relation", text)
    for operand in (seen, target):
        if not isinstance(operand, dict) and version(operand) is None:
            writer.note("sem-ver-version", f"{operand!r} is no version, so this is null")


_VERSION_FORMS = {
    "=": "{held} == {known}",
    "!=": "{held} != {known}",
    "<": "{held} < {known}",
    "<=": "{held} <= {known}",
    ">": "{held} > {known}",
    ">=": "{held} >= {known}",
    "^": "{held}[:1] == {known}",
    "~": "{held}[:2] == {known}",
}
"""How a version is compared with one that the document names, which is read only once."""

_VERSION_PARTS = {"^": 1, "~": 2}
"""How many parts of the version count, where not all do."""
