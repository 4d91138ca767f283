"""A command as a check: it passes when the command ends with exit code 0 in time."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from phasegate.ports import Exercise, Unavailable

MOST_SHOWN = 300
"""Characters of output that a finding keeps: its end, where commands say what went wrong."""


class CommandCheck:
    """Runs a command line without a shell, in the plan's directory.

    Options: command; directory; `env.NAME` become environment variables. It must be repeatable:
    after a crash between its end and its finding it is run again.
    """

    def __init__(self, variables: Mapping[str, str] | None = None) -> None:
        """variables: environment variables that every command is given."""
        self._variables = dict(variables or {})

    def exercise(self, options: Mapping[str, str], deadline_s: float) -> Exercise:
        """Pass on exit code 0. Raises Unavailable if it cannot be started or takes too long."""
        line = shlex.split(options["command"])
        try:
            done = subprocess.run(
                line,
                cwd=options["directory"],
                env=_environment(options) | self._variables,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=deadline_s,
                check=False,
            )
        except FileNotFoundError as error:
            raise Unavailable(f"there is no command {line[0]} on this machine") from error
        except subprocess.TimeoutExpired as error:
            raise Unavailable(f"{line[0]} did not end within {deadline_s:.0f} s") from error
        shown = _end_of(done.stdout + "\n" + done.stderr)
        if done.returncode == 0:
            return Exercise(passed=True, exercised=1, seen=shown or "exit code 0, no output")
        return Exercise(
            passed=False,
            exercised=1,
            seen=f"exit code {done.returncode}: {shown}",
            remedy=f"Run `{options['command']}` by hand, mend what it names, then retry the phase.",
        )


def _end_of(said: str) -> str:
    """Return the last lines of an output in one line, as many as fit."""
    lines = [" ".join(line.split()) for line in said.splitlines()]
    shown = ""
    for line in reversed([line for line in lines if line]):
        if len(line) + len(shown) > MOST_SHOWN:
            break
        shown = f"{line} | {shown}" if shown else line
    return shown


def _environment(options: Mapping[str, str]) -> dict[str, str]:
    """Commands installed beside this interpreter come first on PATH."""
    beside = str(Path(sys.executable).parent)
    given = {
        name.removeprefix("env."): value
        for name, value in options.items()
        if name.startswith("env.")
    }
    path = f"{beside}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    return {**os.environ, "PATH": path, **given}
