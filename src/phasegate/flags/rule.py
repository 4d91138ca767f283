"""A targeting rule made one Python function, and every name that such a function can reach."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache

from phasegate.flags import arithmetic, bucketing, cbor, listing, operators, semver
from phasegate.flags.outcomes import Outcomes
from phasegate.flags.resolution import Resolution
from phasegate.flags.source import RuleWriter, indented

Evaluator = Callable[[str | None, Mapping[str, object]], Resolution]
"""(targeting key, attributes) → Resolution."""

Make = Callable[..., Evaluator]
"""Makes an evaluator from what the outcomes and constants of a flag are."""

SHAPES = 4096
"""Shapes of rules that are kept compiled; a flag beyond is compiled by itself."""

_HELPERS: Mapping[str, object] = {
    "__builtins__": {},
    "isinstance": isinstance,
    "str": str,
    "list": list,
    "hash32": bucketing.hash32,
    "slot": bucketing.slot,
    "cbor": cbor.cbor,
    "cbor_text": cbor.cbor_text,
    "compare_versions": semver.compare_versions,
    "version": semver.version,
    "parsed": semver.parsed,
    **{
        function.__name__: function
        for function in (
            operators.truthy,
            operators.equal,
            operators.same,
            operators.below,
            operators.at_most,
            operators.contains,
            operators.text,
            operators.substring,
            operators.dig,
            operators.look,
            operators.context,
            operators.unix,
            operators.starts_with,
            operators.ends_with,
            arithmetic.added,
            arithmetic.subtracted,
            arithmetic.negated,
            arithmetic.multiplied,
            arithmetic.divided,
            arithmetic.remainder,
            arithmetic.largest,
            arithmetic.smallest,
            listing.mapped,
            listing.filtered,
            listing.reduced,
            listing.every,
            listing.some,
            listing.none_passes,
            listing.merged,
            listing.absent,
            listing.lacking,
        )
    },
    "Unfit": (ValueError, TypeError, ArithmeticError),
}
"""Every name that compiled rules can reach, besides their parameters."""


class Rule:
    """One flag's rule, compiled, and bound to outcomes when they are known."""

    __slots__ = ("_constants", "_make", "_matches")

    def __init__(self, writer: RuleWriter, rule: object, variants: Iterable[str]) -> None:
        """Compile the rule of a flag that has these variants. Raises BrokenFlag."""
        numbers = {variant: f"match{number}" for number, variant in enumerate(variants)}
        used: dict[str, str] = {}

        def leaf(ending: object) -> str:
            if ending is None:
                return "default"
            if isinstance(ending, str) and ending in numbers:
                used[ending] = numbers[ending]
                return numbers[ending]
            return f"settle({writer.value(ending)})"

        body = writer.body(rule, leaf)
        lines = [
            "def evaluate(key, attributes):",
            "    try:",
            *indented(indented(body)),
            "    except Unfit:",
            "        return unfit()",
            "return evaluate",
        ]
        names = ["default", "unfit", "settle", *used.values()]
        self._make = _made(_source(names, writer, lines))
        self._matches = tuple(used)
        self._constants = tuple(writer.constants)

    def bind(self, outcomes: Outcomes) -> Evaluator:
        """Return the function that does what the rule says."""
        return self._make(
            outcomes.default,
            outcomes.unfit,
            outcomes.settle,
            *(outcomes.matches[variant] for variant in self._matches),
            *self._constants,
        )


def logic(rule: object) -> Callable[[object], object]:
    """Return the function that a JsonLogic rule is of all its data. Raises BrokenFlag."""
    writer = RuleWriter("rule", {}, bucketing.HASHING)
    body = writer.element_body(rule)
    lines = ["def evaluate(item):", *indented(body), "return evaluate"]
    made: Callable[..., Callable[[object], object]] = _made(_source([], writer, lines))  # type: ignore[assignment]  # sees an element
    return made(*writer.constants)


def _source(names: list[str], writer: RuleWriter, lines: list[str]) -> str:
    parameters = [*names, *(f"k{number}" for number in range(len(writer.constants)))]
    head = f"def make({', '.join(parameters)}):"
    return "\n".join([head, *indented(writer.functions), *indented(lines)])


@lru_cache(maxsize=SHAPES)
def _made(source: str) -> Make:
    names: dict[str, object] = {}
    code = compile(source, "<targeting>", "exec")
    exec(code, _GLOBALS, names)  # noqa: S102 holds our own names alone, see source.py
    made: Make = names["make"]  # type: ignore[assignment]  # defined by the source
    return made


# One dict for all rules: functions of one code and one set of globals are specialised together.
_GLOBALS = dict(_HELPERS)
