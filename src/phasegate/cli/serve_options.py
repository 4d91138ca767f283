"""The options of a server, each written once, and the settings that they amount to."""

from __future__ import annotations

from dataclasses import fields
from functools import reduce, wraps
from pathlib import Path
from typing import Any  # click hands options over by name

import click

from phasegate.cli import options, values

OPTIONS = (
    options.store,
    click.option(
        "--host",
        metavar="HOST",
        envvar="PHASEGATE_HOST",
        default="127.0.0.1",
        show_default=True,
        help="Where to listen; 0.0.0.0: at every address of this machine.",
    ),
    click.option(
        "--port",
        type=values.PORT,
        envvar="PHASEGATE_PORT",
        default=8080,
        show_default=True,
        help="0: any that is free.",
    ),
    click.option(
        "--environment",
        metavar="NAME",
        envvar="PHASEGATE_ENVIRONMENT",
        default="production",
        show_default=True,
        callback=values.environment,
        help="Whose flags applications get that name none.",
    ),
    click.option(
        "--log-format",
        type=click.Choice(["logfmt", "json"]),
        envvar="PHASEGATE_LOG_FORMAT",
        default="logfmt",
        show_default=True,
        help="How the lines on stderr are written.",
    ),
    click.option(
        "--grpc-port",
        type=values.PORT,
        envvar="PHASEGATE_GRPC_PORT",
        help="Serve flagd's sync protocol here as well; flagd's own port is 8015.",
    ),
    click.option(
        "--grpc-open",
        is_flag=True,
        envvar="PHASEGATE_GRPC_OPEN",
        help="Let in whoever reaches that port: most flagd providers cannot send a token.",
    ),
    click.option(
        "--otlp-grpc-port",
        type=values.PORT,
        envvar="PHASEGATE_OTLP_GRPC_PORT",
        help="Take telemetry over gRPC here as well; OpenTelemetry's own port is 4317.",
    ),
    click.option(
        "--flag-rate",
        type=values.Number(click.FloatRange(0, min_open=True), "number above 0, like 500"),
        metavar="PER_SECOND",
        envvar="PHASEGATE_FLAG_RATE",
        help="Most flag evaluations a second that one token may ask for over OFREP.",
    ),
    click.option(
        "--origin",
        "origins",
        multiple=True,
        metavar="URL",
        envvar="PHASEGATE_ORIGINS",
        help="Pages of this origin may evaluate flags from a browser; may be repeated.",
    ),
    click.option(
        "--plans",
        type=click.Path(exists=True, file_okay=False, resolve_path=True, path_type=Path),
        metavar="DIR",
        envvar="PHASEGATE_PLANS",
        default=".",
        show_default="where it is started",
        show_envvar=True,
        help="Only plans in DIR or below may have steps that open files or start commands.",
    ),
    click.option(
        "--keep-output",
        is_flag=True,
        envvar="PHASEGATE_KEEP_OUTPUT",
        help="Keep the end of what steps' commands print in findings, for good. Only where they "
        "never print anything of a patient; lines that begin with `phasegate:` are always kept.",
    ),
    click.option(
        "--pack-minutes-after",
        "minutes_after",
        metavar="DURATION",
        envvar="PHASEGATE_PACK_MINUTES_AFTER",
        default="1h",
        show_default=True,
        callback=values.duration,
        help="Age at which tallies of seconds are packed by the minute; nothing of them is lost.",
    ),
    click.option(
        "--pack-hours-after",
        "hours_after",
        metavar="DURATION",
        envvar="PHASEGATE_PACK_HOURS_AFTER",
        default="24h",
        show_default=True,
        callback=values.duration,
        help="Age at which those are packed by the hour.",
    ),
)
"""In the order in which help shows them."""


def settings(command: options.Command) -> options.Command:
    """Add every option of a server, and hand the command its `Settings` as `asked`."""

    @wraps(command)
    def with_settings(*, data: str, **given: Any) -> None:
        from phasegate.settings import Settings

        names = {field.name for field in fields(Settings)} - {"data"}
        asked = Settings(data=Path(data), **{name: given.pop(name) for name in names})
        command(asked=asked, **given)

    return reduce(lambda inner, option: option(inner), reversed(OPTIONS), with_settings)
