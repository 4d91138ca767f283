"""Rules for every test: only loopback is reached; in CI nothing that could run is skipped."""

from __future__ import annotations

import os
import socket
from typing import Any

import pytest

_connect = socket.socket.connect


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


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a run that skipped what it could have run: only absent shared data excuses a skip."""
    if not os.environ.get("PHASEGATE_NO_SKIPS"):
        return
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter else []
    unexcused = [report.nodeid for report in skipped if "shared data" not in str(report.longrepr)]
    if unexcused:
        reporter.write_line(f"skipped although they could have run: {unexcused}")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
