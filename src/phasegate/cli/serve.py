"""`phasegate serve`: one process that serves flags, takes telemetry, and decides."""

from __future__ import annotations

import os
import socket
import sys
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click

from phasegate.cli import options, values
from phasegate.cli.failing import Failed
from phasegate.cli.printing import print_json
from phasegate.cli.token import add, opening
from phasegate.core.plan import Role

if TYPE_CHECKING:
    from phasegate.server.app import Server
    from phasegate.settings import Settings

FIRST_NAME = "admin"


@click.command()
@options.store
@click.option(
    "--host",
    metavar="HOST",
    envvar="PHASEGATE_HOST",
    default="127.0.0.1",
    show_default=True,
    help="Where to listen; 0.0.0.0: at every address of this machine.",
)
@click.option(
    "--port",
    type=values.PORT,
    envvar="PHASEGATE_PORT",
    default=8080,
    show_default=True,
    help="0: any that is free.",
)
@click.option(
    "--environment",
    metavar="NAME",
    envvar="PHASEGATE_ENVIRONMENT",
    default="production",
    show_default=True,
    help="Whose flags applications get that name none.",
)
@click.option(
    "--log-format",
    type=click.Choice(["logfmt", "json"]),
    envvar="PHASEGATE_LOG_FORMAT",
    default="logfmt",
    show_default=True,
    help="How the lines on stderr are written.",
)
@click.option(
    "--grpc-port",
    type=values.PORT,
    envvar="PHASEGATE_GRPC_PORT",
    help="Serve flagd's sync protocol here as well; flagd's own port is 8015.",
)
@click.option(
    "--grpc-open",
    is_flag=True,
    envvar="PHASEGATE_GRPC_OPEN",
    help="Let in whoever reaches that port: most flagd providers cannot send a token.",
)
@click.option(
    "--otlp-grpc-port",
    type=values.PORT,
    envvar="PHASEGATE_OTLP_GRPC_PORT",
    help="Take telemetry over gRPC here as well; OpenTelemetry's own port is 4317.",
)
@click.option(
    "--flag-rate",
    type=values.Number(click.FloatRange(0, min_open=True), "number above 0, like 500"),
    metavar="PER_SECOND",
    envvar="PHASEGATE_FLAG_RATE",
    help="Most flag evaluations a second that one token may ask for over OFREP.",
)
@click.option(
    "--origin",
    "origins",
    multiple=True,
    metavar="URL",
    envvar="PHASEGATE_ORIGINS",
    help="Pages of this origin may evaluate flags from a browser; may be repeated.",
)
@click.option(
    "--keep-output",
    is_flag=True,
    envvar="PHASEGATE_KEEP_OUTPUT",
    help="Keep the end of what steps' commands print in findings, for good. Only where they never "
    "print anything of a patient; lines that begin with `phasegate:` are always kept.",
)
@click.option(
    "--pack-minutes-after",
    metavar="DURATION",
    envvar="PHASEGATE_PACK_MINUTES_AFTER",
    default="1h",
    show_default=True,
    callback=values.duration,
    help="Age at which tallies of seconds are packed by the minute; nothing of them is lost.",
)
@click.option(
    "--pack-hours-after",
    metavar="DURATION",
    envvar="PHASEGATE_PACK_HOURS_AFTER",
    default="24h",
    show_default=True,
    callback=values.duration,
    help="Age at which those are packed by the hour.",
)
@options.as_json
def serve(
    *,
    data: str,
    store: str,
    host: str,
    port: int,
    environment: str,
    log_format: str,
    grpc_port: int | None,
    grpc_open: bool,
    otlp_grpc_port: int | None,
    flag_rate: float | None,
    origins: tuple[str, ...],
    keep_output: bool,
    pack_minutes_after: timedelta,
    pack_hours_after: timedelta,
    as_json: bool,
) -> None:
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
    _need_grpc("flagd's sync protocol", "--grpc-port", grpc_port)
    _need_grpc("OTLP over gRPC", "--otlp-grpc-port", otlp_grpc_port)
    listener = _listen(host, port)
    from phasegate.server.run import log_to_stderr
    from phasegate.settings import Settings

    settings = Settings(
        data=Path(data),
        store=store,
        host=host,
        port=listener.getsockname()[1],
        environment=environment,
        grpc_port=grpc_port,
        grpc_open=grpc_open,
        otlp_grpc_port=otlp_grpc_port,
        flag_rate=flag_rate,
        origins=origins,
        keep_output=keep_output,
        minutes_after=pack_minutes_after,
        hours_after=pack_hours_after,
    )
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
            "Another program may listen there; end it, or give another --port.",
        ) from error


def _reason(error: OSError) -> str:
    """Say in a few words why nobody can listen there; Python's own words name the address again."""
    number = error.errno or 0
    return os.strerror(number) if number > 0 else str(error.strerror or error)


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
