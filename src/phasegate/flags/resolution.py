"""What an evaluation comes to, in OpenFeature's words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

Metadata = Mapping[str, str | int | float | bool]
"""Metadata of a flag set or of a flag: scalars only."""

NOTHING: Metadata = MappingProxyType({})


class Reason(StrEnum):
    """Why a value was chosen, as OpenFeature spells it."""

    STATIC = "STATIC"
    DEFAULT = "DEFAULT"
    TARGETING_MATCH = "TARGETING_MATCH"
    DISABLED = "DISABLED"
    STALE = "STALE"
    ERROR = "ERROR"


class ErrorCode(StrEnum):
    """Why there is no value, as OpenFeature spells it."""

    PROVIDER_NOT_READY = "PROVIDER_NOT_READY"
    FLAG_NOT_FOUND = "FLAG_NOT_FOUND"
    PARSE_ERROR = "PARSE_ERROR"
    TYPE_MISMATCH = "TYPE_MISMATCH"
    TARGETING_KEY_MISSING = "TARGETING_KEY_MISSING"
    INVALID_CONTEXT = "INVALID_CONTEXT"
    GENERAL = "GENERAL"


@dataclass(frozen=True, kw_only=True, slots=True)
class Resolution:
    """The outcome of one evaluation; shared between evaluations, so its value is only read.

    value       a JSON value; None where the caller's default is to be used.
    variant     None where no variant was chosen.
    error_code  None unless reason is ERROR; error_message then says what to do.
    """

    value: object
    variant: str | None
    reason: Reason
    metadata: Metadata = field(default_factory=lambda: NOTHING)
    error_code: ErrorCode | None = None
    error_message: str = ""


def failed(code: ErrorCode, message: str, metadata: Metadata = NOTHING) -> Resolution:
    """Build the resolution of an evaluation that could not be done."""
    return Resolution(
        value=None,
        variant=None,
        reason=Reason.ERROR,
        metadata=metadata,
        error_code=code,
        error_message=message,
    )
