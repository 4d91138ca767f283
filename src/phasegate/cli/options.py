"""Options that many commands share, each written once."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TypeVar

import click

SERVER = "http://127.0.0.1:8080"

Command = Callable[..., None]
F = TypeVar("F", bound=Callable[..., object])


def connected(command: Command) -> Command:
    """Add --server and --token, and hand the command a `Connection` as `api`."""

    @click.option(
        "--server",
        metavar="URL",
        envvar="PHASEGATE_URL",
        default=SERVER,
        show_default=True,
        show_envvar=True,
        help="Where the control plane is.",
    )
    @click.option(
        "--token",
        metavar="SECRET",
        envvar="PHASEGATE_TOKEN",
        default="",
        show_default=False,
        show_envvar=True,
        help="Who you are. In the environment it stays out of process lists.",
    )
    @wraps(command)
    def with_api(*, server: str, token: str, **given: object) -> None:
        from phasegate.cli.connection import Connection

        with Connection(server, token) as api:
            command(api=api, **given)

    return with_api


def as_json(command: F) -> F:
    """Add --json."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")(command)


def run_argument(command: F) -> F:
    """Add RUN, which may be left out while exactly one run is under way."""
    return click.argument("run", required=False, envvar="PHASEGATE_RUN", metavar="[RUN]")(command)


def run_option(command: F) -> F:
    """Add --run, which may be left out while exactly one run is under way."""
    return click.option(
        "--run",
        metavar="RUN",
        envvar="PHASEGATE_RUN",
        show_envvar=True,
        help="Which run; may be left out while exactly one is under way.",
    )(command)


def reason(command: F) -> F:
    """Add a required --reason."""
    return click.option(
        "--reason", required=True, metavar="TEXT", help="Why; it is written into the log."
    )(command)


def phase(command: F) -> F:
    """Add --phase, by default the phase under way."""
    return click.option(
        "--phase", metavar="PHASE", default=None, help="Which phase; by default the one under way."
    )(command)


def components(command: F) -> F:
    """Add --component, which may be given more than once."""
    return click.option(
        "--component",
        "components",
        metavar="NAME",
        multiple=True,
        help="Only this component; may be given more than once.",
    )(command)


def store(command: F) -> F:
    """Add --data and --store: where the store is."""
    command = click.option(
        "--data",
        metavar="DIR",
        envvar="PHASEGATE_DATA",
        default="phasegate-data",
        show_default=True,
        show_envvar=True,
        help="Folder of the store.",
    )(command)
    return click.option(
        "--store",
        metavar="STORE",
        envvar="PHASEGATE_STORE",
        default="sqlite",
        show_default=True,
        show_envvar=True,
        help="sqlite: a file in --data. postgresql://USER@HOST/DATABASE: for several servers. "
        "In the environment a password stays out of process lists.",
    )(command)
