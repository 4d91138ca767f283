"""Shares, durations and endpoints on the command line, read as plan files read them.

Each function is a callback of click: it takes the text as given and returns the value.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any, TypeVar  # Any: click's own signature

import click

T = TypeVar("T")


class Number(click.ParamType):  # type: ignore[type-arg] # older clicks take none
    """A number of click's; a value that is none is told in words."""

    def __init__(self, kind: click.ParamType[Any], what: str, name: str = "N") -> None:
        """kind: reads it. what: says of a value that is none what it should be."""
        self.name = name
        self._kind, self._what = kind, what

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the number."""
        found = math.nan
        with suppress(click.BadParameter):
            found = self._kind.convert(value, param, ctx)
        if not math.isfinite(found):
            self.fail(f"{str(value)[:100]!r} is no {self._what}", param, ctx)
        return found


PORT = Number(
    click.IntRange(0, 65535),
    "port. A port is a whole number from 1 to 65535, like 8080; 0 takes any that is free",
    "PORT",
)
EVENT = Number(click.IntRange(0), "number of an event, like 12")


def exposure(_: click.Context, __: click.Parameter, text: str) -> int:
    """Return a share of the audience like `25%` in basis points."""
    from phasegate.planfile import values

    return _read(values.exposure, text)


def duration(_: click.Context, __: click.Parameter, text: str | None) -> timedelta | None:
    """Return a duration with its unit, like `90s` or `1h`; None if none was given."""
    from phasegate.planfile import values

    return None if text is None else _read(values.duration, text)


def environment(_: click.Context, __: click.Parameter, text: str) -> str:
    """Return a name that an environment may have."""
    from phasegate.service.refusals import name_refused

    refusal = name_refused(text)
    if refusal:
        raise click.BadParameter(f"{refusal.message}. {refusal.remedy}  [{refusal.code}]")
    return text


def endpoints(_: click.Context, __: click.Parameter, texts: tuple[str, ...]) -> dict[str, str]:
    """Return URLs by name from texts like `clinic=http://127.0.0.1:9000`."""
    return dict(_endpoint(text) for text in texts)


def _endpoint(text: str) -> tuple[str, str]:
    name, _, url = text.partition("=")
    if not (name and url):
        raise click.BadParameter("Write it like clinic=http://127.0.0.1:9000.")
    return name, url


def _read(read: Callable[[str], T], text: str) -> T:
    from phasegate.planfile.notes import Wrong

    try:
        return read(text)
    except Wrong as wrong:
        raise click.BadParameter(f"{wrong.message}. {wrong.remedy}  [{wrong.code}]") from wrong
