"""JsonLogic's lists at evaluation time: each element is asked, or what is missing is listed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from phasegate.flags.operators import look, number, truthy

Each = Callable[[object], object]
"""A part of a rule that sees one element and nothing else."""


def mapped(items: object, each: Each) -> list[object]:
    """Return what each element becomes; nothing where there is no list."""
    return [each(item) for item in _list(items)]


def filtered(items: object, each: Each) -> list[object]:
    """Return the elements that pass."""
    return [item for item in _list(items) if truthy(each(item))]


def reduced(items: object, each: Each, start: object) -> object:
    """Fold a list: each step sees `current` and `accumulator`."""
    held = start
    for item in _list(items):
        held = each({"current": item, "accumulator": held})
    return held


def every(items: object, each: Each) -> bool:
    """Say whether there are elements and all pass."""
    asked = _list(items)
    return bool(asked) and all(truthy(each(item)) for item in asked)


def some(items: object, each: Each) -> bool:
    """Say whether an element passes."""
    return any(truthy(each(item)) for item in _list(items))


def none_passes(items: object, each: Each) -> bool:
    """Say whether no element passes."""
    return not some(items, each)


def merged(*values: object) -> list[object]:
    """Put lists, and what is none, one after the other into one list."""
    whole: list[object] = []
    for value in values:
        whole.extend(value if isinstance(value, list | tuple) else [value])
    return whole


def absent(data: object, *names: object) -> list[object]:
    """Return the names that lead to null, to an empty text, or nowhere."""
    asked = _list(names[0]) if names and isinstance(names[0], list | tuple) else names
    return [name for name in asked if _is_nothing(look(data, name))]


def lacking(data: object, least: object, names: object) -> list[object]:
    """Return the absent names; none if at least so many are there."""
    missing = absent(data, names)
    return [] if len(_list(names)) - len(missing) >= number(least) else missing


def _list(value: object) -> Sequence[object]:
    return value if isinstance(value, list | tuple) else ()


def _is_nothing(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value)
