"""Finds flag evaluations in attributes: of an event, of a log record, or of a span itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from phasegate.flags.document import OFF, ON
from phasegate.telemetry.observation import Exposure, Scalar

PREFIX = "feature_flag."
LENGTH = len(PREFIX)
FLAG = "feature_flag.key"
SUBJECT = "feature_flag.context.id"
VARIANT = "feature_flag.result.variant"
OLD_VARIANT = "feature_flag.variant"
"""The name before semantic conventions 1.32."""

RESERVED = frozenset(
    PREFIX + name
    for name in (
        "key",
        "variant",
        "version",
        "provider_name",
        "context.id",
        "set.id",
        "provider.name",
        "result.variant",
        "result.value",
        "result.reason",
        "evaluation.reason",
        "evaluation.error.message",
        "error.message",
    )
)
"""Names that the semantic conventions give a meaning, so that none of them can be a flag's."""


_new = tuple.__new__


def evaluated(attributes: Mapping[str, Scalar]) -> Exposure | None:
    """Return the evaluation that an event or a log record tells; None if it tells none."""
    get = attributes.get
    flag, variant, subject = get(FLAG), get(VARIANT), get(SUBJECT)
    if variant is None:
        variant = get(OLD_VARIANT)
    if not isinstance(flag, str) or not isinstance(variant, str):
        return None
    if subject.__class__ is not str or not subject:
        subject = text(subject)
    # Made for every evaluation, so not by name, which would take four times as long.
    return _new(Exposure, (flag, variant, subject))


def on_span(attributes: Mapping[str, Scalar]) -> list[Exposure]:
    """Return the evaluations that a span's own attributes tell.

    Either one flag in the names of the conventions, or any number as `feature_flag.KEY = variant`;
    there, true and false stand for the variants on and off.
    """
    named = [name for name in attributes if name[:LENGTH] == PREFIX]
    if not named:
        return []
    whole = evaluated(attributes)
    found = [whole] if whole else []
    subject = text(attributes.get(SUBJECT))
    for name in named:
        if name not in RESERVED and (variant := _variant(attributes[name])):
            found.append(Exposure(name[LENGTH:], variant, subject))
    return found


def subject_of(exposures: Sequence[Exposure]) -> str | None:
    """Return the first subject that exposures tell."""
    for exposure in exposures:
        if exposure.subject:
            return exposure.subject
    return None


def text(value: Scalar | None) -> str | None:
    """Return an attribute as text; None where it is absent or empty."""
    return None if value is None or value == "" else str(value)


def _variant(value: Scalar) -> str | None:
    if isinstance(value, bool):
        return ON if value else OFF
    return value if isinstance(value, str) and value else None
