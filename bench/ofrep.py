"""CPU and latency of one OFREP evaluation over HTTP: the whole server, with tokens and store.

Run: python bench/ofrep.py
The server has CPU 0 for itself where there are two, and the load CPU 1. Requests go over 64 and
over 4 keep-alive connections, each sending the next request when it has its answer. CPU is the
server process's own, from /proc; latency is what a connection waits. Other servers count where
they are installed: `flagd` is looked for on the PATH.

`floor` is the same protocol stack answering a constant, without token, context or flag.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from footprint import free_port, resident, wait_until_ready
from peers.asked import RULE, document

ROUNDS, SECONDS, SETTLE_S = 5, 3.0, 0.5
TARGET_US, TARGET_P99_MS, MOST = 35.0, 5.0, 64
COUNTRIES = ["MY", "SG", "EG", "ID", "TH", "US", "DE"]
PATH = "/ofrep/v1/evaluate/flags/flag-c"
TICK = os.sysconf("SC_CLK_TCK")
BOTH = sorted(os.sched_getaffinity(0))
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.environ.get("PYTHONPATH", "")}


class Served(NamedTuple):
    """A server under load: its process, its port, and the token that it wants."""

    pid: int
    port: int
    token: str


class Seen(NamedTuple):
    """What one round has shown."""

    cpu_us: float
    per_s: float
    p50_ms: float
    p99_ms: float


def requests(served: Served) -> list[bytes]:
    """Return 1,000 requests, each about another patient with six attributes."""
    found = []
    for number in range(1000):
        context = {
            "targetingKey": f"patient-{number}",
            "country": COUNTRIES[number % 7],
            "version": f"2.{number % 6}.{number % 3}",
            "ward": "ICU",
            "age": 20 + number % 60,
            "beta": number % 2 == 0,
        }
        body = json.dumps({"context": context}).encode()
        head = (
            f"POST {PATH} HTTP/1.1\r\nhost: 127.0.0.1:{served.port}\r\n"
            f"authorization: Bearer {served.token}\r\ncontent-type: application/json\r\n"
            f"content-length: {len(body)}\r\n\r\n"
        )
        found.append(head.encode() + body)
    return found


class Connection(asyncio.Protocol):
    """Sends one request after the other and notes how long each took."""

    def __init__(self, messages: list[bytes], start: int, waits: list[float]) -> None:
        self._messages, self._next, self._waits = messages, start, waits
        self._sent = 0.0
        self._buffer = b""
        self.going = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._send()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, body = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return
        length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
        if len(body) < length:
            return
        if not head.startswith(b"HTTP/1.1 200"):
            raise SystemExit(f"the server answered {head[:40]!r} {body[:200]!r}")
        self._waits.append(time.perf_counter() - self._sent)
        self._buffer = body[length:]
        if self.going:
            self._send()

    def _send(self) -> None:
        self._next = (self._next + 1) % len(self._messages)
        self._sent = time.perf_counter()
        self._transport.write(self._messages[self._next])  # type: ignore[attr-defined]


async def loaded(served: Served, connections: int) -> Seen:
    """Put one round of load on a server."""
    waits: list[float] = []
    messages, loop = requests(served), asyncio.get_running_loop()
    made = [Connection(messages, number * 37 % 1000, waits) for number in range(connections)]
    pairs = [
        await loop.create_connection(lambda one=one: one, "127.0.0.1", served.port) for one in made
    ]
    await asyncio.sleep(SETTLE_S)
    waits.clear()
    began, cpu = time.perf_counter(), spent(served.pid)
    await asyncio.sleep(SECONDS)
    cpu, count, span = spent(served.pid) - cpu, len(waits), time.perf_counter() - began
    for one in made:
        one.going = False
    for transport, _ in pairs:
        transport.close()
    cuts = statistics.quantiles(waits, n=100)
    return Seen(cpu / count * 1e6, count / span, cuts[49] * 1000, cuts[98] * 1000)


def spent(pid: int) -> float:
    """Return CPU seconds of a process, its threads included."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def pin(pid: int, cpu: int) -> None:
    """Keep a process to one CPU, where there are two; threads to come stay there as well."""
    if len(BOTH) > 1:
        os.sched_setaffinity(pid, {BOTH[cpu]})


@contextlib.contextmanager
def started(command: list[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server on CPU 0; it is ended, by its id, whatever happens."""
    with log.open("wb") as told:
        process = subprocess.Popen(command, stdout=told, stderr=told, env=ENVIRONMENT)
        pin(process.pid, 0)
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(20)


@contextlib.contextmanager
def phasegate() -> Iterator[Served]:
    """The control plane as it is run, with the flag as a definition of its own."""
    with tempfile.TemporaryDirectory() as folder:
        data, port = Path(folder), free_port()
        log = data / "log"
        order = [sys.executable, "-m", "phasegate.cli.main", "serve"]
        order += ["--data", str(data / "pg"), "--port", str(port)]
        with started(order, log) as process:
            wait_until_ready(port)
            token = log.read_text().partition("PHASEGATE_TOKEN=")[2].split()[0]
            definition = document({"flag-c": RULE})["flags"]["flag-c"]
            post(port, token, "create", {"reason": "bench", "definition": definition})
            yield Served(process.pid, port, token)


def post(port: int, token: str, change: str, body: object) -> None:
    asked = urllib.request.Request(
        f"http://127.0.0.1:{port}/api/v1/flags/flag-c/{change}",
        json.dumps(body).encode(),
        {"Authorization": f"Bearer {token}"},
        method="POST",
    )
    urllib.request.urlopen(asked, timeout=5).close()


FLOOR = """
import uvicorn
async def app(scope, receive, send):
    while (await receive()).get("more_body"):
        pass
    length = (b"content-length", b"%d" % len(BODY))
    await send({"type": "http.response.start", "status": 200, "headers": [JSON, length]})
    await send({"type": "http.response.body", "body": BODY})
JSON = (b"content-type", b"application/json")
BODY = b'{"key":"flag-c","reason":"TARGETING_MATCH","value":true,"variant":"on","metadata":{}}'
uvicorn.run(app, port=PORT, loop="uvloop", http="httptools", access_log=False, lifespan="off",
            log_level="warning")
"""


@contextlib.contextmanager
def floor() -> Iterator[Served]:
    """uvicorn, uvloop and httptools around a constant."""
    port = free_port()
    code = FLOOR.replace("PORT", str(port))
    with (
        tempfile.TemporaryDirectory() as folder,
        started([sys.executable, "-c", code], Path(folder, "log")) as process,
    ):
        wait_for(port)
        yield Served(process.pid, port, "none")


@contextlib.contextmanager
def flagd() -> Iterator[Served]:
    """flagd itself, from a file."""
    command, port = shutil.which("flagd"), free_port()
    if command is None:
        raise FileNotFoundError("flagd")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "flags.json")
        file.write_text(json.dumps(document({"flag-c": RULE})))
        order = [command, "start", "--uri", f"file:{file}", "--ofrep-port", str(port)]
        with started(order, Path(folder, "log")) as process:
            wait_for(port)
            yield Served(process.pid, port, "none")


def wait_for(port: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}{PATH}", b"{}", timeout=1).close()
            return
        except urllib.error.HTTPError:
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.01)
    raise SystemExit("a server was not ready within 30 s")


SERVERS = {"phasegate": phasegate, "floor": floor, "flagd": flagd}


def main() -> None:
    import uvloop

    pin(0, 1)
    heads = ("CPU µs", "worst", "capacity/s", "measured/s", "p50 ms", "p99 ms", "best p99")
    print(f"{'':<22}" + "".join(f"{head:>12}" for head in heads) + f"{'RSS MiB':>10}")
    absent, best = [], {}
    for name, serve in SERVERS.items():
        try:
            with serve() as served:
                for connections in (64, 4):
                    rounds = [uvloop.run(loaded(served, connections)) for _ in range(ROUNDS)]
                    told(f"{name}, {connections}", rounds, resident(served.pid))
                    best[name, connections] = rounds
        except FileNotFoundError:
            absent.append(name)
    if absent:
        print(f"absent, so not measured: {', '.join(absent)}")
    verdict(best["phasegate", MOST])


def told(what: str, rounds: list[Seen], memory: float) -> None:
    cpu = statistics.median(one.cpu_us for one in rounds)
    cells = (
        f"{cpu:>12.1f}{max(one.cpu_us for one in rounds):>12.1f}{1e6 / cpu:>12,.0f}"
        f"{statistics.median(one.per_s for one in rounds):>12,.0f}"
        f"{statistics.median(one.p50_ms for one in rounds):>12.2f}"
        f"{statistics.median(one.p99_ms for one in rounds):>12.2f}"
        f"{min(one.p99_ms for one in rounds):>12.2f}"
    )
    print(f"{what + ' connections':<22}{cells}{memory:>10.0f}")


def verdict(rounds: list[Seen]) -> None:
    cpu = statistics.median(one.cpu_us for one in rounds)
    p99 = min(one.p99_ms for one in rounds)
    print(
        f"{'met ' if cpu <= TARGET_US else 'MISSED'} {cpu:.1f} µs of CPU each, of {TARGET_US:.0f}"
    )
    met = "met " if p99 <= TARGET_P99_MS else "MISSED"
    print(f"{met} p99 {p99:.2f} ms at {MOST} connections in the quietest round, of 5 ms")


if __name__ == "__main__":
    main()
