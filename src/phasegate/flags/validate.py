"""What a flag must look like, apart from its rule: everything flagd's schema says of it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from phasegate.flags.problem import Problem
from phasegate.flags.resolution import Metadata

SAFE_NUMBER = 2**53 - 1
"""Beyond it, readers of JSON do not agree on a number any more."""

STATES = ("ENABLED", "DISABLED")

PARTS = (
    *("state", "variants", "defaultVariant", "targeting", "metadata", "requires"),
    *("key", "source", "selector", "$comment"),
)
"""What a flag may have, flagd's own marks among it; all else is read by nobody."""

WELL_KNOWN = ("flagSetId", "version")
"""Flag-set metadata that is text."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Shape:
    """A flag that looks as it must; its rule is still as it was written."""

    enabled: bool
    variants: Mapping[str, object]
    default: str | None
    targeting: Mapping[str, object] | None
    metadata: Metadata
    requires: tuple[str, ...]


def shape(flag: Mapping[str, object]) -> Shape:
    """Read a flag that has no problems."""
    variants, metadata = flag["variants"], flag.get("metadata")
    targeting, requires = flag.get("targeting"), flag.get("requires")
    default = flag.get("defaultVariant")
    return Shape(
        enabled=flag["state"] == "ENABLED",
        variants=variants if isinstance(variants, Mapping) else {},
        default=default if isinstance(default, str) and default else None,
        targeting=targeting if isinstance(targeting, dict) and targeting else None,
        metadata=dict(metadata) if isinstance(metadata, Mapping) else {},
        requires=tuple(requires) if isinstance(requires, list) else (),
    )


def problems_of(key: str, flag: object) -> Iterator[Problem]:
    """Yield everything that is wrong with a flag's shape; any of it refuses the flag."""
    path = f"flags.{key}"
    if not key:
        yield _problem(path, "flag-key", "a flag has a key of one character or more")
    if not isinstance(flag, Mapping):
        yield _problem(path, "flag-shape", "a flag is an object with state and variants")
        return
    state = flag.get("state")
    if not isinstance(state, str) or state not in STATES:
        text = f"state is {' or '.join(STATES)}, not {state!r}"
        yield _problem(f"{path}.state", "flag-state", text)
    yield from _variants(f"{path}.variants", flag.get("variants"))
    yield from _default(f"{path}.defaultVariant", flag.get("defaultVariant"), flag.get("variants"))
    targeting = flag.get("targeting")
    if targeting is not None and not isinstance(targeting, dict):
        text = "targeting is an object with one operator"
        yield _problem(f"{path}.targeting", "rule-shape", text)
    if not is_metadata(flag.get("metadata")):
        text = "metadata holds texts, numbers and booleans by name"
        yield _problem(f"{path}.metadata", "flag-metadata", text)
    requires = flag.get("requires", [])
    if not isinstance(requires, list) or not all(isinstance(k, str) and k for k in requires):
        text = "requires is a list of flag keys"
        yield _problem(f"{path}.requires", "flag-requires", text)


def unread(key: str, flag: Mapping[str, object]) -> Iterator[Problem]:
    """Yield what a flag has that nobody reads, and that is borne: like a misspelt `requires`."""
    for name in flag.keys() - set(PARTS):
        text = f"{name!r} is read by nobody; a flag has {', '.join(PARTS)}"
        yield _problem(f"flags.{key}.{name}", "flag-part", text)


def is_metadata(given: object) -> bool:
    """Say whether this is metadata, or none."""
    return given is None or (
        isinstance(given, Mapping)
        and all(isinstance(value, str | int | float | bool) for value in given.values())
    )


def misread(metadata: Metadata) -> Iterator[Problem]:
    """Yield what is odd in a flag set's metadata and yet borne."""
    for name in WELL_KNOWN:
        if name in metadata and not isinstance(metadata[name], str):
            yield _problem(f"metadata.{name}", "set-metadata", f"{name} is a text")


def _variants(path: str, variants: object) -> Iterator[Problem]:
    if not isinstance(variants, Mapping) or not variants:
        yield _problem(path, "flag-variants", "a flag has at least one variant")
        return
    kinds = {_kind(value) for value in variants.values()}
    for name, value in variants.items():
        if not name:
            yield _problem(path, "variant-name", "a variant has a name of one character or more")
        if _kind(value) is None:
            text = "a variant is a boolean, a text, a number or an object; put a list in an object"
            yield _problem(f"{path}.{name}", "variant-value", text)
        if _kind(value) == "number" and not _is_safe(value):
            text = f"a number lies within ±{SAFE_NUMBER}, where all JSON readers agree on it"
            yield _problem(f"{path}.{name}", "variant-number", text)
    if len(kinds - {None}) > 1:
        seen = " and ".join(sorted(kind for kind in kinds if kind))
        yield _problem(path, "variant-types", f"variants are of one type, these are {seen}")


def _kind(value: object) -> str | None:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "text"
    return "object" if isinstance(value, Mapping) else None


def _is_safe(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value) and abs(value) <= SAFE_NUMBER


def _default(path: str, default: object, variants: object) -> Iterator[Problem]:
    if default is None or default == "" or not isinstance(variants, Mapping) or not variants:
        return
    if not isinstance(default, str) or default not in variants:
        text = f"defaultVariant {default!r} is no variant; variants are {', '.join(variants)}"
        yield _problem(path, "flag-default", text)


def _problem(path: str, code: str, text: str) -> Problem:
    return Problem(path=path, code=code, text=text)
