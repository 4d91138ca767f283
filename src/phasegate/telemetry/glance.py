"""Requests that came together and are good at a glance, counted together.

Most requests differ only in who came, and when within a second. Whatever is unusual about one, an
error or a flag that is missing, is left to whoever looks at each by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from phasegate.telemetry.bundles import MOST, Bundle


class Glance(NamedTuple):
    """What is known of all requests that met the same flags in the same way.

    quiet     up to which duration one without error is good wherever it is counted.
    since     Unix time from which on it is counted everywhere.
    together  where requests are counted at once.   apart  where each is by itself.
    """

    quiet: float
    since: float
    together: tuple[tuple[int, Bundle], ...]
    apart: tuple[tuple[int, Bundle], ...]


def glance(counting: Sequence[tuple[int, Bundle]]) -> Glance | None:
    """Return how requests are counted together; None where they cannot be."""
    together = tuple((bit, bundle) for bit, bundle in counting if bundle.quiet >= 0)
    if not together:
        return None
    return Glance(
        quiet=min(MOST / 2, *(bundle.quiet for _, bundle in together)),
        since=max(bundle.since for _, bundle in counting),
        together=together,
        apart=tuple((bit, bundle) for bit, bundle in counting if bundle.quiet < 0),
    )
