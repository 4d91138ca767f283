"""How a command fails: what happened, what can be done, a stable code, and an exit code."""

from __future__ import annotations

import re
from typing import IO, Any, Self  # click's own signature

import click

ONE = re.compile(r"\[[a-z]+(?:-[a-z]+)+\]")
CODED = re.compile(r"(?s)(?P<message>.*\S)\s*\[(?P<code>[a-z]+(?:-[a-z]+)+)\]")
"""What an adapter says: its own code is at the end."""


class Failed(click.ClickException):
    """Ends a command: refused, or a check that failed. Told on stderr; stdout stays for answers."""

    exit_code = 1

    def __init__(self, code: str, message: str, remedy: str) -> None:
        super().__init__(message)
        self.code = code
        self.remedy = remedy

    def show(self, file: IO[Any] | None = None) -> None:
        """Write the error as people read it."""
        click.echo(f"error: {self.message}\n    {self.remedy}  [{self.code}]", file=file, err=True)

    @classmethod
    def told(cls, code: str, message: str, remedy: str) -> Self:
        """Return the error that somebody else tells of, under its own code where it has one."""
        # Several flaws in one message keep their codes beside them, under one for all.
        own = CODED.fullmatch(message) if len(ONE.findall(message)) == 1 else None
        return cls(own["code"], own["message"], remedy) if own else cls(code, message, remedy)


class Misused(Failed):
    """The command was given something that makes no sense."""

    exit_code = 2


class OutOfReach(Failed):
    """The server did not answer."""

    exit_code = 3


def unexpected(why: str) -> Failed:
    """The server's answer is not what this version knows."""
    return Failed(
        "unexpected-answer",
        f"the server's answer was not understood: {why}",
        "Check that --server names a phasegate server of this version.",
    )
