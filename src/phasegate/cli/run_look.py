"""`phasegate run list`, `status` and `events`: runs as they are now, and as they came there."""

from __future__ import annotations

from collections.abc import Iterator

import click

from phasegate.cli import options, runs, shapes
from phasegate.cli.connection import Connection
from phasegate.cli.printing import print_json, print_table
from phasegate.cli.values import EVENT
from phasegate.cli.wording import clock, event_line, exposure, seconds
from phasegate.core.judge.words import percent
from phasegate.core.run import TrialState


@click.command("list")
@options.as_json
@options.connected
def list_runs(api: Connection, as_json: bool) -> None:
    """List all runs, oldest first.

    \b
    Examples:
      phasegate run list
    """
    raw = api.get("/api/v1/runs")
    if as_json:
        print_json(raw)
        return
    lines = shapes.run_lines(raw)
    if not lines:
        click.echo("there are no runs; start one: phasegate run start PLAN")
        return
    print_table(("run", "environment", "status", "phase", "passed>", "pace>", "by"), _rows(lines))


@click.command()
@options.run_argument
@options.as_json
@options.connected
def status(api: Connection, run: str | None, as_json: bool) -> None:
    """Say where a run is: its status, phases and components, and what is decided.

    \b
    Examples:
      phasegate run status
      phasegate run status checkout-3f09aa --json
    """
    raw = api.get(runs.path(runs.resolve(api, run)))
    if as_json:
        print_json(raw)
        return
    view = shapes.run_view(raw)
    for line in headline(view):
        click.echo(line)
    print_table(("phase", "title", "state", "stage", "watched"), _phases(view))
    if view.components:
        print_table(("component", "phase", "state", "exposure>", "mode", "attempt>"), _trials(view))


@click.command("events")
@options.run_argument
@click.option("--after", type=EVENT, default=0, help="Only events behind number N.")
@options.as_json
@options.connected
def list_events(api: Connection, run: str | None, after: int, as_json: bool) -> None:
    """Print a run's log, one event a line.

    \b
    Examples:
      phasegate run events
      phasegate run events checkout-3f09aa --after 20
    """
    name = runs.resolve(api, run)
    if as_json:
        print_json(runs.raw_events(api, name, after))
        return
    for event in runs.events(api, name, after):
        click.echo(event_line(event))


def headline(view: shapes.RunView) -> Iterator[str]:
    """Say in a few lines what matters most about a run."""
    pace = "" if view.pace == 1 else f", {view.pace:g} times as fast"
    yield f"{view.run}: {view.status.value} in {view.environment}{pace}"
    yield f"plan {view.plan}, hash {view.plan_hash}, started by {view.started_by}"
    yield f"decision: {view.decision.verb} ({view.decision.rule})"
    yield from (f"  {reason}" for reason in view.decision.reasons)
    yield from (f"  waits: {what}" for what in view.unconfirmed)
    yield from (f"  unseen at {clock(one.at)}: {one.why}" for one in view.unseen)
    yield from _withdrawn(view)
    budget = view.budget
    yield (
        f"error budget {percent(budget.total)}: {percent(budget.spent)} given to "
        f"{len(budget.lines)} guard(s), {percent(budget.left)} left"
    )


def _withdrawn(view: shapes.RunView) -> Iterator[str]:
    """Say of what was taken back in the phase under way how it goes on."""
    if view.ended:
        return
    for trial in view.components:
        if trial.phase == view.phase and trial.state is TrialState.WITHDRAWN:
            name = trial.component
            yield f"  {name} was taken back, and the phase does not pass without it: mend it, then"
            yield f"    phasegate run retry {view.run} --component {name} --reason TEXT"


def _rows(lines: tuple[shapes.RunLine, ...]) -> Iterator[tuple[str, ...]]:
    for line in lines:
        passed = str(len(line.passed))
        yield (
            line.run,
            line.environment,
            line.status.value,
            line.phase or "",
            passed,
            f"{line.pace:g}",
            line.started_by,
        )


def _phases(view: shapes.RunView) -> Iterator[tuple[str, ...]]:
    for line in view.phases:
        stage = f"{line.stage} of {line.stages}" if line.stage else ""
        watched = ""
        if line.watched_s is not None:
            watched = f"{seconds(line.watched_s)} of {seconds(line.lasts_least_s)}"
        yield line.phase, line.title, line.state, stage, watched


def _trials(view: shapes.RunView) -> Iterator[tuple[str, ...]]:
    for trial in view.components:
        yield (
            trial.component,
            trial.phase,
            trial.state.value,
            exposure(trial.exposure),
            trial.mode.value,
            str(trial.attempt),
        )
