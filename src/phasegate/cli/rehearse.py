"""`phasegate plan rehearse`: the whole plan against simulated subjects, thousands of times."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from phasegate.cli import options
from phasegate.cli.failing import Failed
from phasegate.cli.plan import plan_argument, sound_plan
from phasegate.cli.printing import print_json, print_table
from phasegate.cli.values import Number

if TYPE_CHECKING:
    from phasegate.core.plan import Plan
    from phasegate.rehearsal.rehearse import Health, Report, Struck

MOST_WORKERS = 4
WORTH_WORKERS = 200
"""So many runs pay for the start of more processes."""


@click.command()
@plan_argument
@click.option(
    "--runs",
    type=Number(click.IntRange(1, 1_000_000), "whole number from 1 to 1,000,000"),
    default=1000,
    show_default=True,
    help="Healthy rehearsals of the whole plan; as many are shared out over the harms.",
)
@click.option(
    "--harm",
    "times",
    type=Number(click.FloatRange(1, 1000, min_open=True), "number above 1, up to 1000", "TIMES"),
    default=3.0,
    show_default=True,
    help="How many times its bound a harm is.",
)
@click.option(
    "--seed",
    type=Number(click.IntRange(0), "whole number from 0 on"),
    default=1,
    show_default=True,
    help="The same seed gives the same answer.",
)
@options.as_json
def rehearse(file: Path, runs: int, times: float, seed: int, as_json: bool) -> None:
    """Play the plan in FILE many times: healthy, and with each harm that it guards against.

    Printed are the chance of a wrong rollback and of a missed harm, how many people are exposed
    before the rollback, and how long the plan takes. Assumed is what `plan power` assumes. Harm
    strikes one component, and begins at a random moment of the phase's shortest watch.

    \b
    Examples:
      phasegate plan rehearse plans/checkout.yaml
      phasegate plan rehearse plans/checkout.yaml --runs 10000 --harm 10 --json
    """
    plan = sound_plan(file)
    with _progress(show=not as_json) as done:
        report = _report(plan, runs, seed, times, done)
    if as_json:
        from phasegate.core.canonical import plain

        print_json({"plan_hash": plan.hash, "seed": seed, **plain(report)})
        return
    _print_health(plan, report.health)
    if report.struck:
        _print_struck(report.struck, times)


def _report(
    plan: Plan, runs: int, seed: int, times: float, done: Callable[[float], None]
) -> Report:
    try:
        from phasegate.rehearsal.rehearse import rehearse as rehearsed
    except ImportError as error:
        raise Failed(
            "rehearsal-missing",
            "rehearsing needs a package that is not installed",
            "Install it: pip install 'phasegate[rehearsal]'.",
        ) from error
    workers = min(MOST_WORKERS, os.cpu_count() or 1) if runs >= WORTH_WORKERS else 1
    return rehearsed(plan, runs=runs, seed=seed, times=times, workers=workers, done=done)


@contextmanager
def _progress(*, show: bool) -> Iterator[Callable[[float], None]]:
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not show) as bar:
        task = bar.add_task("rehearsing", total=1.0)
        yield lambda share: bar.update(task, completed=share)


def _print_health(plan: Plan, health: Health) -> None:
    from phasegate.core.wording import percent

    budget = percent(plan.error_budget)
    click.echo(f"{health.runs} healthy rehearsals of {plan.name}")
    click.echo(f"  taken back wrongly   {_chance(health.back, health.runs)}; budget {budget}")
    click.echo(f"  stopped undecided    {_chance(health.stopped, health.runs)}")
    click.echo(f"  passed               {_chance(health.passed, health.runs)}")
    if health.hours:
        click.echo(
            f"  watched              {_lasted(_at(health.hours, 0.5))} in the median, "
            f"{_lasted(_at(health.hours, 0.9))} in nine of ten"
        )
    rows = [
        (
            one.phase,
            _chance(one.back, health.runs),
            _chance(one.stopped, health.runs),
            _lasted(one.hours),
        )
        for one in health.phases
    ]
    print_table(("phase", "taken back wrongly>", "stopped undecided>", "takes>"), rows)


def _print_struck(struck: Sequence[Struck], times: float) -> None:
    rows = []
    for one in struck:
        hazards = f" ({', '.join(one.harm.hazards)})" if one.harm.hazards else ""
        late = one.runs - one.early
        rows.append(
            (
                f"{one.harm.metric}{hazards}",
                str(one.runs),
                _chance(one.found, late),
                _chance(one.missed + one.stopped, late),
                _chance(one.scapegoat + one.environment, late),
                _chance(one.early, one.runs),
                _spread(one.exposed, ""),
                _spread(one.met, ""),
                _spread([second / 60 for second in one.seconds], " min"),
            )
        )
    heads = (
        "harm in one component", "runs>", "found>", "missed>", "others blamed>",
        "taken back before>", "exposed before rollback>", "harmed before>", "time>",
    )  # fmt: skip
    print_table(heads, rows, f"each harm at {times:g} times its bound; median (nine of ten)")


def _lasted(hours: float) -> str:
    from phasegate.core.wording import span

    return span(timedelta(hours=hours))


def _chance(count: int, of: int) -> str:
    """Write a share with its exact 95 % limits."""
    from phasegate.core.judge.cases import high_of

    if not of:
        return "–"
    low, high = 1 - high_of(of - count, of, 0.975), high_of(count, of, 0.975)
    # Limits are rounded away from the estimate, so that they stay limits.
    low, high = math.floor(1000 * low) / 10, math.ceil(1000 * high) / 10
    return f"{100 * count / of:.3g} % ({low:g}–{high:g})"


def _spread(values: Sequence[float], unit: str) -> str:
    if not values:
        return "–"
    return f"{_short(_at(values, 0.5))} ({_short(_at(values, 0.9))}){unit}"


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _at(values: Sequence[float], share: float) -> float:
    """Return the value below which such a share of the ordered values lies."""
    return values[min(len(values) - 1, int(share * len(values)))]
