"""The whole plan file: text in, plan and problems out; a plan comes only without an error."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from phasegate.core.plan import CaseSpec, CheckSpec, Hazard, Metric, Phase, Plan
from phasegate.core.problem import Problem
from phasegate.core.review import problems as review
from phasegate.planfile import keys, nodes, values
from phasegate.planfile.conditions import Declared
from phasegate.planfile.fields import Fields, fields, value
from phasegate.planfile.metrics import metric
from phasegate.planfile.notes import Notes, Wrong
from phasegate.planfile.phases import phase
from phasegate.planfile.withheld import reliable

DEFAULTS = Plan(name="", environment="", author="", metrics=(), phases=())


@dataclass(frozen=True, kw_only=True)
class Parsed:
    """What a text came to.

    plan      None as soon as one problem is an error.
    problems  errors and warnings in the order of the file.
    origin    where the text came from, for messages.
    """

    plan: Plan | None
    problems: tuple[Problem, ...]
    origin: str

    @property
    def errors(self) -> tuple[Problem, ...]:
        """What keeps the plan from starting."""
        return tuple(problem for problem in self.problems if problem.is_error)

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What its author should know."""
        return tuple(problem for problem in self.problems if not problem.is_error)


Look = Callable[[Plan], Iterable[Problem]]
"""Finds what is wrong beside a plan: in its folder, say."""


def parse(text: str, origin: str = "plan", beside: Look | None = None) -> Parsed:
    """Read and review a plan. Never raises for bad input; everything wrong is said at once.

    beside   asked as well, about a plan that can be read.
    """
    draft, notes, lines = _draft(text)
    if draft is None:
        return _parsed(None, notes.problems, origin)
    found = list(reliable(review(draft), notes.problems))
    if beside is not None and not notes.problems:
        found.extend(beside(draft))
    reviewed = [replace(problem, line=nodes.line_of(problem.path, lines)) for problem in found]
    return _parsed(draft, notes.problems + reviewed, origin)


def parse_unreviewed(text: str, origin: str = "plan") -> Parsed:
    """Read a plan that was accepted before: its form counts, today's review does not.

    A run in progress must be readable after an upgrade that reviews more strictly.
    """
    draft, notes, _ = _draft(text)
    return _parsed(draft, notes.problems, origin)


def _parsed(draft: Plan | None, problems: list[Problem], origin: str) -> Parsed:
    ordered = tuple(sorted(problems, key=lambda problem: (problem.line or 0, problem.path)))
    plan = None if any(problem.is_error for problem in problems) else draft
    return Parsed(plan=plan, problems=ordered, origin=origin)


def _draft(text: str) -> tuple[Plan | None, Notes, dict[str, int]]:
    notes = Notes()
    root = nodes.read(text, notes)
    table = None if root is None else fields("", root, notes)
    if root is None or table is None:
        return None, notes, {}
    return _plan(table), notes, dict(nodes.lines(root))


def _plan(table: Fields) -> Plan:
    table.only(keys.PLAN)
    table.require("metrics")
    table.require("phases")
    metrics = tuple(_metrics(table))
    names = tuple(table.fields("metrics").table.entries) if table.has("metrics") else ()
    declared = Declared(metrics={found.name: found for found in metrics}, names=names)
    return Plan(
        name=table.need("plan", values.name, ""),
        environment=table.need("environment", values.name, ""),
        author=table.need("author", values.words, ""),
        subjects=table.read("subjects", values.words, DEFAULTS.subjects),
        traffic=table.read("traffic", values.rate, DEFAULTS.traffic),
        error_budget=table.read("error_budget", values.inner_share, DEFAULTS.error_budget),
        confidence=table.read("confidence", values.inner_share, DEFAULTS.confidence),
        unattended=table.read("unattended", values.unattended, DEFAULTS.unattended),
        blind_for=table.read("blind_for", values.long_enough, DEFAULTS.blind_for),
        block=table.read("block", values.long_enough, DEFAULTS.block),
        window=table.read("window", values.window, None),
        endpoints=tuple(_endpoints(table)),
        hazards=tuple(_hazard(below) for below in _named(table, "hazards")),
        checks=tuple(_check(below) for below in _named(table, "checks")),
        cases=tuple(_cases(below) for below in _named(table, "cases")),
        metrics=metrics,
        phases=tuple(_phases(table, declared)),
    )


def _named(table: Fields, key: str) -> Iterator[Fields]:
    """Yield the tables below a key whose names can be names."""
    for below in table.tables(key) if table.has(key) else ():
        try:
            values.name(_last(below))
        except Wrong as wrong:
            table.notes.caught(below.path, below.line, wrong)
        else:
            yield below


def _metrics(table: Fields) -> Iterator[Metric]:
    for below in _named(table, "metrics"):
        found = metric(below)
        if found is not None:
            yield found


def _phases(table: Fields, declared: Declared) -> Iterator[Phase]:
    for below in _named(table, "phases"):
        yield phase(below, declared)


def _endpoints(table: Fields) -> Iterator[tuple[str, str]]:
    if not table.has("endpoints"):
        return
    below = table.fields("endpoints")
    for name, node in below.table.entries.items():
        yield name, value(below.at(name), node, values.address, "", table.notes)


def _hazard(table: Fields) -> Hazard:
    table.only(keys.HAZARD)
    table.require("guarded_by")
    guards = (
        value(path, node, values.name, None, table.notes)
        for path, node in table.listing("guarded_by")
    )
    return Hazard(
        name=_last(table),
        text=table.need("text", values.words, ""),
        guarded_by=tuple(guard for guard in guards if guard is not None),
    )


def _check(table: Fields) -> CheckSpec:
    kind = table.need("kind", values.choice(*keys.CHECK_KINDS), "")
    for option in keys.CHECK_NEEDS.get(kind, ()):
        table.require(option)
    # Sorted: the order of options means nothing and must not change the plan's hash.
    options = (
        (option, table.read(option, values.url if option == "url" else values.words, ""))
        for option in sorted(table.table.entries)
        if option != "kind"
    )
    return CheckSpec(name=_last(table), kind=kind, options=tuple(options))


def _cases(table: Fields) -> CaseSpec:
    table.only(keys.CASES)
    return CaseSpec(
        name=_last(table),
        file=table.need("file", values.words, ""),
        url=table.need("url", values.url, "http://stand-in"),
    )


def _last(table: Fields) -> str:
    return table.path.partition(".")[2]
