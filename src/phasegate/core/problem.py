"""What is wrong with a plan: one finding with its place, its code and its remedy."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from enum import Enum


class Severity(Enum):
    """Whether a plan may start in spite of a problem."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One thing that is wrong with a plan.

    path     where in the plan: `phases.alpha.components.new_cart`, `phases.alpha.pass_when[0]`.
    code     stable, kebab-case; `phasegate.core.explain.explanations` has a paragraph on each.
    remedy   what the author can do.
    line     1-based line of the plan file; None where there is no file.
    """

    path: str
    code: str
    message: str
    remedy: str
    severity: Severity = Severity.ERROR
    line: int | None = None

    @property
    def is_error(self) -> bool:
        """Whether the plan may not start because of it."""
        return self.severity is Severity.ERROR

    def shown(self, origin: str) -> str:
        """Return the problem as people read it: place and message, remedy, code."""
        place = origin if self.line is None else f"{origin}:{self.line}"
        where = f"{self.path}: " if self.path else ""
        mild = "" if self.is_error else "warning: "
        return (
            f"{place}  {where}{mild}{self.message}\n"
            f"    {self.remedy}  [{self.code}]  phasegate explain {self.code}"
        )


def unknown(path: str, noun: str, name: str, known: Iterable[str]) -> Problem:
    """Say that nothing of this noun is called `name`, and what is."""
    return Problem(
        path=path,
        code=f"unknown-{noun}",
        message=f"no {noun} is called {name!r}",
        remedy=suggestion(name, known),
    )


def suggestion(name: str, known: Iterable[str]) -> str:
    """Return the nearest known name as a question, then the list of all known names."""
    names = list(known)
    return f"{meant(name, names)}Known: {', '.join(names) or 'none'}."


def meant(name: str, known: Iterable[str]) -> str:
    """Return a question after the nearest known name, with a space behind it; or nothing."""
    near = get_close_matches(name[:100], list(known), n=1)
    return f"Did you mean {near[0]}? " if near else ""
