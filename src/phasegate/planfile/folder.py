"""What a plan needs of its folder, and whether that is there: case files, and a place for steps."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from phasegate.core.plan import Plan, StepKind
from phasegate.core.problem import Problem, Severity
from phasegate.planfile.casefile import UnusableCases, read_cases


def case_problems(
    plan: Plan, folder: Path, severity: Severity = Severity.ERROR
) -> Iterator[Problem]:
    """Report every case file of a plan that cannot be read whole from the plan's folder."""
    for case in plan.cases:
        path = f"cases.{case.name}.file"
        try:
            found = read_cases(str(folder), case.file)
        except UnusableCases as flaw:
            yield _problem(path, flaw.code, flaw.message, flaw.remedy, severity)
            continue
        if not found.cases:
            message = f"{folder / case.file} holds no case"
            remedy = "A step that exercises nothing never passes; put at least one case there."
            yield _problem(path, "case-file-empty", message, remedy, severity)


def folder_problems(plan: Plan, origin: str, root: Path) -> tuple[Problem, ...]:
    """Report what keeps a plan's steps from working in its folder, for a server about to start it.

    origin  path of the plan file.   root: the only folder below which plans may use their own.
    """
    if not _needs_folder(plan):
        return ()
    folder = Path(origin).parent
    try:
        inside = folder.resolve().is_relative_to(root.resolve())
    except (OSError, ValueError, RuntimeError):
        inside = False
    if inside:
        return tuple(case_problems(plan, folder))
    message = f"the plan's folder {folder} is not in {root.resolve()}, where plans are"
    remedy = (
        "Its steps need that folder. Put the plan there on the server's machine, or start the "
        "server with --plans DIR."
    )
    return (_problem("", "plan-outside", message, remedy),)


def _problem(
    path: str, code: str, message: str, remedy: str, severity: Severity = Severity.ERROR
) -> Problem:
    return Problem(path=path, code=code, message=message, remedy=remedy, severity=severity)


def _needs_folder(plan: Plan) -> bool:
    """Say whether anything of a plan opens a file or runs a command in its folder."""
    steps = [step for phase in plan.phases for step in (*phase.before, *phase.after)]
    commands = {check.name for check in plan.checks if check.kind == "command"}
    return bool(plan.cases) or any(
        step.kind is StepKind.RUN or (step.kind is StepKind.CHECK and step.argument in commands)
        for step in steps
    )
