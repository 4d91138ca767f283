"""How soon the control plane is ready, what it weighs when idle, how soon the command answers.

Run: python bench/footprint.py
"""

from __future__ import annotations

import contextlib
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

STARTS, COMMANDS, IDLE_S = 5, 15, 5.0
PHASEGATE = (sys.executable, "-m", "phasegate.cli.main")


def main() -> None:
    started = [start() for _ in range(STARTS)]
    waited = [seconds for seconds, _ in started]
    weighed = [megabytes for _, megabytes in started if megabytes]
    asked = [version() for _ in range(COMMANDS)]
    print(f"{'':<34}{'median':>10}{'worst':>10}{'target':>12}{'n':>5}")
    tell("serve until /health/ready, s", waited, "< 1.5", ".2f")
    tell(f"resident after {IDLE_S:.0f} s idle, MB", weighed, "< 120", ".0f")
    tell("phasegate --version, ms", asked, "< 150", ".0f")


def tell(what: str, values: list[float], target: str, shape: str) -> None:
    middle, worst = format(statistics.median(values), shape), format(max(values), shape)
    print(f"{what:<34}{middle:>10}{worst:>10}{target:>12}{len(values):>5}")


def start() -> tuple[float, float]:
    """Return seconds until ready, and megabytes once idle."""
    port = free_port()
    with tempfile.TemporaryDirectory() as data:
        began = time.monotonic()
        with serving(Path(data), port) as process:
            wait_until_ready(port)
            ready = time.monotonic() - began
            time.sleep(IDLE_S)
            return ready, resident(process.pid)


@contextlib.contextmanager
def serving(
    data: Path, port: int, environment: str = "production"
) -> Iterator[subprocess.Popen[bytes]]:
    """Serve on a store of its own; the process is ended, by its id, whatever happens."""
    log = (data / "log").open("wb")
    options = ("--data", str(data / "pg"), "--port", str(port), "--environment", environment)
    process = subprocess.Popen(
        [*PHASEGATE, "serve", *options],
        stdout=log,
        stderr=log,
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)
        log.close()


def wait_until_ready(port: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with contextlib.suppress(urllib.error.URLError, OSError):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=1).close()
            return
        time.sleep(0.005)
    raise SystemExit("the control plane was not ready within 30 s")


def resident(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise SystemExit(f"process {pid} is gone")


def version() -> float:
    """Return milliseconds that the installed command takes to say its version."""
    command = Path(sys.executable).parent / "phasegate"
    began = time.perf_counter()
    subprocess.run([command, "--version"], check=True, capture_output=True)
    return (time.perf_counter() - began) * 1000


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


if __name__ == "__main__":
    main()
