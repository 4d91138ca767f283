"""`phasegate validate`: whether phases have passed and still stand, as an exit code for scripts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import click

from phasegate.cli import options, runs, shapes
from phasegate.cli.connection import Connection
from phasegate.cli.failing import Failed
from phasegate.cli.lazy import Commands
from phasegate.cli.printing import print_json, print_table
from phasegate.core.event import Event
from phasegate.core.evidence import Outcome
from phasegate.core.problem import suggestion
from phasegate.core.run import Status, TrialState

F = TypeVar("F", bound=Callable[..., None])


@dataclass(frozen=True, kw_only=True)
class Line:
    """One thing that was validated. why: what is wrong; empty if nothing is."""

    what: str
    state: str
    why: str = ""


@click.group(cls=Commands)
def validate() -> None:
    """Say whether phases have passed, for scripts and steps of plans.

    Exit code 0 only if everything asked for holds. A phase that has passed and whose components
    were taken back since does not hold any more.
    """


def _shared(command: F) -> Callable[..., None]:
    return options.run_option(options.as_json(options.connected(command)))


@validate.command("phase")
@click.argument("name", metavar="PHASE")
@_shared
def validate_phase(api: Connection, name: str, run: str | None, as_json: bool) -> None:
    """Say whether a phase has passed.

    \b
    Examples:
      phasegate validate phase phase_1_medical_safety
    """
    view, events = _look(api, run)
    _known(view, name)
    _tell(view, [passed(view, events, name)], as_json=as_json)


@validate.command()
@click.argument("name", metavar="PHASE")
@_shared
def prerequisites(api: Connection, name: str, run: str | None, as_json: bool) -> None:
    """Say whether every phase before PHASE has passed. Before the first there is nothing to pass.

    \b
    Examples:
      phasegate validate prerequisites phase_3_event_command
    """
    view, events = _look(api, run)
    lines = [passed(view, events, before) for before in _before(view, name)]
    _tell(view, lines, as_json=as_json, may_be_empty=True)


@validate.command()
@click.argument("name", metavar="PHASE")
@_shared
def dependencies(api: Connection, name: str, run: str | None, as_json: bool) -> None:
    """Say whether every phase before PHASE has passed and no guard of theirs has tripped.

    \b
    Examples:
      phasegate validate dependencies phase_4_personalization
    """
    view, events = _look(api, run)
    before = _before(view, name)
    lines = [passed(view, events, phase) for phase in before]
    lines += [line for line in guards(view) if line.what.partition(":")[0] in before]
    _tell(view, lines, as_json=as_json, may_be_empty=True)


@validate.command()
@_shared
def stability(api: Connection, run: str | None, as_json: bool) -> None:
    """Say whether nothing is withdrawn and every guard sees its metric and is content.

    \b
    Examples:
      phasegate validate stability
    """
    view, _ = _look(api, run)
    lines = [Line(what="run", state=view.status.value, why=_unstable(view)), *guards(view)]
    if not view.guards:
        lines.append(Line(what="guards", state="none", why="nothing is watched"))
    lines += [
        Line(what=trial.component, state=trial.state.value, why="it was taken back")
        for trial in view.components
        if trial.state is TrialState.WITHDRAWN
    ]
    _tell(view, lines, as_json=as_json)


@validate.command("all-phases")
@_shared
def all_phases(api: Connection, run: str | None, as_json: bool) -> None:
    """Say whether every phase before the one under way has passed; of a completed run, every one.

    \b
    Examples:
      phasegate validate all-phases
    """
    view, events = _look(api, run)
    names = _before(view, view.phase) if view.phase else _so_far(view)
    _tell(view, [passed(view, events, name) for name in names], as_json=as_json)


def passed(view: shapes.RunView, events: Sequence[Event], phase: str) -> Line:
    """Say whether a phase has passed and nothing of it was taken back since."""
    state = next(line.state for line in view.phases if line.phase == phase)
    if phase not in view.passed:
        return Line(what=phase, state=state, why="it has not passed")
    names = _taken_back(view, events, phase)
    return Line(what=phase, state=state, why=f"taken back since: {names}" if names else "")


def guards(view: shapes.RunView) -> Iterator[Line]:
    """Say of every guard whether it sees its metric and has not tripped."""
    for judgement in view.guards:
        what = f"{judgement.phase}: {judgement.component}: {judgement.condition}"
        good = judgement.outcome is Outcome.PASS
        yield Line(what=what, state=judgement.outcome.value, why="" if good else judgement.sentence)


def _taken_back(view: shapes.RunView, events: Sequence[Event], phase: str) -> str:
    """Name the phase's components that were withdrawn after it passed."""
    gone = {
        trial.component
        for trial in view.components
        if trial.phase == phase and trial.state is TrialState.WITHDRAWN
    }
    ends = [e.number for e in events if e.kind == "phase_passed" and e.body.get("phase") == phase]
    since = ends[-1] if ends else 0
    later: set[str] = set()
    for event in events:
        names = event.body.get("components")
        if event.kind == "rollback_started" and event.number > since and isinstance(names, list):
            later |= {str(name) for name in names}
    return ", ".join(sorted(gone & later))


def _look(api: Connection, run: str | None) -> tuple[shapes.RunView, tuple[Event, ...]]:
    name = runs.resolve(api, run)
    return runs.view(api, name), runs.events(api, name)


def _known(view: shapes.RunView, name: str) -> list[str]:
    names = [line.phase for line in view.phases]
    if name not in names:
        raise Failed("unknown-phase", f"the plan has no phase {name}", suggestion(name, names))
    return names


def _before(view: shapes.RunView, name: str) -> list[str]:
    names = _known(view, name)
    return names[: names.index(name)]


def _so_far(view: shapes.RunView) -> list[str]:
    names = [line.phase for line in view.phases]
    return names if view.status is Status.COMPLETED else list(view.passed)


def _unstable(view: shapes.RunView) -> str:
    good = view.status in (Status.RUNNING, Status.PAUSED, Status.COMPLETED)
    return "" if good else "something is being taken back, or was"


def _tell(
    view: shapes.RunView, lines: Sequence[Line], *, as_json: bool, may_be_empty: bool = False
) -> None:
    wrong = [line for line in lines if line.why]
    valid = not wrong and (may_be_empty or bool(lines))
    if as_json:
        told = [{"what": line.what, "state": line.state, "why": line.why} for line in lines]
        print_json({"run": view.run, "valid": valid, "lines": told})
    elif lines:
        rows = ((line.what, line.state, line.why or "holds") for line in lines)
        print_table(("what", "state", "verdict"), rows, f"{view.run} in {view.environment}")
    if not lines and not may_be_empty:
        raise Failed("nothing-validated", f"{view.run} has nothing to validate yet", "Ask later.")
    if wrong:
        names = ", ".join(line.what for line in wrong)
        remedy = f"See why: phasegate run why {view.run}."
        raise Failed("not-valid", f"{len(wrong)} of {len(lines)} do not hold: {names}", remedy)
    if not as_json:
        click.echo(f"{len(lines)} of {len(lines)} hold" if lines else "nothing comes before it")
