"""`phasegate run start`: a plan file becomes a run."""

from __future__ import annotations

from pathlib import Path

import click

from phasegate.cli import options, shapes, values
from phasegate.cli.connection import Connection, Raw
from phasegate.cli.failing import Failed
from phasegate.cli.plan import plan_argument, read_plan
from phasegate.cli.printing import print_json


@click.command()
@plan_argument
@click.option("--environment", metavar="NAME", help="Where; by default what the plan says.")
@click.option(
    "--pace",
    type=values.Number(click.FLOAT, "number, like 60"),
    default=1.0,
    show_default=True,
    help="Divide every duration by N. Not in production.",
)
@click.option(
    "--endpoint",
    "endpoints",
    callback=values.endpoints,
    metavar="NAME=URL",
    multiple=True,
    help="Where a program of the plan is; may be given more than once.",
)
@options.as_json
@options.connected
def start(
    *,
    api: Connection,
    file: Path,
    environment: str | None,
    pace: float,
    endpoints: dict[str, str],
    as_json: bool,
) -> None:
    """Start a run of the plan in FILE; everything wrong with it is said at once.

    Steps of the plan are carried out by the server, in the folder of FILE: it must be there on
    the server's machine, below its --plans, with all case files.

    \b
    Examples:
      phasegate run start plans/checkout.yaml
      phasegate run start plans/sihat-tcm.yaml --environment demo --pace 60 \\
        --endpoint clinic=http://127.0.0.1:9000
    """
    plan = {"plan": read_plan(file), "origin": str(file.resolve())}
    _review(api, plan, str(file))
    body = {**plan, "environment": environment, "pace": pace, "endpoints": endpoints}
    raw = api.post("/api/v1/runs", body)
    if as_json:
        print_json(raw)
        return
    event = shapes.event(raw)
    click.echo(f"started {event.log} in {event.body['environment']}")
    click.echo(f"follow it: phasegate run watch {event.log}")


def _review(api: Connection, plan: dict[str, str], file: str) -> None:
    """Show what the server finds wrong with the plan. Raises Failed for an error."""
    from phasegate.core.problem import Severity

    problems: list[Raw] = api.post("/api/v1/plans/check", plan).get("problems", [])
    errors = [p for p in problems if p["severity"] == Severity.ERROR.value]
    # Errors last: the first of many lines has left the screen.
    for problem in [*(p for p in problems if p not in errors), *errors]:
        click.echo(_shown(problem, file), err=True)
    if errors:
        raise Failed(
            "plan-rejected",
            f"{file} has {len(errors)} error(s); nothing was started",
            "Mend what stands above, then start again.",
        )


def _shown(raw: Raw, file: str) -> str:
    from phasegate.core.problem import Problem, Severity

    return Problem(**{**raw, "severity": Severity(raw["severity"])}).shown(file)
