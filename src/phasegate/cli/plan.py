"""`phasegate plan`: plan files, read and reviewed without a server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from phasegate.cli import options
from phasegate.cli.failing import Failed
from phasegate.cli.lazy import LazyGroup, lazily
from phasegate.cli.printing import print_json, print_table

if TYPE_CHECKING:
    from phasegate.core.plan import Component, Phase, Plan
    from phasegate.planfile import Look, Parsed

F = TypeVar("F", bound=Callable[..., object])


def plan_argument(command: F) -> F:
    """Add FILE, a plan file that exists."""
    kind = click.Path(exists=True, dir_okay=False, path_type=Path)
    return click.argument("file", type=kind)(command)


def read_plan(file: Path) -> str:
    """Return a plan file's text. Raises Failed if it is no text."""
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        why = f"{file} is no text in UTF-8"
        raise Failed("plan-unreadable", why, "Save it as UTF-8.") from error
    except OSError as error:
        why = f"{file} cannot be read: {error.strerror or type(error).__name__}"
        raise Failed("plan-unreadable", why, "Name a plan file that you may read.") from error


COMMANDS = {
    "power": ("phasegate.cli.power:power", "Say what each guard and gate can see."),
    "rehearse": ("phasegate.cli.rehearse:rehearse", "Play the plan thousands of times."),
}


class PlanGroup(LazyGroup):
    """Commands that are written here, and those that are found when they are called."""

    def format_commands(self, _: click.Context, formatter: click.HelpFormatter) -> None:
        """Write both kinds in one list."""
        here = {
            name: command.get_short_help_str(80) for name, command in sorted(self.commands.items())
        }
        with formatter.section("Commands"):
            lines = {**here, **{name: line for name, (_, line) in self.places.items()}}
            formatter.write_dl(list(lines.items()))


@lazily(COMMANDS)
@click.group(cls=PlanGroup)
def plan() -> None:
    """Check and read plan files. No server is needed."""


@plan.command()
@plan_argument
@options.as_json
def check(file: Path, as_json: bool) -> None:
    """Say everything that is wrong with the plan in FILE; exit code 1 for an error.

    Warnings are shown and do not keep a plan from starting.

    \b
    Examples:
      phasegate plan check plans/checkout.yaml
    """
    from phasegate import planfile
    from phasegate.core.canonical import plain

    parsed = planfile.parse(read_plan(file), str(file), _beside(file))
    if as_json:
        problems = [{"line": None, **plain(problem)} for problem in parsed.problems]
        print_json({"plan_hash": parsed.plan and parsed.plan.hash, "problems": problems})
    else:
        # Errors last: the first of many lines has left the screen.
        for problem in (*parsed.warnings, *parsed.errors):
            click.echo(problem.shown(str(file)))
    if parsed.plan is None:
        raise _wrong(file, parsed)
    if not as_json:
        click.echo(f"{file}: the plan is sound, {len(parsed.warnings)} warning(s)")
        click.echo(f"hash {parsed.plan.hash}")


@plan.command()
def schema() -> None:
    """Print the JSON Schema of plan files, for editors.

    \b
    Examples:
      phasegate plan schema > plan.schema.json
    """
    from phasegate import planfile

    print_json(planfile.schema())


@plan.command()
@plan_argument
@options.as_json
def show(file: Path, as_json: bool) -> None:
    """Show the plan in FILE as tables: phases, exposures, gates, guards, hash.

    \b
    Examples:
      phasegate plan show plans/checkout.yaml
    """
    from phasegate.core.canonical import plain

    found = sound_plan(file)
    if as_json:
        print_json({"plan_hash": found.hash, "plan": plain(found)})
    else:
        _print(found)


def _beside(file: Path) -> Look:
    """Warn of case files that cannot be read here; the server may have its own."""
    from phasegate.core.problem import Severity
    from phasegate.planfile.folder import case_problems

    return lambda plan: case_problems(plan, file.parent, Severity.WARNING)


def sound_plan(file: Path) -> Plan:
    """Return the plan in a file. Raises Failed, all its errors told, if it has any."""
    parsed = _parse(file)
    if parsed.plan is None:
        for problem in parsed.problems:
            click.echo(problem.shown(str(file)), err=True)
        raise _wrong(file, parsed)
    return parsed.plan


def _parse(file: Path) -> Parsed:
    from phasegate import planfile

    return planfile.parse(read_plan(file), str(file))


def _wrong(file: Path, parsed: Parsed) -> Failed:
    return Failed(
        "plan-rejected",
        f"{file} has {len(parsed.errors)} error(s)",
        "Mend what stands above; `phasegate explain CODE` tells more of each.",
    )


def _print(plan: Plan) -> None:
    from phasegate.core.wording import percent, span

    unattended = f"withdraw after {span(plan.unattended)}" if plan.unattended else "keep"
    click.echo(f"{plan.name} in {plan.environment}, by {plan.author}")
    click.echo(f"hash {plan.hash}")
    click.echo(f"error budget {percent(plan.error_budget)}, unattended: {unattended}\n")
    for phase in plan.phases:
        least, most = span(phase.lasts_least), span(phase.lasts_most)
        title = f"{phase.name}: {phase.title} ({phase.risk.value} risk, {least} to {most})"
        print_table(("", "what", "how"), list(_rows(phase)), title)


def _rows(phase: Phase) -> Iterator[tuple[str, str, str]]:
    yield from (("before", step.kind.value, step.argument) for step in phase.before)
    yield from (("exposes", found.name, _stages(found)) for found in phase.components)
    yield from (("passes when", "", condition.text) for condition in phase.pass_when)
    yield from (("goes back when", "", condition.text) for condition in phase.roll_back_when)
    yield from (("after", step.kind.value, step.argument) for step in phase.after)
    yield from (("signed by", rule.role.value, str(rule.count)) for rule in phase.sign_off)


def _stages(component: Component) -> str:
    from phasegate.cli.wording import exposure
    from phasegate.core.plan import Mode

    return " then ".join(
        exposure(stage.exposure) + (" in shadow" if stage.mode is Mode.SHADOW else "")
        for stage in component.stages
    )
