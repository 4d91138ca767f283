"""Phases of a plan file: components with stages, steps, conditions, sign-offs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from phasegate.core.plan import (
    EVERYONE,
    Component,
    Condition,
    Mode,
    OnOutage,
    Phase,
    Risk,
    Role,
    SignOffRule,
    Stage,
    Step,
    StepKind,
)
from phasegate.core.problem import suggestion
from phasegate.planfile import keys, values
from phasegate.planfile.conditions import Declared, condition
from phasegate.planfile.fields import Fields, fields, value
from phasegate.planfile.nodes import Node, Scalar
from phasegate.planfile.notes import Notes, Wrong

TEN_MINUTES = timedelta(minutes=10)
ALL: values.Exposures = (EVERYONE,)
NONE: values.Exposures = ()
STAND_IN_LASTS = (timedelta(hours=1), timedelta(days=1))


def phase(table: Fields, declared: Declared) -> Phase:
    """Return the phase that a table describes."""
    table.only(keys.PHASE)
    name = table.path.removeprefix("phases.")
    least, most = table.need("lasts", values.lasts, STAND_IN_LASTS)
    return Phase(
        name=name,
        title=table.read("title", values.words, name),
        week=table.read("week", values.whole, None),
        risk=table.read("risk", values.one_of(Risk), Risk.MEDIUM),
        lasts_least=least,
        lasts_most=most,
        before=tuple(_steps(table, "before")),
        after=tuple(_steps(table, "after")),
        components=tuple(_components(table)),
        pass_when=tuple(_conditions(table, "pass_when", declared, gate=True)),
        roll_back_when=tuple(_conditions(table, "roll_back_when", declared, gate=False)),
        sign_off=tuple(_sign_offs(table)),
        if_control_fails_too=table.read(
            "if_control_fails_too", values.one_of(OnOutage), OnOutage.ROLL_BACK
        ),
    )


def _components(table: Fields) -> Iterator[Component]:
    below = table.fields("components")
    for name, node in below.table.entries.items():
        found = _component(below.at(name), name, node, table.notes)
        if found is not None:
            yield found


def _component(path: str, name: str, node: Node, notes: Notes) -> Component | None:
    try:
        values.name(name)
    except Wrong as wrong:
        notes.caught(path, node.line, wrong)
        return None
    if isinstance(node, Scalar):
        stages = value(path, node, values.exposures, ALL, notes)
        return Component(name=name, flag=name, stages=_live(stages))
    table = fields(path, node, notes)
    if table is None:
        return None
    table.only(keys.COMPONENT)
    flag = table.read("flag", values.flag, name)
    return Component(name=name, flag=flag, stages=_stages(table))


def _stages(table: Fields) -> tuple[Stage, ...]:
    if table.has("exposure") == table.has("shadow") or (
        table.has("then") and not table.has("shadow")
    ):
        table.notes.wrong(
            table.path,
            "component-form",
            "it is not clear what is exposed",
            'Write `exposure: "5% then 15%"`, or `shadow: "100%"` with `then: "20%"`.',
            table.line,
        )
        return (Stage(exposure=EVERYONE),)
    if table.has("exposure"):
        return _live(table.read("exposure", values.exposures, ALL))
    shadow = table.read("shadow", values.exposures, ALL)
    live = table.read("then", values.exposures, NONE)
    return tuple(Stage(exposure=share, mode=Mode.SHADOW) for share in shadow) + _live(live)


def _live(exposures: tuple[int, ...]) -> tuple[Stage, ...]:
    return tuple(Stage(exposure=exposure) for exposure in exposures)


def _conditions(table: Fields, key: str, declared: Declared, *, gate: bool) -> Iterator[Condition]:
    def read(text: str) -> Condition | None:
        return condition(text, declared, gate=gate)

    for path, node in table.listing(key):
        found = value(path, node, read, None, table.notes)
        if found is not None:
            yield found


def _steps(table: Fields, key: str) -> Iterator[Step]:
    for path, node in table.listing(key):
        found = fields(path, node, table.notes)
        step = None if found is None else _step(found)
        if step is not None:
            yield step


def _step(table: Fields) -> Step | None:
    table.only(keys.STEP)
    kinds = [kind for kind in StepKind if table.has(kind.value)]
    if len(kinds) != 1:
        table.notes.wrong(
            table.path,
            "step-form",
            "a step does exactly one thing",
            "Write one of `run: …`, `check: …` and `evaluate: {cases: …, metric: …}`.",
            table.line,
        )
        return None
    timeout = table.read("timeout", values.long_enough, TEN_MINUTES)
    kind = kinds[0]
    if kind is not StepKind.EVALUATE:
        convert = values.words if kind is StepKind.RUN else values.name
        argument = table.read(kind.value, convert, None)
        return None if argument is None else Step(kind=kind, argument=argument, timeout=timeout)
    below = table.fields("evaluate")
    below.only(keys.EVALUATE)
    cases = below.need("cases", values.name, None)
    metric = below.need("metric", values.name, None)
    if cases is None or metric is None:
        return None
    return Step(kind=kind, argument=cases, metric=metric, timeout=timeout)


def _sign_offs(table: Fields) -> Iterator[SignOffRule]:
    for path, node in table.listing("sign_off"):
        found = value(path, node, _sign_off, None, table.notes)
        if found is not None:
            yield found


def _sign_off(text: str) -> SignOffRule:
    match = re.fullmatch(r"(?:([0-9]{1,4})\s+)?([a-z_]+)", text)
    if match is None or match[1] == "0":
        raise Wrong(
            "sign-off-form",
            f"{text[:80]!r} does not say who signs",
            'Write a role, with a number if more than one signs, like "2 safety_officer".',
        )
    if match[2] not in keys.SIGNING_ROLES:
        remedy = suggestion(match[2], keys.SIGNING_ROLES)
        raise Wrong("unknown-word", f"{match[2]!r} is no role that signs", remedy)
    return SignOffRule(role=Role(match[2]), count=int(match[1] or 1))
