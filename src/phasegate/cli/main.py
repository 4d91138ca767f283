"""The command `phasegate`: its nouns, its version, and nothing that takes time to import."""

from __future__ import annotations

import click

from phasegate.cli.lazy import Program, lazily

NOUNS = {
    "serve": ("phasegate.cli.serve:serve", "Run the control plane."),
    "token": ("phasegate.cli.token:token", "Make and list access tokens."),
    "plan": ("phasegate.cli.plan:plan", "Check and read plan files."),
    "run": ("phasegate.cli.run:run", "Start a plan, follow it, and act on it."),
    "flag": ("phasegate.cli.flag:flag", "Look at flags, and change them by hand."),
    "rollback": ("phasegate.cli.rollback:rollback", "Take exposure back by hand, and prove it."),
    "validate": ("phasegate.cli.validate:validate", "Say whether phases have passed, for scripts."),
    "health": ("phasegate.cli.health:health", "Say whether the control plane lives and decides."),
    "store": ("phasegate.cli.store:store", "Back the store up, restore it, prove it, pack it."),
    "telemetry": ("phasegate.cli.telemetry:telemetry", "Say what became of telemetry."),
    "drill": ("phasegate.cli.drill:drill", "Bring faults about, and check what is promised."),
    "audit": ("phasegate.cli.audit:audit", "Prove that nobody changed a log."),
    "replay": ("phasegate.cli.replay:replay", "Derive every decision of a run again."),
    "explain": ("phasegate.cli.explain:explain", "Explain the code of a message."),
    "completion": ("phasegate.cli.completion:completion", "Print a completion script for a shell."),
}


def _show_version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if not wanted or ctx.resilient_parsing:
        return
    from importlib.metadata import version

    click.echo(f"phasegate {version('phasegate')}")
    ctx.exit()


@lazily(NOUNS)
@click.group("phasegate", cls=Program, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_version,
    help="Print the version and end.",
)
def cli() -> None:
    """Take a change to a clinical system to production in phases.

    Exit codes: 0 done; 1 refused, or a check failed; 2 wrong usage; 3 the server is out of reach.

    \b
    Examples:
      phasegate plan check plans/checkout.yaml
      phasegate run start plans/checkout.yaml --environment demo --pace 60
      phasegate run watch
    """


def main() -> None:
    """Entry point of the command."""
    cli(prog_name="phasegate")


if __name__ == "__main__":
    main()
