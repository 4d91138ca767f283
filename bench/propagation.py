"""How long one safety-critical event takes to become the safe variant in 100 applications.

Run: python bench/propagation.py

A real server on a store of its own, 100 clients in two processes, one flag served to everyone.
Each round posts one event and takes the time from just before it is sent until each client
evaluates the safe variant; all processes share the machine's monotonic clock. The event comes at a
random moment between two rounds of the engine. Then the component is tried again.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from footprint import free_port, serving, wait_until_ready
from phasegate.client import FlagClient

ROUNDS, PROCESSES, CLIENTS_EACH = 20, 2, 50
PATIENT = "patient-1"

PLAN = """\
plan: propagation
environment: bench
author: ada
unattended: withdraw after 15m
hazards: {H1: {text: harm, guarded_by: [safety_critical]}}
metrics: {safety_critical: {kind: sentinel, event: safety.critical}}
phases:
  alpha:
    title: Everyone
    lasts: 1h to 8h
    components: {new_cart: 100%}
    pass_when: [no safety_critical]
    roll_back_when: [safety_critical]
"""


class Applications:
    """Clients of one process: when did each begin to evaluate the safe variant."""

    def __init__(self, url: str, token: str) -> None:
        self._told = threading.Condition()
        self._off: dict[int, float] = {}
        self._clients: dict[int, FlagClient] = {}
        for index in range(CLIENTS_EACH):
            self._clients[index] = FlagClient(
                url, "bench", token, name=f"bench-{index}", on_news=lambda _, i=index: self._note(i)
            )
        for client in self._clients.values():
            require(client.wait_ready(20), "a client got no flags")

    def all_on(self) -> list[float]:
        """Wait until every client serves what is on trial."""
        # Asked for, not told: the lease that turns it on may come after the flags.
        deadline = time.monotonic() + 20
        while not all(self._is_on(index) for index in self._clients):
            require(time.monotonic() < deadline, "not every client turned on within 20 s")
            time.sleep(0.005)
        with self._told:
            self._off.clear()
        return []

    def all_off(self) -> list[float]:
        """Wait until every client serves the safe variant; return when each began to."""
        with self._told:
            everyone = self._told.wait_for(lambda: len(self._off) == CLIENTS_EACH, 20)
            require(everyone, "not every client turned off within 20 s")
            return list(self._off.values())

    def close(self) -> None:
        for client in self._clients.values():
            client.close()

    def _is_on(self, index: int) -> bool:
        return self._clients[index].boolean("new_cart", False, PATIENT)

    def _note(self, index: int) -> None:
        """Called as soon as new flags are in force in a client."""
        if index in self._clients and not self._is_on(index):
            now = time.monotonic()
            with self._told:
                self._off.setdefault(index, now)
                self._told.notify()


class ControlPlane:
    """The server as a person and a collector reach it, each over a connection that stays open."""

    def __init__(self, port: int, token: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        self._headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}

    def ask(self, method: str, path: str, body: object = None) -> Any:
        content = None if body is None else json.dumps(body)
        self._connection.request(method, path, content, self._headers)
        answer = self._connection.getresponse()
        text = answer.read()
        require(answer.status < 300, text.decode())
        return json.loads(text)

    def wait_for(self, run: str, kind: str, after: int) -> dict[str, Any]:
        """Return the first event of this kind behind a number."""
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            events = self.ask("GET", f"/api/v1/runs/{run}/events?after={after}")["events"]
            found: list[dict[str, Any]] = [event for event in events if event["kind"] == kind]
            if found:
                return found[0]
            time.sleep(0.05)
        raise SystemExit(f"no {kind} within 20 s")


def require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise SystemExit(otherwise)


def main() -> None:
    port = free_port()
    with tempfile.TemporaryDirectory() as data, serving(Path(data), port, "bench"):
        wait_until_ready(port)
        token = re.findall(r"pg_[\w-]+", (Path(data) / "log").read_text())[0]
        clients = [applications(port, token) for _ in range(PROCESSES)]
        try:
            answers(clients)
            turned, safe = rounds(ControlPlane(port, token), clients)
        finally:
            for process in clients:
                process.communicate("end\n", timeout=20)
    report(turned, safe)


def rounds(plane: ControlPlane, clients: list[subprocess.Popen[str]]) -> tuple[Any, list[float]]:
    """Return each round's times per client in ms, and what the run says of its own rollbacks."""
    run, number = plane.ask("POST", "/api/v1/runs", {"plan": PLAN})["log"], 0
    turned: list[list[float]] = []
    safe: list[float] = []
    for _ in range(ROUNDS):
        number = plane.wait_for(run, "exposure_confirmed", number)["number"]
        waiting(clients, on=True)
        time.sleep(random.uniform(0.6, 1.1))
        began = time.monotonic()
        plane.ask("POST", "/v1/logs", event())
        off = [at for times in waiting(clients, on=False) for at in times]
        turned.append([(at - began) * 1000 for at in off])
        confirmed = plane.wait_for(run, "rollback_confirmed", number)
        safe.append(confirmed["body"]["time_to_safe_ms"])
        number = confirmed["number"]
        plane.ask("POST", f"/api/v1/runs/{run}/retry", {"reason": "the next round"})
    return turned, safe


def report(turned: list[list[float]], safe: list[float]) -> None:
    each = sorted(time for times in turned for time in times)
    slowest = [max(times) for times in turned]
    print(f"{PROCESSES * CLIENTS_EACH} clients, {ROUNDS} rounds, n = {len(each)}")
    print("from just before one event is sent until a client evaluates the safe variant:")
    print(f"  per client   median {statistics.median(each):5.0f} ms   target < 300 ms")
    print(f"  per client   p99    {each[int(len(each) * 0.99)]:5.0f} ms   target < 1000 ms")
    print(
        f"  last client  median {statistics.median(slowest):5.0f} ms, worst {max(slowest):.0f} ms"
    )
    print(f"time to safe that the run writes down: median {statistics.median(safe):.0f} ms")


def event() -> object:
    """Return what an application says of one patient, as OTLP in JSON: served, then harmed."""
    about = {"feature_flag.context.id": PATIENT}
    served = {**about, "feature_flag.key": "new_cart", "feature_flag.result.variant": "on"}
    records = [record("feature_flag.evaluation", served), record("safety.critical", about)]
    return {"resourceLogs": [{"scopeLogs": [{"logRecords": records}]}]}


def record(name: str, told: dict[str, str]) -> object:
    attributes = [{"key": key, "value": {"stringValue": value}} for key, value in told.items()]
    return {"timeUnixNano": str(time.time_ns()), "eventName": name, "attributes": attributes}


def applications(port: int, token: str) -> subprocess.Popen[str]:
    """Start a process of clients; it tells when it is connected, and answers `on` and `off`."""
    return subprocess.Popen(
        [sys.executable, __file__, f"http://127.0.0.1:{port}"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PHASEGATE_TOKEN": token},
    )


def waiting(clients: list[subprocess.Popen[str]], *, on: bool) -> list[list[float]]:
    for process in clients:
        if process.stdin:
            process.stdin.write("on\n" if on else "off\n")
            process.stdin.flush()
    return answers(clients)


def answers(clients: list[subprocess.Popen[str]]) -> list[list[float]]:
    lines = [process.stdout.readline() if process.stdout else "" for process in clients]
    require(all(lines), "a process of clients ended early")
    return [json.loads(line) for line in lines]


def serve_questions(url: str) -> None:
    clients = Applications(url, os.environ["PHASEGATE_TOKEN"])
    print("[]", flush=True)
    for line in sys.stdin:
        if line.strip() == "end":
            break
        print(json.dumps(clients.all_on() if line == "on\n" else clients.all_off()), flush=True)
    clients.close()


if __name__ == "__main__":
    serve_questions(sys.argv[1]) if len(sys.argv) > 1 else main()
