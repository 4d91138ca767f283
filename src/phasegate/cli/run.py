"""`phasegate run`: the noun under which everything about runs is found."""

from __future__ import annotations

import click

from phasegate.cli.lazy import LazyGroup, lazily

COMMANDS = {
    "start": ("phasegate.cli.run_start:start", "Start a run of a plan."),
    "list": ("phasegate.cli.run_look:list_runs", "List all runs, oldest first."),
    "status": ("phasegate.cli.run_look:status", "Say where a run is."),
    "watch": ("phasegate.cli.run_watch:watch", "Follow a run until it ends."),
    "why": ("phasegate.cli.run_why:why", "Say why a run is where it is."),
    "events": ("phasegate.cli.run_look:list_events", "Print a run's log."),
    "pause": ("phasegate.cli.run_orders:pause", "Stop going forward; guards stay."),
    "resume": ("phasegate.cli.run_orders:resume", "Go on after a pause."),
    "rollback": ("phasegate.cli.run_orders:roll_back", "Withdraw by hand, and prove it."),
    "retry": ("phasegate.cli.run_orders:retry", "Try again what was withdrawn or has failed."),
    "sign-off": ("phasegate.cli.run_approve:sign_off", "Approve the phase under way."),
    "waive": ("phasegate.cli.run_approve:waive", "Let something closed pass, for a time."),
}


@lazily(COMMANDS)
@click.group(cls=LazyGroup)
def run() -> None:
    """Start a plan, follow it, and act on it.

    RUN may be left out while exactly one run is under way.
    """
