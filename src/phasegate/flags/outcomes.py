"""All that one flag can come to, built once."""

from __future__ import annotations

from collections.abc import Mapping

from phasegate.flags.resolution import ErrorCode, Metadata, Reason, Resolution, failed


class Outcomes:
    """The resolutions of one flag.

    matches  by variant, as targeting chooses them.
    default  where targeting chooses nothing.
    """

    __slots__ = ("_key", "_metadata", "default", "matches")

    def __init__(
        self, key: str, variants: Mapping[str, object], default: str | None, metadata: Metadata
    ) -> None:
        """Build them for a flag; default is a key of variants, or None."""
        self._key = key
        self._metadata = metadata
        self.matches = {
            variant: chosen(variants, variant, Reason.TARGETING_MATCH, metadata)
            for variant in variants
        }
        self.default = chosen(variants, default, Reason.DEFAULT, metadata)

    def settle(self, value: object) -> Resolution:
        """Turn what a rule came to into an outcome: a variant's name, its shorthand, or null."""
        if isinstance(value, bool):
            value = "true" if value else "false"
        if isinstance(value, str) and value in self.matches:
            return self.matches[value]
        if value is None:
            return self.default
        text = f"targeting of {self._key!r} chose {value!r}, which is no variant"
        return failed(ErrorCode.GENERAL, text, self._metadata)

    def unfit(self) -> Resolution:
        """Return what it is where the context holds what the rule cannot use."""
        text = f"the context of {self._key!r} holds a value that its targeting cannot use"
        return failed(ErrorCode.INVALID_CONTEXT, text, self._metadata)


def chosen(
    variants: Mapping[str, object], variant: str | None, reason: Reason, metadata: Metadata
) -> Resolution:
    """Build the outcome of a variant; without one the value is left to the caller."""
    if variant is None:
        # A flag without targeting and without default is no static one (flagd says DEFAULT).
        reason = Reason.DEFAULT if reason is Reason.STATIC else reason
        return Resolution(value=None, variant=None, reason=reason, metadata=metadata)
    return Resolution(value=variants[variant], variant=variant, reason=reason, metadata=metadata)
