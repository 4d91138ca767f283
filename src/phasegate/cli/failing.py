"""How a command fails: what happened, what can be done, a stable code, and an exit code."""

from __future__ import annotations

from typing import IO, Any  # click's own signature

import click


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
