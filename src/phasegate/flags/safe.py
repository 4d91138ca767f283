"""What a flag is when it may not be on: its safe variant, and the mark that says why."""

from __future__ import annotations

from phasegate.flags.validate import Shape
from phasegate.flags.variants import OFF

PREREQUISITE_OFF = "prerequisiteOff"
"""Metadata of a resolution: the flag that is not on, although this one needs it."""

LEASE = "lease"
"""Metadata of a resolution: `expired` where the flag is on trial and nobody watches."""


def safe_variant(flag: Shape) -> str | None:
    """Return `off` where there is such a variant, else the default; None: the caller's default."""
    return OFF if OFF in flag.variants else flag.default
