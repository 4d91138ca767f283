"""Real processes for demonstrations, drills and end-to-end tests: always ended."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

BIN = Path(sys.executable).parent
"""Where this interpreter's programs are: `phasegate` and `clinic` among them."""

T = TypeVar("T")


class Unexpected(AssertionError):
    """Something that was promised did not happen."""


class Processes:
    """Processes by name; whatever was started is ended by `end`, the latest first."""

    def __init__(self, folder: Path) -> None:
        """Keep every process's output in `folder`/NAME.log."""
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def spawn(self, name: str, *command: str, environment: Mapping[str, str] | None = None) -> int:
        """Start one of this interpreter's programs and return its process id."""
        with (self.folder / f"{name}.log").open("ab") as out:
            self._running[name] = subprocess.Popen(
                [str(BIN / command[0]), *command[1:]],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(environment or {})},
            )
        return self._running[name].pid

    def kill(self, name: str) -> None:
        """End a process as a power cut would: SIGKILL, and wait until it is gone."""
        process = self._running.pop(name)
        process.kill()
        process.wait()

    def send(self, name: str, number: signal.Signals) -> None:
        """Send a signal to a process."""
        self._running[name].send_signal(number)

    def finish(self, name: str, within_s: float) -> int:
        """Wait until a process has ended by itself and return its exit code."""
        return self._running.pop(name).wait(timeout=within_s)

    def until(self, what: str, happens: Callable[[], T], most_s: float = 60.0) -> T:
        """Return what `happens` returns once it is true; Unexpected in time, or if one has died."""
        until = time.monotonic() + most_s
        while time.monotonic() < until:
            self._all_alive()
            found = happens()
            if found:
                return found
            time.sleep(0.1)
        raise Unexpected(f"this did not happen within {most_s:.0f} s: {what}")

    def end(self) -> None:
        """End every process that still runs."""
        for process in reversed(self._running.values()):
            process.send_signal(signal.SIGCONT)
            process.terminate()
        for process in reversed(self._running.values()):
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._running.clear()

    def _all_alive(self) -> None:
        for name, process in self._running.items():
            if process.poll() is not None:
                end = (self.folder / f"{name}.log").read_text(errors="replace")[-500:]
                raise Unexpected(f"{name} ended by itself with {process.returncode}: {end}")


def free_ports(count: int) -> list[int]:
    """Return loopback ports that nobody uses."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]
    finally:
        for one in sockets:
            one.close()
