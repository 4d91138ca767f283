"""Which environment a request for flags means."""

from __future__ import annotations

from phasegate.server.bare import Scope, header, query


class BadSelector(ValueError):
    """The request names no environment, or in words that mean something else."""

    code = "bad-selector"


def selected(scope: Scope, default: str | None) -> str:
    """Return the environment: `?environment=`, else flagd's selector header, else the default.

    Raises BadSelector for a selector other than `flagSetId=…`, or if nothing names one.
    """
    named = query(scope, "environment") or flag_set(header(scope, b"flagd-selector"))
    if not (named or default):
        raise BadSelector("name an environment: send the header `Flagd-Selector: flagSetId=NAME`")
    return named or str(default)


def flag_set(selector: str) -> str:
    """Return the flag set that a selector names; empty where there is none. Raises BadSelector."""
    if not selector:
        return ""
    key, equals, name = selector.partition("=")
    if key.strip() != "flagSetId" or not equals or not name.strip():
        raise BadSelector("the selector must be `flagSetId=NAME`; there are no other sources here")
    return name.strip()
