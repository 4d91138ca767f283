"""Self tests: labelled cases put to the new components in process, with exact bounds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from clinic import exact
from clinic.records import LabelledCase, Question, question_of


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a case file. counts: the metric it counts for; empty counts for all."""

    id: str
    request: LabelledCase
    expect: str
    counts: str = ""


@dataclass(frozen=True)
class Score:
    """How many cases of a kind were right, and the share shown at 95 % confidence."""

    name: str
    right: int
    all: int
    wrong: tuple[str, ...]

    @property
    def shown(self) -> float:
        """The one-sided exact lower bound of the share right, at 95 %."""
        return exact.lower(self.right, self.all)


def read(path: Path) -> list[Case]:
    """Read a case file. Raises OSError, msgspec.DecodeError."""
    lines = path.read_bytes().splitlines()
    return [msgspec.json.decode(line, type=Case) for line in lines if line.strip()]


def score(cases: list[Case], answer: Callable[[Question], str]) -> list[Score]:
    """Answer all cases and return a score per metric that they count for."""
    kinds: dict[str, list[Case]] = {}
    for case in cases:
        kinds.setdefault(case.counts or "right", []).append(case)
    return [_score(name, chosen, answer) for name, chosen in sorted(kinds.items())]


def _score(name: str, cases: list[Case], answer: Callable[[Question], str]) -> Score:
    wrong = tuple(case.id for case in cases if answer(question_of(case.request)) != case.expect)
    return Score(name, len(cases) - len(wrong), len(cases), wrong)
