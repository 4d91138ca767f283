"""`phasegate plan power`: what each guard and gate of a plan will be able to see."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from phasegate.cli import options
from phasegate.cli.failing import Failed
from phasegate.cli.plan import plan_argument, sound_plan
from phasegate.cli.printing import console, print_json, print_table

if TYPE_CHECKING:
    from datetime import timedelta

    from phasegate.core.plan import Plan
    from phasegate.core.review.foreseen import Foreseen


@click.command()
@plan_argument
@click.option("--draw", is_flag=True, help="Draw when each guard and gate decides.")
@click.option(
    "--svg",
    "image",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="IMAGE",
    help="Write the drawing to a file that browsers and reports show.",
)
@options.as_json
def power(file: Path, draw: bool, image: Path | None, as_json: bool) -> None:
    """Say for each guard and gate of FILE what it can see, from how many subjects, and when.

    Assumed: every subject of the plan's traffic is new and leaves one observation for each metric;
    in control a quarter of the strictest bound is bad. Times hold in nine of ten cases.

    \b
    Examples:
      phasegate plan power plans/checkout.yaml
      phasegate plan power plans/checkout.yaml --draw
      phasegate plan power plans/checkout.yaml --svg power.svg
      phasegate plan power plans/checkout.yaml --json
    """
    from phasegate.core.canonical import plain
    from phasegate.core.review.foreseen import foreseen

    plan = sound_plan(file)
    lines = foreseen(plan)
    if image is not None:
        _write(plan, lines, image)
    if as_json:
        print_json({"plan_hash": plan.hash, "lines": [plain(line) for line in lines]})
        return
    if draw:
        from phasegate.report.power import drawn

        for line in drawn(plan, lines, console().width):
            click.echo(line)
        return
    if image is not None:
        click.echo(f"wrote {image}")
        return
    _tables(plan, lines)


def _write(plan: Plan, lines: Sequence[Foreseen], image: Path) -> None:
    from phasegate.report.power import svg

    try:
        image.write_text(svg(plan, lines), "utf-8")
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise Failed(
            "image-unwritten", f"{image} cannot be written: {why}", "Name a file elsewhere."
        ) from error


LATE = "later than the phase lasts"


def _tables(plan: Plan, lines: Sequence[Foreseen]) -> None:
    for phase in plan.phases:
        mine = [line for line in lines if line.phase == phase.name]
        print_table(
            (
                "guard: goes back when",
                "component",
                "exposed>",
                "budget>",
                "finds from>",
                "twice as bad as allowed>",
                "all bad>",
                "",
            ),
            _guards(plan, mine),
            f"{phase.name}: {phase.title}",
        )
        print_table(
            (
                "gate: passes when",
                "component",
                "exposed>",
                "if healthy>",
                "after>",
                "in>",
                "at best>",
                "",
            ),
            _gates(plan, mine),
        )


def _guards(plan: Plan, lines: list[Foreseen]) -> Iterator[tuple[str, ...]]:
    from phasegate.cli.wording import exposure
    from phasegate.core.judge.words import percent, value

    for line in lines:
        if line.gate:
            continue
        late = "" if line.in_time else LATE
        found = "" if line.sample is None else f"{line.sample} subjects, {_span(line.when)}"
        yield (
            line.condition,
            line.component,
            exposure(line.exposure),
            percent(line.alpha) if line.alpha else "",
            "" if line.smallest is None else value(plan.metric(line.metric), line.smallest),
            found or ("never" if line.alpha else ""),
            _span(line.earliest),
            line.note or late,
        )


def _gates(plan: Plan, lines: list[Foreseen]) -> Iterator[tuple[str, ...]]:
    from phasegate.cli.wording import exposure
    from phasegate.core.judge.words import value

    for line in lines:
        if not line.gate:
            continue
        late = "" if line.in_time else LATE
        yield (
            line.condition,
            line.component,
            exposure(line.exposure),
            "" if line.asked is None else value(plan.metric(line.metric), line.asked),
            "" if line.sample is None else f"{line.sample} subjects",
            _span(line.when),
            _span(line.earliest),
            line.note or late,
        )


def _span(duration: timedelta | None) -> str:
    from phasegate.core.wording import span

    return "" if duration is None else span(duration)
