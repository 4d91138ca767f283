"""A control plane as a process of its own: started, watched, stalled, killed."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import httpx

PATIENCE_S = 60.0
"""How long something is waited for that should come: longer costs only where a drill fails."""

T = TypeVar("T")

progress = logging.getLogger("phasegate.drills")
"""Told what a drill begins to do or to wait for, for whoever watches."""


class Broken(Exception):
    """A promise did not hold, or the drill could not be carried out; the text says which."""


class ServerProcess:
    """One `phasegate serve` on loopback. `url` is where it answers."""

    def __init__(self, name: str, folder: Path, store: str, wall: Path | None = None) -> None:
        """Start it; `ready` waits for it. wall: a file that says how wrong its wall clock is."""
        self.name = name
        self.folder = folder / name
        self.folder.mkdir(parents=True, exist_ok=True)
        progress.info("server %s starts", name)
        if wall is None:
            given = ["serve", "--port", "0", "--json", "--environment", "drill"]
            command = ["phasegate.cli.main", *given, "--data", str(self.folder)]
        else:
            command = ["phasegate.drills.wrong_clock", str(wall), str(self.folder)]
        self._log = (self.folder / "log").open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "-m", *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env={**os.environ, "PHASEGATE_STORE": store, "PYTHONUNBUFFERED": "1"},
        )
        self.url = self._told()["url"]

    @property
    def log(self) -> str:
        """What it has said so far."""
        return (self.folder / "log").read_text(errors="replace")

    def kill(self) -> None:
        """End it at once."""
        self.process.kill()
        self.process.wait()

    def stall(self) -> None:
        """Stop it where it is."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on as if nothing had been."""
        self.process.send_signal(signal.SIGCONT)

    def end(self) -> None:
        """End it, however it is; nothing of it stays."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.kill()
        if self.process.stdout is not None:
            self.process.stdout.close()
        self._log.close()

    def _told(self) -> dict[str, str]:
        assert self.process.stdout is not None, "it has a pipe"
        text = b""
        while not text.endswith(b"}\n"):
            line = self.process.stdout.readline()
            if not line:
                raise Broken(f"server {self.name} did not start: {self.log[-2000:]}")
            text += line
        answer: dict[str, str] = json.loads(text)
        return answer


def until(what: str, happens: Callable[[], T], most_s: float = PATIENCE_S) -> tuple[T, float]:
    """Wait until something is so; return it and the seconds that took. Raises Broken."""
    began = time.perf_counter()
    progress.info("waits until %s", what)
    why = ""
    while True:
        try:
            found = happens()
            if found:
                return found, time.perf_counter() - began
        except httpx.HTTPError as error:
            why = f" ({type(error).__name__}: {error})"
        if time.perf_counter() - began > most_s:
            raise Broken(f"this did not come in {most_s:.0f} s: {what}{why}")
        time.sleep(0.01)
