"""Request spans a second that one server takes in, on one core, from senders over loopback.

Run: python bench/ingest.py [--seconds 120] [--rate 30000]

A real server process with a run under way: two components at half of all customers, and for each
an error rate, a response time with two bounds, a rating and a sentinel to watch. Without --rate
four connections send as fast as they are answered.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from _spans import FLAGS, SPANS, Body, critical
from phasegate.testing.processes import BIN, Processes, free_ports

SUBJECTS = 100_000
BODIES = 200
CONNECTIONS = 4
TICK = os.sysconf("SC_CLK_TCK")

PLAN = """
plan: shop
environment: production
author: ada
subjects: customer
traffic: 30000/s
metrics:
  error_rate: {kind: share, bad: error}
  response_time: {kind: quantile, at: 95%, of: duration, unit: ms}
  satisfaction: {kind: share, good: rating >= 4, event: rated}
  paid_twice: {kind: sentinel, event: payment.twice}
phases:
  alpha:
    lasts: 1h to 8h
    components: {new_cart: 50%, new_till: 50%}
    pass_when: [error_rate < 1%, response_time < 2s, no paid_twice]
    roll_back_when: [error_rate > 5%, response_time > 3s, satisfaction < 70%, paid_twice]
    sign_off: [approver]
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--rate", type=float, default=0.0, help="spans a second; 0: all it takes")
    parser.add_argument("--send", metavar="URL", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.send:
        print(json.dumps(send(asked.send, asked.seconds, asked.rate)))
        return
    with tempfile.TemporaryDirectory() as folder:
        processes = Processes(Path(folder) / "logs")
        try:
            told(measure(processes, Path(folder), asked.seconds, asked.rate))
        finally:
            processes.end()


def measure(processes: Processes, folder: Path, seconds: float, rate: float) -> dict[str, Any]:
    """Start a server and a run, have a sender process send, and say what both saw."""
    store = ("--data", str(folder / "store"))
    tokens = {
        name: subprocess.run(
            [str(BIN / "phasegate"), "token", "create", name, "--role", role, *store],
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()
        for name, role in (("ada", "operator"), ("shop", "application"))
    }
    (port,) = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    server = processes.spawn("server", "phasegate", "serve", *store, "--port", str(port))
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(server, cores[:1])
    os.sched_setaffinity(0, cores[1:] or cores)
    processes.until("the server is ready", lambda: _ok(f"{url}/health/ready"))
    plan = folder / "plan.yaml"
    plan.write_text(PLAN)
    desk = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {tokens['ada']}"})
    run = _started(url, tokens["ada"], plan)
    exposed = "exposure_confirmed"
    processes.until("customers are exposed", lambda: exposed in _kinds(desk, run))
    time.sleep(1)

    rss: list[int] = []
    ended = threading.Event()
    threading.Thread(target=_watch_memory, args=(server, rss, ended)).start()
    before = _cpu_s(server)
    sender = subprocess.Popen(
        [sys.executable, __file__, "--send", url, "--seconds", str(seconds), "--rate", str(rate)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PHASEGATE_TOKEN": tokens["shop"]},
    )
    assert sender.stdout is not None
    assert sender.stdout.readline() == "sending\n"
    time.sleep(max(1.0, seconds - 3))
    withdrawn_ms = _withdrawn_ms(desk, url, tokens["shop"], run)
    sent = json.loads(sender.communicate()[0])
    cpu = _cpu_s(server) - before
    time.sleep(1.5)
    ended.set()
    counters = desk.get("/api/v1/telemetry").json()
    return {
        **sent,
        "cpu_s": cpu,
        "rss": rss,
        # One more is the sentinel.
        "joined": counters["joined"] - 1,
        "judged": _judged(desk, run),
        "withdrawn_ms": withdrawn_ms,
    }


def send(url: str, seconds: float, rate: float) -> dict[str, float]:
    """Send from several connections for so long; runs in a process of its own."""
    draw = random.Random(1)
    bodies = [
        [Body(draw, SUBJECTS) for _ in range(BODIES // CONNECTIONS)] for _ in range(CONNECTIONS)
    ]
    counts = [
        dict.fromkeys(("accepted", "rejected", "asked_again", "slowest_ms"), 0.0) for _ in bodies
    ]
    threads = [
        threading.Thread(target=_send, args=(url, seconds, rate / CONNECTIONS, own, count, index))
        for index, (own, count) in enumerate(zip(bodies, counts, strict=True))
    ]
    print("sending", flush=True)
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - began
    totals = {name: sum(count[name] for count in counts) for name in counts[0]}
    totals["slowest_ms"] = max(count["slowest_ms"] for count in counts)
    return {**totals, "took_s": took, "bytes_per_span": len(bodies[0][0].bytes) / SPANS}


def _send(  # noqa: PLR0917 a thread's own things
    url: str, seconds: float, rate: float, bodies: list[Body], count: dict[str, float], index: int
) -> None:
    where = urlsplit(url)
    headers = {
        "Content-Type": "application/x-protobuf",
        "Authorization": f"Bearer {os.environ['PHASEGATE_TOKEN']}",
    }
    connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=30)
    began = time.perf_counter()
    number = 0
    while (passed := time.perf_counter() - began) < seconds:
        if rate and number * SPANS > rate * passed:
            time.sleep(0.001)
            continue
        body = bodies[number % len(bodies)].freshen(number * CONNECTIONS + index)
        at = time.perf_counter()
        connection.request("POST", "/v1/traces", body, headers)
        answer = connection.getresponse()
        told = answer.read()
        count["slowest_ms"] = max(count["slowest_ms"], (time.perf_counter() - at) * 1000)
        number += 1
        if answer.status == 200:
            count["rejected" if told else "accepted"] += SPANS
        elif answer.status in (429, 503):
            count["asked_again"] += SPANS
            time.sleep(float(answer.headers["retry-after"]))
        else:
            raise SystemExit(f"the server answered {answer.status}: {told!r}")
    connection.close()


def told(seen: dict[str, Any]) -> None:
    """Print the figures."""
    spans, rss = seen["accepted"], seen["rss"]
    late = rss[len(rss) // 2 :]
    print(f"{len(FLAGS)} flags a span, {seen['bytes_per_span']:.0f} bytes a span, ", end="")
    print(f"{SPANS} spans a request, {SUBJECTS:,} customers")
    print(f"accepted        {spans / seen['took_s']:>10,.0f} spans/s for {seen['took_s']:.0f} s")
    print(f"server CPU      {seen['cpu_s'] / spans * 1e6:>10.1f} µs/span, ", end="")
    print(f"{seen['cpu_s'] / seen['took_s']:.0%} of one core")
    print(f"server memory   {max(rss) / 1e6:>10.0f} MB at most; ", end="")
    print(f"{late[0] / 1e6:.0f} → {late[-1] / 1e6:.0f} MB in the second half")
    print(f"lost            {spans - seen['joined']:>10,.0f} of {spans:,.0f}; ", end="")
    judged = ", ".join(f"{name} {count:,}" for name, count in seen["judged"].items())
    print(f"judged: {judged}")
    print(f"asked again     {seen['asked_again']:>10,.0f} spans; rejected {seen['rejected']:,.0f}")
    print(f"slowest answer  {seen['slowest_ms']:>10.0f} ms")
    print(f"sentinel to withdrawn flag {seen['withdrawn_ms']:.0f} ms, under that load")


def _withdrawn_ms(desk: httpx.Client, url: str, token: str, run: str) -> float:
    headers = {"Content-Type": "application/x-protobuf", "Authorization": f"Bearer {token}"}
    began = time.perf_counter()
    httpx.post(f"{url}/v1/traces", content=critical(), headers=headers).raise_for_status()
    while "rollback_confirmed" not in _kinds(desk, run):
        time.sleep(0.005)
        if time.perf_counter() - began > 30:
            raise SystemExit("nothing was withdrawn")
    return (time.perf_counter() - began) * 1000


def _judged(desk: httpx.Client, run: str) -> dict[str, int]:
    guards = desk.get(f"/api/v1/runs/{run}").json()["guards"]
    return {
        f"{one['component']} {one['series']}": one["n"] + one["control_n"]
        for one in guards
        if one["series"] == "error_rate"
    }


def _started(url: str, token: str, plan: Path) -> str:
    done = subprocess.run(
        [str(BIN / "phasegate"), "run", "start", str(plan), "--json"],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "PHASEGATE_URL": url, "PHASEGATE_TOKEN": token},
    )
    return str(json.loads(done.stdout)["log"])


def _kinds(desk: httpx.Client, run: str) -> list[str]:
    events = desk.get(f"/api/v1/runs/{run}/events").raise_for_status().json()["events"]
    return [event["kind"] for event in events]


def _watch_memory(pid: int, rss: list[int], ended: threading.Event) -> None:
    page = os.sysconf("SC_PAGE_SIZE")
    while not ended.wait(0.5):
        rss.append(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * page)


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def _ok(url: str) -> bool:
    try:
        return httpx.get(url).status_code == 200
    except httpx.HTTPError:
        return False


if __name__ == "__main__":
    main()
