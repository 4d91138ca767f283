"""Everything that is wrong with a plan before it starts, found by pure rules over the plan."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from phasegate.core.plan import Plan
from phasegate.core.problem import Problem
from phasegate.core.review.conditions import (
    conditions_make_sense,
    gates_and_guards_leave_room,
    rates_fit_into_blocks,
)
from phasegate.core.review.counts import counts_are_of_steps
from phasegate.core.review.exposure import control_exists, exposures_grow
from phasegate.core.review.names import (
    case_files_are_inside,
    endpoints_are_known,
    flags_are_single,
    names_are_known,
    names_are_single,
)
from phasegate.core.review.phases import hazards_are_guarded, phases_are_whole
from phasegate.core.review.power import gates_can_be_decided
from phasegate.core.review.sight import guards_and_gates_can_see

RULES: tuple[Callable[[Plan], Iterator[Problem]], ...] = (
    names_are_single,
    flags_are_single,
    names_are_known,
    endpoints_are_known,
    counts_are_of_steps,
    case_files_are_inside,
    phases_are_whole,
    hazards_are_guarded,
    conditions_make_sense,
    gates_and_guards_leave_room,
    rates_fit_into_blocks,
    exposures_grow,
    control_exists,
    gates_can_be_decided,
    guards_and_gates_can_see,
)


def problems(plan: Plan) -> tuple[Problem, ...]:
    """Return everything wrong with a plan, all at once; a plan with an error must not start."""
    return tuple(problem for rule in RULES for problem in rule(plan))
