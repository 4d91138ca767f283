"""All that one flag can come to, built once."""

from __future__ import annotations

from collections.abc import Mapping

from phasegate.flags.resolution import ErrorCode, Metadata, Reason, Resolution, failed


class Outcomes:
    """The resolutions of one flag.

    matches  by variant, as targeting chooses them.
    default  where targeting chooses nothing. static: where there is no targeting.
    unfit    where the context holds what the rule cannot use.
    """

    def __init__(
        self, key: str, variants: Mapping[str, object], default: str | None, metadata: Metadata
    ) -> None:
        """Build them for a flag; default is a key of variants, or None."""
        self.key = key
        self.metadata = metadata
        self.matches = {
            variant: Resolution(
                value=value,
                variant=variant,
                reason=Reason.TARGETING_MATCH,
                metadata=metadata,
            )
            for variant, value in variants.items()
        }
        self.default = self._defaulted(variants, default, Reason.DEFAULT)
        self.static = self._defaulted(variants, default, Reason.STATIC)
        self.unfit = failed(
            ErrorCode.INVALID_CONTEXT,
            f"the context of {key!r} holds a value that its targeting cannot use",
            metadata,
        )

    def without_value(self, reason: Reason) -> Resolution:
        """Build the outcome that leaves the value to the caller."""
        return Resolution(value=None, variant=None, reason=reason, metadata=self.metadata)

    def settle(self, value: object) -> Resolution:
        """Turn what a rule came to into an outcome: a variant's name, its shorthand, or null."""
        if isinstance(value, bool):
            value = "true" if value else "false"
        if isinstance(value, str) and value in self.matches:
            return self.matches[value]
        if value is None:
            return self.default
        text = f"targeting of {self.key!r} chose {value!r}, which is no variant"
        return failed(ErrorCode.GENERAL, text, self.metadata)

    def _defaulted(
        self, variants: Mapping[str, object], default: str | None, reason: Reason
    ) -> Resolution:
        if default is None:
            return self.without_value(Reason.DEFAULT)
        return Resolution(
            value=variants[default], variant=default, reason=reason, metadata=self.metadata
        )
