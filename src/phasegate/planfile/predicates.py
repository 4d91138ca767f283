"""Questions about one observation: `error`, `not opened`, `rating >= 4`, `outcome == "timeout"`."""

from __future__ import annotations

import re

from phasegate.core.plan import Predicate
from phasegate.planfile.notes import Wrong
from phasegate.planfile.values import FIELD, NUMBER


def predicate(text: str) -> Predicate:
    """Return the question of `error`, `not opened`, `rating >= 4`, `outcome == "timeout"`."""
    plain = re.fullmatch(rf"(not\s+)?({FIELD})", text)
    if plain:
        return Predicate(field=plain[2], op="is not" if plain[1] else "is")
    match = re.fullmatch(rf"({FIELD})\s*(==|!=|<=|>=|<|>)\s*(.+)", text, re.DOTALL)
    if not match:
        raise Wrong(
            "predicate-form",
            f"{text[:80]!r} is no question about one observation",
            'Write "error", "not opened", "rating >= 4" or "outcome == \\"timeout\\"".',
        )
    value = _literal(match[3].strip())
    if match[2] not in ("==", "!=") and not isinstance(value, float):
        raise Wrong(
            "predicate-form",
            f"{match[2]} compares numbers, and {match[3][:80]!r} is none",
            "Compare text with == or !=.",
        )
    return Predicate(field=match[1], op=match[2], value=value)


def _literal(text: str) -> float | str | bool:
    if re.fullmatch(rf"-?{NUMBER}", text):
        return float(text)
    if text in ("true", "false"):
        return text == "true"
    if len(text) >= 2 and text[0] == text[-1] and text[0] in "\"'" and text[0] not in text[1:-1]:
        return text[1:-1]
    raise Wrong(
        "predicate-form",
        f"{text[:80]!r} is no number, true, false or quoted text",
        f'Did you mean "{text[:80]}" in quotes?',
    )
