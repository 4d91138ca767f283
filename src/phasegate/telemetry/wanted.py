"""Which attributes of a request anybody asks for: the others are never taken out of its bytes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from phasegate.telemetry.exposing import PREFIX, TOLD
from phasegate.telemetry.observation import COMPONENT_ATTRIBUTE

ALWAYS = ("http.response.status_code", "error.type", "error", COMPONENT_ATTRIBUTE)
"""What every request is looked at for."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Names of attributes: of requests, and those of any span that tell evaluations."""

    of_requests: tuple[str, ...]
    flagged: frozenset[str]


def wanted(judged: Iterable[str], flags: Iterable[str]) -> Wanted:
    """Return what is asked for when these attributes are judged and these flags watched."""
    flagged = frozenset((*TOLD, *(PREFIX + flag for flag in flags)))
    # A request's own duration is overwritten by the one that is measured from its times.
    own = (name for name in sorted(judged) if name != "duration")
    names = dict.fromkeys((*ALWAYS, *own, *sorted(flagged)))
    return Wanted(of_requests=tuple(names), flagged=flagged)
