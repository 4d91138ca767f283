"""A flag document made ready: every flag checked and compiled, each bound when first asked for."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from operator import attrgetter
from types import MappingProxyType
from typing import TypeVar

import mmh3

from phasegate.flags.bucketing import HASHING
from phasegate.flags.order import KEY
from phasegate.flags.outcomes import Outcomes, chosen
from phasegate.flags.prerequisites import dependents, refused
from phasegate.flags.problem import BrokenDocument, BrokenFlag, Problem
from phasegate.flags.resolution import ErrorCode, Metadata, Reason, Resolution, failed
from phasegate.flags.rule import Evaluator, Rule
from phasegate.flags.safe import PREREQUISITE_OFF, safe_variant
from phasegate.flags.source import RuleWriter
from phasegate.flags.validate import Shape, is_metadata, misread, problems_of, shape, unread

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class CompiledFlag:
    """One flag, checked and compiled.

    shape     None where the flag is refused; problems then say why.
    rule      None where there is no targeting.
    digest    of the definition it was compiled from.
    """

    shape: Shape | None
    rule: Rule | None
    problems: tuple[Problem, ...]
    digest: bytes


@dataclass(frozen=True, kw_only=True)
class Common:
    """What all flags of a document share."""

    metadata: Metadata
    evaluators: Mapping[str, object]

    def compiles_like(self, other: Common) -> bool:
        """Say whether a flag compiles to the same under both."""
        same = self.metadata.get("hashing") == other.metadata.get("hashing")
        return same and self.evaluators == other.evaluators


class FlagSet:
    """The compiled flags of one document; what it answers never changes, in any thread.

    keys      the flags' keys.
    metadata  the flag set's own metadata.
    problems  what is wrong in the document; a flag that is refused evaluates to PARSE_ERROR.
    requires  by flag, the flags that must be on for it to be on.
    """

    __slots__ = (
        "_bound",
        "_common",
        "_flags",
        "_flawed",
        "_notes",
        "_refused",
        "keys",
        "problems",
        "requires",
    )

    def __init__(
        self, flags: Mapping[str, CompiledFlag], common: Common, notes: tuple[Problem, ...] = ()
    ) -> None:
        """Hold compiled flags; use compile_document to make one."""
        self._flags = flags
        self._common = common
        self._notes = notes
        requires = {key: wanted for key, flag in flags.items() if (wanted := _required(flag))}
        self._settle(requires, {key: flag.problems for key, flag in flags.items() if flag.problems})

    @property
    def metadata(self) -> Metadata:
        """The flag set's own metadata."""
        return self._common.metadata

    def evaluate(
        self, key: str, targeting_key: str | None, attributes: Mapping[str, object]
    ) -> Resolution:
        """Return what the flag is for this subject; a missing flag is an error code, no raise."""
        try:
            evaluator = self._bound[key]
        except KeyError:
            evaluator = self._bind(key)
        return evaluator(targeting_key, attributes)

    def evaluator(self, key: str) -> Evaluator:
        """Return what evaluates a flag, for whoever finds it again by himself."""
        return self._bound.get(key) or self._bind(key)

    def replaced(self, key: str, definition: object) -> FlagSet:
        """Return the flag set with one flag defined anew; all others stay compiled."""
        flag = _compiled(key, definition, self._common)
        # Without looking at the others again, of which there may be ten thousand.
        other = object.__new__(FlagSet)
        other._flags = {**self._flags, key: flag}
        other._common, other._notes = self._common, self._notes
        other._settle(
            _with(self.requires, key, _required(flag)), _with(self._flawed, key, flag.problems)
        )
        return other

    def metadata_of(self, key: str) -> Metadata:
        """Return a flag's metadata over the flag set's; KeyError if there is no such flag."""
        own = self._flags[key].shape
        if own is None or not own.metadata:
            return self.metadata
        return MappingProxyType({**self.metadata, **own.metadata})

    def digests(self) -> Mapping[str, bytes]:
        """Return by flag what stands for its definition."""
        return {key: flag.digest for key, flag in self._flags.items()}

    def dependents(self, keys: frozenset[str]) -> frozenset[str]:
        """Return every flag that needs one of these, directly or through others."""
        return dependents(self.requires, keys)

    def held_safe(self, key: str, reason: Reason, mark: Metadata) -> Resolution:
        """Build a flag's resolution at its safe variant; mark is added to the metadata.

        KeyError if there is no such flag.
        """
        own = self._flags[key].shape
        metadata = MappingProxyType({**self.metadata_of(key), **mark})
        if own is None:
            return chosen({}, None, reason, metadata)
        return chosen(own.variants, safe_variant(own), reason, metadata)

    def _settle(
        self,
        requires: Mapping[str, tuple[str, ...]],
        flawed: Mapping[str, tuple[Problem, ...]],
    ) -> None:
        """Work out what follows from the flags together; nothing is bound yet."""
        self._bound: dict[str, Evaluator] = {}
        self.keys = self._flags.keys()
        self.requires, self._flawed = requires, flawed
        self._refused = refused(requires, self.keys)
        found = chain.from_iterable(flawed.values())
        self.problems = (*self._notes, *found, *self._refused.values())

    def _bind(self, key: str) -> Evaluator:
        """Make the evaluator of a flag that is asked for the first time."""
        flag = self._flags.get(key)
        if flag is None:
            text = f"no flag is called {key!r}"
            return _always(failed(ErrorCode.FLAG_NOT_FOUND, text, self.metadata))
        evaluator = self._evaluator(key, flag)
        if key in self.requires and key not in self._refused:
            evaluator = self._guarded(key, evaluator)
        self._bound[key] = evaluator
        return evaluator

    def _evaluator(self, key: str, flag: CompiledFlag) -> Evaluator:
        own, metadata = flag.shape, self.metadata_of(key)
        wrong = self._refused.get(key) or (flag.problems[0] if own is None else None)
        if own is None or wrong is not None:
            text = wrong.text if wrong else ""
            return _always(failed(ErrorCode.PARSE_ERROR, text, metadata))
        if not own.enabled:
            return _always(chosen({}, None, Reason.DISABLED, metadata))
        if flag.rule is None:
            return _always(chosen(own.variants, own.default, Reason.STATIC, metadata))
        return flag.rule.bind(Outcomes(key, own.variants, own.default, metadata))

    def _guarded(self, key: str, evaluator: Evaluator) -> Evaluator:
        """Put a flag's prerequisites before it."""
        withheld = [
            (name, self.held_safe(key, Reason.DEFAULT, {PREREQUISITE_OFF: name}))
            for name in self.requires[key]
        ]

        def evaluate(subject: str | None, attributes: Mapping[str, object]) -> Resolution:
            for name, safe in withheld:
                if self.evaluate(name, subject, attributes).value is not True:
                    return safe
            return evaluator(subject, attributes)

        return evaluate


def _required(flag: CompiledFlag) -> tuple[str, ...]:
    return flag.shape.requires if flag.shape is not None else ()


def _with(
    held: Mapping[str, tuple[T, ...]], key: str, items: tuple[T, ...]
) -> Mapping[str, tuple[T, ...]]:
    """Return a mapping in which a key has these items, or is not there where there are none."""
    kept = {name: each for name, each in held.items() if name != key}
    return {**kept, key: items} if items else kept


def compile_document(document: Mapping[str, object], before: FlagSet | None = None) -> FlagSet:
    """Compile a flagd flag definition.

    A flag that is broken becomes a problem and evaluates to PARSE_ERROR; the others stand.
    before is what was in force: its flags that have not changed are not compiled again.
    Raises BrokenDocument if it is no flag definition at all.
    """
    flags = document.get("flags") if isinstance(document, Mapping) else None
    if not isinstance(flags, Mapping | list):
        raise BrokenDocument("`flags` of the document must be an object keyed by flag key")
    notes: list[Problem] = []
    common = _common(document, notes)
    definitions = flags if isinstance(flags, Mapping) else dict(_keyed(flags, notes))
    known = before._flags if before and before._common.compiles_like(common) else {}
    compiled: dict[str, CompiledFlag] = {}
    for key, definition in definitions.items():
        held = known.get(key)
        if held is not None and held.digest and held.digest == digest(definition):
            compiled[key] = held
        else:
            compiled[str(key)] = _compiled(str(key), definition, common)
    return FlagSet(compiled, common, tuple(notes))


def digest(definition: object) -> bytes:
    """Return what stands for a flag's definition: equal where the definitions are.

    It is empty, and stands for nothing, where a definition is nested too deep to be read.
    """
    try:
        text = json.dumps(definition, sort_keys=True, default=str)
    except RecursionError:
        return b""
    # No cryptographic hash: nobody gains by a collision, and loading one weighs 3.5 MiB.
    whole: bytes = mmh3.mmh3_x64_128_digest(text.encode())
    return whole


def _common(document: Mapping[str, object], notes: list[Problem]) -> Common:
    evaluators = document.get("$evaluators", {})
    if not isinstance(evaluators, Mapping):
        raise BrokenDocument("`$evaluators` of the document must be an object of rules by name")
    for name, rule in evaluators.items():
        if not name or not isinstance(rule, dict):
            text = "an evaluator is a rule with a name; flags that refer to it are refused"
            notes.append(Problem(path=f"$evaluators.{name}", code="evaluator-shape", text=text))
    metadata = document.get("metadata")
    if not is_metadata(metadata):
        raise BrokenDocument("`metadata` of the document holds texts, numbers and booleans by name")
    told = metadata if isinstance(metadata, Mapping) else {}
    held = MappingProxyType({name: value for name, value in told.items() if name != KEY})
    notes.extend(misread(held))
    return Common(metadata=held, evaluators=evaluators)


def _keyed(flags: list[object], notes: list[Problem]) -> Iterator[tuple[str, object]]:
    """Yield the flags of a document that lists them; of equal keys the last one counts."""
    seen: set[str] = set()
    for index, flag in enumerate(flags):
        key = flag.get("key") if isinstance(flag, Mapping) else None
        if not isinstance(key, str) or not key:
            text = "a flag in a list names its `key`"
            notes.append(Problem(path=f"flags[{index}]", code="flag-key", text=text))
            continue
        if key in seen:
            text = f"{key!r} is listed twice; the last one counts"
            notes.append(Problem(path=f"flags[{index}]", code="flag-twice", text=text))
        seen.add(key)
        yield key, flag


def _compiled(key: str, definition: object, common: Common) -> CompiledFlag:
    marked = digest(definition)
    problems = tuple(problems_of(key, definition))
    if problems or not isinstance(definition, Mapping):
        return CompiledFlag(shape=None, rule=None, problems=problems, digest=marked)
    own, odd = shape(definition), tuple(sorted(unread(key, definition), key=attrgetter("path")))
    if own.targeting is None or not own.enabled:
        return CompiledFlag(shape=own, rule=None, problems=odd, digest=marked)
    hashing = {**common.metadata, **own.metadata}.get("hashing", HASHING)
    writer = RuleWriter(key, common.evaluators, hashing)
    try:
        rule = Rule(writer, own.targeting, own.variants)
    except BrokenFlag as broken:
        problems = (*odd, *writer.notes, broken.problem)
        return CompiledFlag(shape=None, rule=None, problems=problems, digest=marked)
    return CompiledFlag(shape=own, rule=rule, problems=(*odd, *writer.notes), digest=marked)


def _always(outcome: Resolution) -> Evaluator:
    return lambda key, attributes: outcome  # noqa: ARG005 an Evaluator's shape
