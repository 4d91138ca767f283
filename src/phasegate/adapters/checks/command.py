"""A command as a check: it passes when the command ends with exit code 0 in time."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Lock

from phasegate.ports import Exercise, Unavailable

MOST_SHOWN = 300
"""Characters of output that a finding keeps: its end, where commands say what went wrong."""

OWN = "phasegate"

KEEP = "phasegate:"
"""Begins a line that a command means to be kept. Anything else that it prints may name a patient,
and a finding is kept for good and exported."""


class CommandCheck:
    """Runs a command line without a shell, in the plan's directory.

    Options: command; directory; `env.NAME` become environment variables. It must be repeatable:
    after a crash between its end and its finding it is run again.
    """

    def __init__(
        self, variables: Mapping[str, str] | None = None, *, keeps_output: bool = False
    ) -> None:
        """variables: environment variables that every command is given.

        keeps_output   all lines may be kept, not just those that begin with KEEP.
        """
        self._variables = dict(variables or {})
        self._keeps_output = keeps_output
        self._lock = Lock()
        self._running: set[subprocess.Popen[str]] = set()
        self._stopping = False

    def stop(self) -> None:
        """End all commands under way, and start no more."""
        with self._lock:
            self._stopping = True
            running = list(self._running)
        for run in running:
            _end_all(run)

    def exercise(self, options: Mapping[str, str], deadline_s: float) -> Exercise:
        """Pass on exit code 0. Raises Unavailable if it cannot be started or takes too long."""
        line = _words(options["command"])
        code, said = self._run(line, options, deadline_s)
        # Our own commands name no patient, and say in full why something does not hold.
        shown = self._shown(said, every=self._keeps_output or Path(line[0]).name == OWN)
        if code == 0:
            return Exercise(passed=True, exercised=1, seen=shown or "exit code 0, no output")
        return Exercise(
            passed=False,
            exercised=1,
            seen=f"exit code {code}: {shown or 'no output'}",
            remedy=f"Run `{options['command']}` by hand, mend what it names, then retry the phase.",
        )

    def _run(
        self, line: list[str], options: Mapping[str, str], deadline_s: float
    ) -> tuple[int, str]:
        """Return exit code and output."""
        with _started(line, options["directory"], _environment(options) | self._variables) as run:
            self._begun(run)
            try:
                out, err = run.communicate(timeout=deadline_s)
            except subprocess.TimeoutExpired as error:
                _end_all(run)
                raise Unavailable(f"{line[0]} did not end within {deadline_s:g} s") from error
            finally:
                self._ended(run)
        if self._stopping:
            # Its exit code may be our doing, so it says nothing of health or harm.
            raise Unavailable(f"{line[0]} was ended, since the server was")
        return run.returncode, out + "\n" + err

    def _begun(self, run: subprocess.Popen[str]) -> None:
        with self._lock:
            self._running.add(run)
            late = self._stopping
        if late:
            _end_all(run)

    def _ended(self, run: subprocess.Popen[str]) -> None:
        with self._lock:
            self._running.discard(run)

    def _shown(self, said: str, *, every: bool) -> str:
        """Return what of an output may be kept, and how much is not."""
        lines = [" ".join(line.split()) for line in said.splitlines()]
        lines = [line for line in lines if line]
        if every:
            return _end_of(lines)
        meant = [line.removeprefix(KEEP).strip() for line in lines if line.startswith(KEEP)]
        others = len(lines) - len(meant)
        told = f"{others} line{'' if others == 1 else 's'} of output not kept" if others else ""
        return " | ".join(part for part in (_end_of(meant), told) if part)


def _words(command: str) -> list[str]:
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise Unavailable(f"the command `{command}` cannot be read: {error}") from error
    if not words:
        raise Unavailable("the command is empty")
    return words


def _started(
    line: list[str], directory: str, environment: Mapping[str, str]
) -> subprocess.Popen[str]:
    """Start a command as the first of a group of its own. Raises Unavailable if it cannot be."""
    if not Path(directory).is_dir():
        raise Unavailable(f"the plan's folder {directory} is not on this machine")
    try:
        return subprocess.Popen(
            line,
            cwd=directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
        )
    except FileNotFoundError as error:
        raise Unavailable(f"there is no command {line[0]} on this machine") from error
    except (OSError, ValueError) as error:
        raise Unavailable(f"{line[0]} cannot be started ({error})") from error


def _end_all(run: subprocess.Popen[str]) -> None:
    """End a late command with all it has started, so that the next try is alone."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(run.pid, signal.SIGKILL)


def _end_of(lines: Sequence[str]) -> str:
    """Return the last lines of an output in one line, as many as fit."""
    shown = lines[-1][-MOST_SHOWN:] if lines else ""
    for line in reversed(lines[:-1]):
        if len(line) + len(shown) > MOST_SHOWN:
            break
        shown = f"{line} | {shown}"
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
