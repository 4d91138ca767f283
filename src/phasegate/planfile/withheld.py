"""Which findings of the review can be trusted while other parts of the file cannot be read.

A guard that could not be read must not lead to "the phase has no guards": that finding waits
until the guard is mended.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from phasegate.core.problem import Problem

MISSPELT = "?"
"""Stands for a key nobody knows, which may be meant for any that is missing beside it."""

CONDITIONS = ("metrics", "{phase}.pass_when", "{phase}.roll_back_when", "{phase}.?")

RESTS_ON: dict[str, tuple[str, ...]] = {
    "unknown-metric": ("metrics",),
    "unknown-check": ("checks",),
    "unknown-cases": ("cases",),
    "unknown-endpoint": ("endpoints",),
    "metric-unused": ("phases", "metrics"),
    "hazard-unguarded": ("phases", "metrics", "{part}"),
    "hazard-metric-unused": ("phases", "metrics"),
    "plan-without-phases": ("phases",),
    "phase-without-components": ("{phase}.components", "{phase}.?"),
    "phase-without-guards": CONDITIONS,
    "phase-without-gates": CONDITIONS,
    "sign-off-missing": ("{phase}.sign_off", "{phase}.risk", "{phase}.?"),
    "lasts-inverted": ("{phase}.lasts",),
    "week-order": ("phases",),
    "condition-inverted": ("metrics",),
    "comparison-unsupported": ("metrics",),
    "guard-over-cases": ("metrics",),
    "cases-unevaluated": ("metrics", "{phase}.before", "{phase}.after", "{phase}.?"),
    "cases-mismatch": ("metrics",),
    "exposure-falls": ("phases",),
    "control-missing": ("{phase}.components",),
    "gate-undecidable": (
        *("metrics", "traffic", "confidence"),
        *("{phase}.lasts", "{phase}.components"),
    ),
    "gate-late": (
        *("metrics", "traffic", "confidence"),
        *("{phase}.lasts", "{phase}.components"),
    ),
    "lag-too-long": ("metrics", "{phase}.lasts"),
    "hold-too-long": ("metrics", "{phase}.lasts"),
}
"""The parts of the file that a finding rests on, by its code. {phase}: the finding's phase."""


def reliable(found: Iterable[Problem], errors: list[Problem]) -> Iterator[Problem]:
    """Yield the findings that rest on parts of the file without an error."""
    broken = [error.path for error in errors]
    broken += [
        f"{error.path.rpartition('.')[0]}.{MISSPELT}"
        for error in errors
        if error.code == "unknown-key"
    ]
    for problem in found:
        part = ".".join(problem.path.split(".")[:2])
        roots = [root.format(phase=part, part=part) for root in RESTS_ON.get(problem.code, ())]
        if not any(_touches(path, root) for path in broken for root in (*roots, problem.path)):
            yield problem


def _touches(path: str, root: str) -> bool:
    """Whether an error lies at or below a part, or above it, or at the top of the file."""
    return not path or _within(path, root) or _within(root, path)


def _within(path: str, root: str) -> bool:
    return re.match(rf"{re.escape(root)}(?:[.\[]|$)", path) is not None
