"""A thousand applications on one server: what their streams weigh, how soon a change reaches all.

Run: python bench/streams.py [--streams 1000] [--changes 40]

A real server serves 20 flags; one other process holds all streams, reads them as they come and
acknowledges every version over HTTP as our client does. The clock starts just before the change is
asked for and stops, for each stream, once the whole document with that change has arrived.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import resource
import statistics
import tempfile
import time
from collections.abc import Awaitable
from pathlib import Path

from footprint import free_port, resident, serving, wait_until_ready

FLAGS, SENDERS = 20, 8
SETTLED_S = 3.0


class Streams:
    """Open streams, and when each got which version."""

    def __init__(self, port: int, token: str) -> None:
        self._port = port
        self._head = f"Host: bench\r\nAuthorization: Bearer {token}\r\n"
        self._acks: asyncio.Queue[tuple[str, int]] = asyncio.Queue()
        self._tasks: list[asyncio.Task[None]] = []
        self.arrived: dict[int, list[float]] = {}

    async def open(self, count: int) -> None:
        """Open that many, and return when each has its flags."""
        self._tasks += [asyncio.create_task(self._acknowledge()) for _ in range(SENDERS)]
        for number in range(count):
            self._tasks.append(asyncio.create_task(self._follow(number)))
            if number % 50 == 49:
                await asyncio.sleep(0.02)
        await until(lambda: sum(map(len, self.arrived.values())) >= count)

    def close(self) -> None:
        for task in self._tasks:
            task.cancel()

    async def change(self, exposure: int) -> tuple[float, int]:
        """Change a flag; return when that was asked for, and the version it made."""
        before = max(self.arrived)
        began = time.monotonic()
        body = {"reason": "bench", "exposure": exposure}
        await self.ask("POST", "/api/v1/flags/flag_0/set", body)
        await until(lambda: max(self.arrived) > before)
        return began, max(self.arrived)

    async def ask(self, method: str, path: str, body: object) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        await self._exchange(reader, writer, method, path, body)
        writer.close()

    async def _exchange(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        method: str,
        path: str,
        body: object,
    ) -> None:
        content = json.dumps(body).encode()
        head = f"{method} {path} HTTP/1.1\r\n{self._head}Content-Type: application/json\r\n"
        writer.write(f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content)
        told = await reader.readuntil(b"\r\n\r\n")
        if told[9:10] != b"2":
            raise SystemExit(f"{method} {path} was answered {told[:60]!r}")
        size = re.search(rb"content-length: (\d+)", told.lower())
        await reader.readexactly(int(size[1]) if size else 0)

    async def _follow(self, number: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port, limit=2**20)
        writer.write(
            f"GET /flags/v1/stream?name=app-{number} HTTP/1.1\r\n{self._head}\r\n".encode()
        )
        stream = ""
        while True:
            line = await reader.readline()
            if line.startswith(b'data: {"stream"'):
                stream = json.loads(line[6:])["stream"]
            elif line.startswith(b'data: {"version"'):
                version = int(line[17 : line.index(b",")])
                self.arrived.setdefault(version, []).append(time.monotonic())
                self._acks.put_nowait((stream, version))

    async def _acknowledge(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        while True:
            stream, version = await self._acks.get()
            path = f"/flags/v1/streams/{stream}/ack"
            await self._exchange(reader, writer, "POST", path, {"version": version})


def cpu_ms(pid: int) -> float:
    """Return the processor time that a process has had."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


async def until(holds, most_s: float = 60.0) -> None:
    deadline = time.monotonic() + most_s
    while not holds():
        if time.monotonic() > deadline:
            raise SystemExit("it did not come to that in time")
        await asyncio.sleep(0.002)


async def measure(port: int, pid: int, token: str, count: int, changes: int) -> None:
    streams = Streams(port, token)
    for number in range(FLAGS):
        await streams.ask(
            "POST", f"/api/v1/flags/flag_{number}/set", {"reason": "bench", "exposure": 0}
        )
    await asyncio.sleep(SETTLED_S)
    alone = resident(pid)
    await streams.open(count)
    await asyncio.sleep(SETTLED_S)
    weight = resident(pid) - alone
    each, last, spread = [], [], 0.0
    before, own = cpu_ms(pid), time.process_time()
    for round_ in range(changes):
        began_ms = cpu_ms(pid)
        began, version = await streams.change(100 * (round_ + 1))
        await until(lambda version=version: len(streams.arrived.get(version, ())) >= count)
        spread += cpu_ms(pid) - began_ms
        took = sorted((at - began) * 1000 for at in streams.arrived[version])
        each += took
        last.append(took[-1])
        await asyncio.sleep(0.2)
    after, worked = resident(pid) - alone, (cpu_ms(pid) - before) / changes
    own_ms = (time.process_time() - own) * 1000 / changes
    streams.close()
    cuts = statistics.quantiles(each, n=100)
    print(f"{count:,} streams on one server, {FLAGS} flags, every version acknowledged")
    print(
        f"memory for all      {weight:6.1f} MB   target < 60 MB; {after:.1f} MB after the changes"
    )
    print(f"a change to each    {cuts[49]:6.0f} ms   p99 {cuts[98]:.0f} ms, target < 500 ms")
    print(f"a change to the last{statistics.median(last):6.0f} ms   worst {max(last):.0f} ms")
    print(
        f"server's processor  {worked:6.0f} ms for a change: {spread / changes:.0f} ms until it "
        "has arrived at all, then the rest of its acknowledgements"
    )
    print(f"clients' processor  {own_ms:6.0f} ms for a change")
    print(f"n = {changes} changes × {count:,} streams")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--streams", type=int, default=1000)
    parser.add_argument("--changes", type=int, default=40)
    asked = parser.parse_args()
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 4 * asked.streams + 200), most))
    port = free_port()
    with tempfile.TemporaryDirectory() as data, serving(Path(data), port) as server:
        wait_until_ready(port)
        token = re.findall(r"pg_[\w-]+", (Path(data) / "log").read_text())[0]
        measured: Awaitable[None] = measure(port, server.pid, token, asked.streams, asked.changes)
        asyncio.run(measured)


if __name__ == "__main__":
    main()
