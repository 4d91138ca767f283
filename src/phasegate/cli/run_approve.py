"""`phasegate run sign-off` and `waive`: what approvers may say about a phase."""

from __future__ import annotations

from datetime import timedelta

import click

from phasegate.cli import options, runs, shapes
from phasegate.cli.connection import Connection
from phasegate.cli.failing import Failed
from phasegate.cli.run_orders import order
from phasegate.cli.values import duration


@click.command("sign-off")
@options.run_argument
@options.phase
@click.option("--meaning", required=True, metavar="TEXT", help="What you approve, in your words.")
@click.option("--plan-hash", metavar="HASH", help="The plan you have read; no question is asked.")
@click.option("--yes", is_flag=True, help="Sign for the run's plan without being asked.")
@options.as_json
@options.connected
def sign_off(
    *,
    api: Connection,
    run: str | None,
    phase: str | None,
    meaning: str,
    plan_hash: str | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Approve the phase under way. The approval is bound to the plan's hash.

    Without --plan-hash the run's hash and the state of its gates are shown, and you are asked.
    Whoever wrote the plan or started the run cannot approve it.

    \b
    Examples:
      phasegate run sign-off --meaning "safe for a quarter of patients"
      phasegate run sign-off --phase alpha --meaning "clinically safe" --yes
    """
    name = runs.resolve(api, run)
    view = runs.view(api, name)
    signed = phase or _phase(view)
    if plan_hash is None and not yes:
        _ask(view, signed)
    body: dict[str, object] = {
        "phase": signed,
        "meaning": meaning,
        "plan_hash": plan_hash or view.plan_hash,
    }
    order(api, name, "sign-off", body, as_json=as_json)


@click.command()
@options.run_argument
@options.phase
@click.option("--what", required=True, metavar="NAME", help="As `phasegate run why` calls it.")
@options.reason
@click.option(
    "--lasts",
    callback=duration,
    metavar="DURATION",
    default="1h",
    show_default=True,
    help="How long it counts.",
)
@options.as_json
@options.connected
def waive(
    *,
    api: Connection,
    run: str | None,
    phase: str | None,
    what: str,
    reason: str,
    lasts: timedelta,
    as_json: bool,
) -> None:
    """Let something closed pass for a time: a gate, a step, a withdrawn component.

    It is written into the log with your name, the reason and the end.

    \b
    Examples:
      phasegate run waive --what "new_cart: error_rate < 2%" \\
        --reason "two known bots" --lasts 2h
    """
    name = runs.resolve(api, run)
    body: dict[str, object] = {
        "phase": phase or _phase(runs.view(api, name)),
        "what": what,
        "reason": reason,
        "lasts_s": lasts.total_seconds(),
    }
    order(api, name, "waive", body, as_json=as_json)


def _phase(view: shapes.RunView) -> str:
    if view.phase is None:
        raise Failed(
            "no-phase",
            f"no phase of {view.run} is under way ({view.status.value})",
            "Wait for the next phase; phasegate run status shows it.",
        )
    return view.phase


def _ask(view: shapes.RunView, phase: str) -> None:
    click.echo(f"run   {view.run} ({view.status.value})", err=True)
    click.echo(f"plan  {view.plan}", err=True)
    click.echo(f"hash  {view.plan_hash}", err=True)
    for gate in view.gates:
        click.echo(f"gate  {gate.outcome.value}: {gate.sentence}", err=True)
    try:
        click.confirm(f"Sign for {phase} of this plan?", abort=True, err=True)
    except click.Abort as error:
        raise Failed(
            "not-signed",
            f"nothing was signed for {phase}",
            "Answer y, or give --plan-hash HASH or --yes.",
        ) from error
