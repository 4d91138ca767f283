"""A targeting rule made one Python function, and every name that such a function can reach."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from phasegate.flags import operators, semver
from phasegate.flags.bucketing import hash32, slot
from phasegate.flags.outcomes import Outcomes
from phasegate.flags.resolution import Resolution
from phasegate.flags.source import RuleWriter

Evaluator = Callable[[str | None, Mapping[str, object]], Resolution]
"""(targeting key, attributes) → Resolution."""

_HELPERS: Mapping[str, object] = {
    "__builtins__": {},
    "isinstance": isinstance,
    "str": str,
    "hash32": hash32,
    "slot": slot,
    "compare_versions": semver.compare_versions,
    "version": semver.version,
    "truthy": operators.truthy,
    "equal": operators.equal,
    "same": operators.same,
    "below": operators.below,
    "at_most": operators.at_most,
    "contains": operators.contains,
    "text": operators.text,
    "dig": operators.dig,
    "context": operators.context,
    "unix": operators.unix,
    "starts_with": operators.starts_with,
    "ends_with": operators.ends_with,
    "Unfit": (ValueError, TypeError, ArithmeticError),
}
"""Every name that compiled rules can reach."""


def compile_rule(writer: RuleWriter, rule: object, outcomes: Outcomes) -> Evaluator:
    """Return the function that does what a rule says. Raises BrokenFlag."""
    numbers = {variant: f"match{number}" for number, variant in enumerate(outcomes.matches)}

    def leaf(ending: object) -> str:
        if ending is None:
            return "default"
        if isinstance(ending, str) and ending in numbers:
            return numbers[ending]
        return f"settle({writer.value(ending)})"

    body = writer.body(rule, leaf)
    lines = [
        *writer.functions,
        "def evaluate(key, attributes):",
        "    try:",
        *(f"        {line}" for line in body),
        "    except Unfit:",
        "        return unfit",
    ]
    names: dict[str, object] = {
        **_HELPERS,
        **{numbers[variant]: outcome for variant, outcome in outcomes.matches.items()},
        "default": outcomes.default,
        "unfit": outcomes.unfit,
        "settle": outcomes.settle,
    }
    code = compile("\n".join(lines), f"<targeting of {writer.flag}>", "exec")
    exec(code, names)  # noqa: S102 holds repr of constants and our own names alone, see source.py
    evaluator: Evaluator = names["evaluate"]  # type: ignore[assignment]  # defined by the source
    return evaluator
