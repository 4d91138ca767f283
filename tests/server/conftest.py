"""A whole server on loopback with people to ask it, and the smallest plan worth starting."""

from __future__ import annotations

import socket
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from phasegate.core.plan import Role
from phasegate.server.access import new_token
from phasegate.server.app import Server, utc_now
from phasegate.settings import Settings

PLAN = """\
plan: checkout
environment: demo
author: ada
traffic: 6000/min
hazards:
  H1: {text: somebody pays twice, guarded_by: [safety_critical]}
metrics:
  error_rate: {kind: share, bad: error}
  safety_critical: {kind: sentinel, event: safety.critical}
phases:
  alpha:
    title: A few
    lasts: 1h to 8h
    components: {new_cart: 50%}
    pass_when: [error_rate < 5%]
    roll_back_when: [error_rate > 10%, safety_critical]
    sign_off: [approver]
"""

CAST = {
    "ada": Role.OPERATOR,
    "ben": Role.APPROVER,
    "cleo": Role.VIEWER,
    "shop": Role.APPLICATION,
}


class Plane:
    """A server that runs, and clients that ask it as the cast and as nobody."""

    def __init__(self, serve: Callable[..., Any], data: Path) -> None:
        self.data = data
        port = _free_port()
        self.server = Server(Settings(data=data, port=port, environment="demo"))
        self.store = self.server.engine.store
        self.url: str = serve(self.server, port).url
        self.secrets: dict[str, str] = {}
        self.clients = {"nobody": httpx.Client(base_url=self.url, trust_env=False, timeout=30)}
        for name, role in CAST.items():
            secret, token = new_token(name, role, utc_now())
            self.store.add_token(token)
            self.secrets[name] = secret
            headers = {"Authorization": f"Bearer {secret}"}
            self.clients[name] = httpx.Client(
                base_url=self.url, headers=headers, trust_env=False, timeout=30
            )
        self.server.start()

    def stop(self) -> None:
        self.server.stop()
        for client in self.clients.values():
            client.close()

    def lose(self, table: str) -> None:
        """Have the store fail from now on: somebody else took one of its tables away."""
        with closing(sqlite3.connect(self.data / "phasegate.sqlite")) as other:
            other.execute(f"ALTER TABLE {table} RENAME TO gone_{table}")

    def get(self, path: str, who: str = "ada") -> httpx.Response:
        return self.clients[who].get(path)

    def post(self, path: str, body: Any = None, who: str = "ada") -> httpx.Response:
        return self.clients[who].post(path, json={} if body is None else body)

    def start(self, **more: Any) -> str:
        """Have Ada start the plan; returns the run."""
        answer = self.post("/api/v1/runs", {"plan": PLAN, **more})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["log"])

    def another_round(self, until: Callable[..., None]) -> None:
        """Wait until the engine has begun and ended a round after this call."""
        for _ in range(2):  # the first to end may have begun before
            before = self.server.engine._loop.last
            self.server.engine.wake()
            until(lambda before=before: self.server.engine._loop.last is not before)

    def kinds(self, run: str) -> list[str]:
        found = self.get(f"/api/v1/runs/{run}/events").json()["events"]
        return [event["kind"] for event in found]

    def flag(self, key: str, environment: str = "demo") -> dict[str, Any]:
        """Return a flag as applications are served it."""
        path = f"/flags/v1/published?environment={environment}"
        flag: dict[str, Any] = self.get(path, "shop").json()["flags"][key]
        return flag


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


@pytest.fixture
def plane(serve: Callable[..., Any], tmp_path: Path) -> Iterator[Plane]:
    """A server with Ada, Ben, Cleo and an application, deciding in earnest."""
    started = Plane(serve, tmp_path)
    yield started
    started.stop()


@pytest.fixture
def plan() -> str:
    """The plan that `plane.start` starts."""
    return PLAN


@pytest.fixture
def refused() -> Callable[[httpx.Response, int, str], dict[str, str]]:
    """Assert a refusal that says what happened and what to do, and return it."""

    def check(answer: httpx.Response, status: int, code: str) -> dict[str, str]:
        assert answer.status_code == status, answer.text
        error: dict[str, str] = answer.json()["error"]
        assert error["code"] == code
        assert error["message"]
        assert error["remedy"]
        return error

    return check


@pytest.fixture
def exposed(plane: Plane, until: Callable[..., None]) -> Callable[[], str]:
    """Start a run and wait until its exposure is confirmed."""

    def start() -> str:
        run = plane.start()
        until(lambda: "exposure_confirmed" in plane.kinds(run))
        return run

    return start


@pytest.fixture
def safety_critical() -> Callable[[str], dict[str, Any]]:
    """Make an OTLP log request with one safety-critical event about a subject."""

    def make(subject: str) -> dict[str, Any]:
        told = {"feature_flag.context.id": subject}
        attributes = [{"key": key, "value": {"stringValue": told[key]}} for key in told]
        record = {
            "timeUnixNano": str(time.time_ns()),
            "eventName": "safety.critical",
            "attributes": attributes,
        }
        return {"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]}

    return make
