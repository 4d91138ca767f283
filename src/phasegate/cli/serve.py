"""`phasegate serve`: one process that serves flags, takes telemetry, and decides."""

from __future__ import annotations

import errno
import os
import socket
import sys
from dataclasses import replace
from importlib.util import find_spec
from typing import TYPE_CHECKING

import click

from phasegate.cli import options, serve_options
from phasegate.cli.failing import Failed
from phasegate.cli.printing import print_json
from phasegate.cli.token import add, opening
from phasegate.core.plan import Role

if TYPE_CHECKING:
    from phasegate.server.app import Server
    from phasegate.settings import Settings

FIRST_NAME = "admin"


@click.command()
@serve_options.settings
@options.as_json
def serve(*, asked: Settings, log_format: str, as_json: bool) -> None:
    """Run the control plane until SIGTERM or Ctrl-C.

    Any number of servers may run on one PostgreSQL: each takes telemetry and serves flags, one
    decides, and another takes over when that one is gone.

    Where the store has no token yet, one for an admin is made and printed once, on stderr.

    \b
    Examples:
      phasegate serve
      phasegate serve --data /var/lib/phasegate --port 9000 --environment demo
      phasegate serve --store postgresql://pg@db/phasegate
      phasegate serve --grpc-port 8015 --origin https://clinic.example
    """
    _need_grpc("flagd's sync protocol", "--grpc-port", asked.grpc_port)
    _need_grpc("OTLP over gRPC", "--otlp-grpc-port", asked.otlp_grpc_port)
    listener = _listen(asked.host, asked.port)
    from phasegate.server.run import log_to_stderr

    settings = replace(asked, port=listener.getsockname()[1])
    log_to_stderr(as_json=log_format == "json")
    server = _open(settings)
    _first_token(server)
    _run(server, settings, listener, as_json=as_json)


def _need_grpc(what: str, option: str, port: int | None) -> None:
    if port is not None and find_spec("grpc") is None:
        raise Failed(
            "extra-missing",
            f"{what} needs grpcio, which is not installed",
            f"Install phasegate[grpc], or leave {option} out.",
        )


def _listen(host: str, port: int) -> socket.socket:
    from phasegate.server.run import listen

    try:
        return listen(host, port)
    except OSError as error:
        raise Failed(
            "address-unavailable",
            f"cannot listen on {host} port {port}: {_reason(error)}",
            _way_out(error),
        ) from error


def _reason(error: OSError) -> str:
    """Say in a few words why nobody can listen there; Python's own words name the address again."""
    number = error.errno or 0
    said = os.strerror(number) if number > 0 else str(error.strerror or error)
    return said.partition(" (while")[0]


def _way_out(error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return "Another program listens there: end it, or give another --port."
    if error.errno == errno.EACCES:
        return "Only root may listen below port 1024: give another --port."
    return "Give --host an address of this machine, like 127.0.0.1."


def _open(settings: Settings) -> Server:
    from phasegate.server.app import Server

    with opening(settings):
        return Server(settings)


def _first_token(server: Server) -> None:
    store = server.engine.store
    if store.tokens():
        return
    secret, _ = add(store, FIRST_NAME, Role.ADMIN)
    click.echo(f"the store had no token; this one is for {FIRST_NAME} and is shown once:", err=True)
    click.echo(f"  export PHASEGATE_TOKEN={secret}", err=True)


def _run(server: Server, settings: Settings, listener: socket.socket, *, as_json: bool) -> None:
    from phasegate.server.run import run

    try:
        run(server, listener, lambda: _ready(settings, server, as_json=as_json))
    except SystemExit as error:
        raise Failed(
            "start-failed",
            "the control plane could not start",
            "What went wrong stands above in the log.",
        ) from error


def _ready(settings: Settings, server: Server, *, as_json: bool) -> None:
    ports = {"grpc_port": server.grpc_port, "otlp_grpc_port": server.otlp_grpc_port}
    known = {name: port for name, port in ports.items() if port is not None}
    if as_json:
        told: dict[str, object] = {"url": settings.url, "environment": settings.environment}
        print_json({**told, **known, "data": str(settings.data), "store": settings.place})
    else:
        click.echo(f"phasegate serves {settings.url} for {settings.environment}")
        if server.grpc_port is not None:
            click.echo(f"flagd providers sync with {settings.host}:{server.grpc_port}")
        if server.otlp_grpc_port is not None:
            click.echo(f"OTLP over gRPC goes to {settings.host}:{server.otlp_grpc_port}")
    sys.stdout.flush()
