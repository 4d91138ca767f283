"""Runs a server on a socket until it is asked to end."""

from __future__ import annotations

import gc
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress

import structlog
import uvicorn

from phasegate.server.app import Server
from phasegate.server.quick import QuickProtocol

GRACE_S = 3
"""How long requests under way may take when the server is asked to end."""


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens; 0: on any port that is free. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=2048)


def run(server: Server, listener: socket.socket, ready: Callable[[], None]) -> None:
    """Serve until SIGTERM or Ctrl-C. Raises SystemExit where the server could not start.

    ready   called once requests are answered.
    """

    collect_seldom()
    # After its graceful end uvicorn raises the signal again: by default that would kill us.
    signal.signal(signal.SIGTERM, lambda *_: None)
    try:
        _Announced(server, ready).run(sockets=[listener])
    except KeyboardInterrupt:
        return
    finally:
        # Asked to end while it began, uvicorn leaves without the lifespan's end: steps that had
        # begun would outlive the server.
        server.stop()


class _Announced(uvicorn.Server):
    """Says when it is ready, and lets streams go first when it ends."""

    def __init__(self, server: Server, ready: Callable[[], None]) -> None:
        super().__init__(_config(server))
        self._server = server
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # Streams of flags never end by themselves; each would use up the whole grace.
        self._server.board.close()
        await super().shutdown(sockets)


def _config(server: Server) -> uvicorn.Config:
    class Protocol(QuickProtocol):
        """Answers from this server."""

        quick = server.quick

    return uvicorn.Config(
        server,
        loop="uvloop",
        http=Protocol,
        ws="none",
        lifespan="on",
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=GRACE_S,
    )


def collect_seldom() -> None:
    """Look for cycles every 50,000 objects instead of every 700.

    A request of telemetry makes thousands of tuples and drops them at once. Looking through them
    again and again took a tenth of the server's time, and none was ever in a cycle.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def log_to_stderr(*, as_json: bool = False) -> None:
    """One line per fact, key=value, the run first; stdout is for what was asked for.

    as_json   one JSON object per line instead, for programs that collect logs.
    """
    last = (
        structlog.processors.JSONRenderer()
        if as_json
        else structlog.processors.LogfmtRenderer(key_order=["run", "event"], drop_missing=True)
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            last,
        ],
        logger_factory=lambda *_: _Lines(sys.stderr),
    )


class _Lines(structlog.PrintLogger):
    """Writes lines, and loses those that cannot be written: a full disk must stop no decision."""

    def msg(self, message: str) -> None:
        """Write one line."""
        with suppress(OSError):
            super().msg(message)

    log = debug = info = warn = warning = error = critical = exception = failure = fatal = msg
