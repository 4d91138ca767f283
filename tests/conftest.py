"""Rules for every test: only loopback is reached; in CI nothing that could run is skipped."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest
import structlog
import uvicorn
from hypothesis import HealthCheck, settings

_connect = socket.socket.connect

# No test depends on how fast the machine is, and neither does an example that one is tried with.
settings.register_profile(
    "any machine",
    settings(),
    deadline=None,
    suppress_health_check=[*settings().suppress_health_check, HealthCheck.too_slow],
)
settings.load_profile("any machine")


@pytest.fixture(scope="session", autouse=True)
def _plain_logs() -> None:
    """Write an exception as Python does: with all locals of all frames it takes a second."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            structlog.processors.LogfmtRenderer(key_order=["run", "event"], drop_missing=True),
        ]
    )


@pytest.fixture(autouse=True)
def _only_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    def connect(self: socket.socket, address: Any) -> None:
        local = self.family == socket.AF_UNIX or str(address[0]) in (
            "127.0.0.1",
            "::1",
            "localhost",
        )
        if not local:
            raise RuntimeError(f"a test tried to reach {address}: only loopback is allowed")
        _connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect)


class Loopback:
    """An ASGI app behind a real server on 127.0.0.1, in a thread of this process."""

    def __init__(self, app: Any, port: int = 0, http: Any = "auto") -> None:
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind(("127.0.0.1", port))
        self.port: int = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        config = uvicorn.Config(
            app, http=http, lifespan="off", log_level="critical", timeout_graceful_shutdown=0
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],))
        self._thread.start()
        until(lambda: self._server.started)

    def go(self) -> None:
        """Begin to go down."""
        self._server.should_exit = True

    def stop(self) -> None:
        """Go down without waiting for open streams."""
        self.go()
        self._thread.join(30)
        self._socket.close()


def until(holds: Callable[[], object], within_s: float = 30.0) -> None:
    """Poll until something holds. A longer patience costs only where a test fails anyway."""
    deadline = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline, "it did not come to that in time"
        time.sleep(0.002)


@pytest.fixture(scope="session")
def _servers() -> Iterator[list[Loopback]]:
    servers: list[Loopback] = []
    yield servers
    for server in servers:
        server.stop()


@pytest.fixture(scope="session")
def serve_on(_servers: list[Loopback]) -> Callable[..., Loopback]:
    """Serve an ASGI app on loopback until the end of all tests: serve_on(app) → url."""

    def start(app: Any) -> Loopback:
        _servers.append(Loopback(app))
        return _servers[-1]

    return start


@pytest.fixture
def serve(_servers: list[Loopback]) -> Iterator[Callable[..., Loopback]]:
    """Serve an ASGI app on loopback until the test ends: serve(app, port=0) → url, stop().

    http: uvicorn's protocol, where it is to be another.
    """
    started: list[Loopback] = []

    def start(app: Any, port: int = 0, http: Any = "auto") -> Loopback:
        started.append(Loopback(app, port, http))
        return started[-1]

    yield start
    # Going down takes a tenth of a second, which is waited for once, at the end of all tests.
    _servers += started
    for server in started:
        server.go()


@pytest.fixture
def serve_grpc() -> Iterator[Callable[..., int]]:
    """Serve flagd's sync on loopback until the test ends: serve_grpc(make) → port.

    make builds the service inside the loop that serves it.
    """
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    started: list[Any] = []

    def run(work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, loop).result(30)

    async def begin(make: Callable[[], Any]) -> int:
        started.append(make())
        return await started[-1].start("127.0.0.1", 0)

    yield lambda make: run(begin(make))
    for service in started:
        run(service.stop())
    loop.call_soon_threadsafe(loop.stop)
    thread.join(30)
    loop.close()


@pytest.fixture(name="until")
def _until() -> Callable[..., None]:
    """Poll until something holds: until(holds, within_s=30)."""
    return until


EXCUSES = ("shared data", "there is no Go 1.25")
"""What a test may lack: data that is not ours, and a toolchain newer than what Debian has."""


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a run that skipped what it could have run."""
    if not os.environ.get("PHASEGATE_NO_SKIPS"):
        return
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter else []
    unexcused = [
        report.nodeid
        for report in skipped
        if not any(excuse in str(report.longrepr) for excuse in EXCUSES)
    ]
    if unexcused:
        reporter.write_line(f"skipped although they could have run: {unexcused}")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
