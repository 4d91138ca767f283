"""A flag document made ready: every flag one function, every outcome built beforehand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from phasegate.flags.bucketing import HASHING
from phasegate.flags.outcomes import Outcomes
from phasegate.flags.problem import BrokenDocument, BrokenFlag, Problem
from phasegate.flags.resolution import NOTHING, ErrorCode, Metadata, Reason, Resolution, failed
from phasegate.flags.rule import Evaluator, compile_rule
from phasegate.flags.source import RuleWriter


class FlagSet:
    """The compiled flags of one document; never changes, so any thread may evaluate.

    keys      the flags' keys.
    metadata  the flag set's own metadata.
    problems  what is wrong in the document; a broken flag evaluates to PARSE_ERROR.
    """

    __slots__ = ("_evaluators", "_flags", "keys", "metadata", "problems")

    def __init__(
        self, flags: Mapping[str, CompiledFlag], metadata: Metadata, problems: tuple[Problem, ...]
    ) -> None:
        """Hold compiled flags; use compile_document to make one."""
        self._flags = flags
        self._evaluators = {key: flag.evaluate for key, flag in flags.items()}
        self.keys = frozenset(flags)
        self.metadata = metadata
        self.problems = problems

    def evaluate(
        self, key: str, targeting_key: str | None, attributes: Mapping[str, object]
    ) -> Resolution:
        """Return what the flag is for this subject; a missing flag is an error code, no raise."""
        try:
            evaluator = self._evaluators[key]
        except KeyError:
            return failed(ErrorCode.FLAG_NOT_FOUND, f"no flag is called {key!r}", self.metadata)
        return evaluator(targeting_key, attributes)

    def metadata_of(self, key: str) -> Metadata:
        """Return a flag's metadata over the flag set's; KeyError if there is no such flag."""
        return self._flags[key].metadata

    def held_at(self, key: str, variant: str, reason: Reason, mark: Metadata) -> Resolution:
        """Build a flag's resolution at a fixed variant; no value if the flag has no such variant.

        mark is added to the metadata. KeyError if there is no such flag.
        """
        flag = self._flags[key]
        return Resolution(
            value=flag.variants.get(variant),
            variant=variant if variant in flag.variants else None,
            reason=reason,
            metadata=MappingProxyType({**flag.metadata, **mark}),
        )


@dataclass(frozen=True, kw_only=True)
class CompiledFlag:
    """One flag, ready to evaluate."""

    evaluate: Evaluator
    variants: Mapping[str, object]
    metadata: Metadata


def compile_document(document: Mapping[str, object]) -> FlagSet:
    """Compile a flagd flag definition.

    A flag that is broken becomes a problem and evaluates to PARSE_ERROR; the others stand.
    Raises BrokenDocument if it is no flag definition at all.
    """
    flags = document.get("flags") if isinstance(document, Mapping) else None
    if not isinstance(flags, Mapping):
        raise BrokenDocument("`flags` of the document must be an object keyed by flag key")
    evaluators = document.get("$evaluators", {})
    if not isinstance(evaluators, Mapping):
        raise BrokenDocument("`$evaluators` of the document must be an object of rules by name")
    try:
        metadata = _metadata("metadata", document.get("metadata"), NOTHING)
    except BrokenFlag as broken:
        raise BrokenDocument(broken.problem.text) from broken
    problems: list[Problem] = []
    compiled = {
        str(key): _compile_or_note(str(key), flag, metadata, evaluators, problems)
        for key, flag in flags.items()
    }
    return FlagSet(compiled, metadata, tuple(problems))


def _compile_or_note(
    key: str,
    flag: object,
    metadata: Metadata,
    evaluators: Mapping[str, object],
    problems: list[Problem],
) -> CompiledFlag:
    try:
        return _compile_flag(key, flag, metadata, evaluators, problems)
    except BrokenFlag as broken:
        problems.append(broken.problem)
        outcome = failed(ErrorCode.PARSE_ERROR, broken.problem.text, metadata)
        return CompiledFlag(evaluate=_always(outcome), variants={}, metadata=metadata)


def _compile_flag(
    key: str,
    flag: object,
    set_metadata: Metadata,
    evaluators: Mapping[str, object],
    problems: list[Problem],
) -> CompiledFlag:
    path = f"flags.{key}"
    if not isinstance(flag, Mapping):
        raise _broken(path, "flag-shape", "a flag is an object with state and variants")
    metadata = _metadata(f"{path}.metadata", flag.get("metadata"), set_metadata)
    variants = flag.get("variants")
    if not isinstance(variants, Mapping) or not variants:
        raise _broken(f"{path}.variants", "flag-variants", "a flag has at least one variant")
    outcomes = Outcomes(key, variants, _default(path, flag, variants), metadata)
    return CompiledFlag(
        evaluate=_evaluator(path, flag, outcomes, evaluators, problems),
        variants=variants,
        metadata=metadata,
    )


def _evaluator(
    path: str,
    flag: Mapping[str, object],
    outcomes: Outcomes,
    evaluators: Mapping[str, object],
    problems: list[Problem],
) -> Evaluator:
    if flag.get("state") == "DISABLED":
        return _always(outcomes.without_value(Reason.DISABLED))
    if flag.get("state") != "ENABLED":
        text = f"state is ENABLED or DISABLED, not {flag.get('state')!r}"
        raise _broken(f"{path}.state", "flag-state", text)
    rule = flag.get("targeting")
    if rule is None or rule == {}:
        return _always(outcomes.static)
    if not isinstance(rule, dict):
        raise _broken(f"{path}.targeting", "rule-shape", "targeting is an object with one operator")
    hashing = outcomes.metadata.get("hashing", HASHING)
    writer = RuleWriter(outcomes.key, evaluators, hashing)
    evaluator = compile_rule(writer, rule, outcomes)
    problems.extend(writer.notes)
    return evaluator


def _default(path: str, flag: Mapping[str, object], variants: Mapping[str, object]) -> str | None:
    default = flag.get("defaultVariant")
    if default is None or default == "":
        return None
    if not isinstance(default, str) or default not in variants:
        text = f"defaultVariant {default!r} is no variant; variants are {', '.join(variants)}"
        raise _broken(f"{path}.defaultVariant", "flag-default", text)
    return default


def _always(outcome: Resolution) -> Evaluator:
    return lambda key, attributes: outcome  # noqa: ARG005 an Evaluator's shape


def _metadata(path: str, given: object, below: Metadata) -> Metadata:
    if given is None:
        return below
    if not isinstance(given, Mapping) or not all(
        isinstance(value, str | int | float | bool) for value in given.values()
    ):
        raise _broken(path, "flag-metadata", f"{path} holds texts, numbers and booleans by name")
    return MappingProxyType({**below, **given})


def _broken(path: str, code: str, text: str) -> BrokenFlag:
    return BrokenFlag(Problem(path=path, code=code, text=text))
