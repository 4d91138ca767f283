"""Finds flag evaluations in attributes: of an event, of a log record, or of a span itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from phasegate.flags.document import OFF, ON
from phasegate.telemetry.observation import Exposure, Scalar

PREFIX = "feature_flag."
FLAG = "feature_flag.key"
SUBJECT = "feature_flag.context.id"
SET = "feature_flag.set.id"
VARIANT = "feature_flag.result.variant"
REASON, STALE = "feature_flag.result.reason", "stale"
OLD_VARIANT = "feature_flag.variant"
"""The name before semantic conventions 1.32."""

TOLD = (FLAG, VARIANT, OLD_VARIANT, REASON, SUBJECT, SET)
"""What tells one evaluation."""

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


def evaluated(attributes: Mapping[str, Scalar]) -> Exposure | None:
    """Return the evaluation that an event or a log record tells; None if it tells none."""
    flag = attributes.get(FLAG)
    variant = attributes.get(VARIANT, attributes.get(OLD_VARIANT))
    if not isinstance(flag, str) or not isinstance(variant, str):
        return None
    if is_unassigned(variant, attributes.get(REASON)):
        return None
    return Exposure(flag, variant, text(attributes.get(SUBJECT)), text(attributes.get(SET)))


def is_unassigned(variant: str, reason: Scalar | None) -> bool:
    """Say whether somebody is off because nobody watches, not by assignment: in neither arm."""
    return variant == OFF and reason == STALE


def on_span(attributes: Mapping[str, Scalar]) -> list[Exposure]:
    """Return the evaluations that a span's own attributes tell.

    Either one flag in the names of the conventions, or any number as `feature_flag.KEY = variant`;
    there, true and false stand for the variants on and off.
    """
    named = sorted(name for name in attributes if name.startswith(PREFIX))
    if not named:
        return []
    whole = evaluated(attributes)
    found = [whole] if whole else []
    subject, flag_set = text(attributes.get(SUBJECT)), text(attributes.get(SET))
    for name in named:
        if name not in RESERVED and (variant := _variant(attributes[name])):
            found.append(Exposure(name.removeprefix(PREFIX), variant, subject, flag_set))
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
