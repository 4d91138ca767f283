"""A server that answers by a script, a run as the API shows it, the command as people call it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import click
import pytest
from click.testing import CliRunner, Result

from phasegate.cli.main import cli

NOON = "2030-01-01T12:00:00+00:00"
HASH = "ab" * 32


class ScriptedServer:
    """Answers each (method, path) with what it was told: answers in a row, the last one for ever.

    /events answers honour `?after=`. asked holds (method, path, body) of every request.
    """

    def __init__(self) -> None:
        self.answers: dict[tuple[str, str], list[tuple[int, Any]]] = {}
        self.asked: list[tuple[str, str, Any]] = []
        self.queries: list[dict[str, list[str]]] = []
        self.tokens: list[str] = []
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}"

    def on(self, method: str, path: str, *contents: Any, status: int = 200) -> None:
        self.answers[method, path] = [(status, content) for content in contents]

    def refuse(self, method: str, path: str, status: int, code: str) -> None:
        error = {"code": code, "message": "no such luck", "remedy": "Do otherwise."}
        self.on(method, path, {"error": error}, status=status)

    def bodies(self, path: str) -> list[Any]:
        return [body for method, asked, body in self.asked if method == "POST" and asked == path]

    def _answer(self, method: str, path: str, after: int) -> tuple[int, Any]:
        row = self.answers.get((method, path))
        if row is None:
            return 404, {"error": {"code": "unknown-run", "message": f"no {path}", "remedy": "-"}}
        status, content = row.pop(0) if len(row) > 1 else row[0]
        if path.endswith("/events"):
            content = {"events": [e for e in content["events"] if e["number"] > after]}
        return status, content

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def _serve(self) -> None:
                parts = urlsplit(self.path)
                query = parse_qs(parts.query)
                length = int(self.headers.get("content-length", 0))
                body = json.loads(self.rfile.read(length)) if length else None
                server.asked.append((self.command, parts.path, body))
                server.queries.append(query)
                server.tokens.append(self.headers.get("authorization", ""))
                after = int(query.get("after", ["0"])[0])
                status, content = server._answer(self.command, parts.path, after)
                text = json.dumps(content).encode()
                self.send_response(status)
                self.send_header("content-length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_POST = _serve

            def log_message(self, *_: object) -> None:
                pass

        return Handler


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    scripted = ScriptedServer()
    thread = Thread(target=scripted.http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield scripted
    scripted.http.shutdown()
    thread.join()
    scripted.http.server_close()


@pytest.fixture
def phasegate(server: ScriptedServer) -> Callable[..., Result]:
    """Call the command against the scripted server."""
    return caller({"PHASEGATE_URL": server.url, "PHASEGATE_TOKEN": "pg_ada"})


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Call the command in an empty folder, without any server."""
    monkeypatch.chdir(tmp_path)
    return caller({"PHASEGATE_URL": "http://127.0.0.1:9"})


def caller(environment: dict[str, str]) -> Callable[..., Result]:
    def call(*arguments: str, answers: str | None = None) -> Result:
        return CliRunner().invoke(cli, arguments, input=answers, env=environment)

    return call


@pytest.fixture
def line() -> Callable[..., dict[str, Any]]:
    """Make one line of the list of runs."""

    def make(run: str = "checkout-1", **changes: Any) -> dict[str, Any]:
        return {
            "run": run,
            "environment": "demo",
            "status": "running",
            "phase": "beta",
            "passed": ["alpha"],
            "started_by": "ada",
            "started_at": NOON,
            "pace": 60.0,
            "plan_hash": HASH,
            **changes,
        }

    return make


@pytest.fixture
def view(line: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """Make a run as the API shows it: alpha has passed, beta is under way."""

    def make(**changes: Any) -> dict[str, Any]:
        return {
            **line(),
            "plan": "checkout",
            "at": NOON,
            "error_budget": 0.05,
            "unattended_s": 15.0,
            "phases": [
                _phase("alpha", "A few", "passed"),
                _phase("beta", "Everyone", "under way", stage=1, watched_s=30.0),
            ],
            "components": [_trial("old_cart", "alpha"), _trial("new_cart", "beta")],
            "guards": [_guard()],
            "gates": [{**_guard(), "condition": "error_rate < 2%", "outcome": "inconclusive"}],
            "findings": [_finding()],
            "rollbacks": [],
            "closed": {},
            "decision": {
                "verb": "hold",
                "rule": "soaking",
                "reasons": ["30 s of watching are left"],
            },
            **changes,
        }

    return make


@pytest.fixture
def event() -> Callable[..., dict[str, Any]]:
    """Make an event as the API shows it."""

    def make(number: int, kind: str, actor: str = "engine", **body: Any) -> dict[str, Any]:
        return {
            "log": "checkout-1",
            "number": number,
            "at": NOON,
            "kind": kind,
            "actor": actor,
            "body": body,
            "previous": "0" * 64,
            "hash": "1" * 64,
        }

    return make


@pytest.fixture
def log(event: Callable[..., dict[str, Any]]) -> list[dict[str, Any]]:
    """A log in which alpha passed after new_cart was taken back once."""
    reasons = ["new_cart: error rate 8 % where at most 5 % is allowed"]
    return [
        event(
            1, "run_started", "ada", plan="checkout", environment="demo", pace=60.0, endpoints={}
        ),
        event(2, "phase_started", phase="alpha"),
        event(
            3,
            "rollback_started",
            phase="alpha",
            components=["new_cart"],
            rule="guard_tripped",
            reasons=reasons,
        ),
        event(
            4,
            "rollback_confirmed",
            rollback=3,
            phase="alpha",
            components=["new_cart"],
            time_to_safe_ms=840,
        ),
        event(5, "phase_passed", phase="alpha", gates=[]),
    ]


@pytest.fixture
def under_way(
    server: ScriptedServer,
    line: Callable[..., dict[str, Any]],
    view: Callable[..., dict[str, Any]],
    log: list[dict[str, Any]],
) -> ScriptedServer:
    """The scripted server with one run under way."""
    server.on("GET", "/api/v1/runs", {"runs": [line()]})
    server.on("GET", "/api/v1/runs/checkout-1", view())
    server.on("GET", "/api/v1/runs/checkout-1/events", {"events": log})
    return server


@pytest.fixture
def understands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], click.Command]:
    """Parse a line of a shell as phasegate would, carrying nothing out; return the command."""
    for name in ("first.yaml", "plans/checkout.yaml", "plans/sihat-tcm.yaml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)

    def parse(text: str) -> click.Command:
        words = shlex.split(text)[1:]
        command, ctx = cli, click.Context(cli, info_name="phasegate")
        while isinstance(command, click.Group):
            found = command.get_command(ctx, words[0])
            assert found is not None, f"no command {words[0]} in: {text}"
            command, words = found, words[1:]
        command.make_context(command.name, words, parent=ctx)
        return command

    return parse


def _phase(name: str, title: str, state: str, **more: Any) -> dict[str, Any]:
    lasts = {"lasts_least_s": 60.0, "lasts_most_s": 480.0}
    fixed = {"stage": None, "stages": 2, "watched_s": None, "sign_off": []}
    return {"phase": name, "title": title, "state": state, **fixed, **lasts, **more}


def _trial(component: str, phase: str) -> dict[str, Any]:
    return {
        "phase": phase,
        "component": component,
        "flag": component,
        "attempt": 1,
        "state": "exposed",
        "exposure": 2500,
        "mode": "live",
        "since": NOON,
    }


def _guard() -> dict[str, Any]:
    return {
        "phase": "beta",
        "component": "new_cart",
        "condition": "error_rate > 5%",
        "series": "error_rate",
        "method": "relative",
        "outcome": "pass",
        "accuses": False,
        "estimate": 0.031,
        "low": 0.012,
        "high": 0.062,
        "control": 0.011,
        "bound": 0.05,
        "n": 320,
        "bad": 10,
        "control_n": 960,
        "alpha": 0.001,
        "progress": 0.4,
        "sentence": "new_cart: error rate 3.1 % where at most 5 % is allowed",
    }


def _finding() -> dict[str, Any]:
    return {
        "run": "checkout-1",
        "phase": "beta",
        "step": "run clinic validate staging",
        "attempt": 1,
        "outcome": "fail",
        "exercised": 1,
        "bad": 0,
        "seen": "exit code 1: no database",
        "remedy": "Run it by hand.",
        "at": NOON,
        "took_ms": 12.5,
    }
