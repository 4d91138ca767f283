"""Complexity analyser: says how hard a question is, so that the router can choose.

old  points added up: messages, history, many medicines or illnesses; words do not count.
new  a logistic score over what makes the quick tier insufficient. Its weights are set by hand from
     those causes, not fitted; `sufficient` is the chance that the quick tier is good enough.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from clinic.components.emergency_detector import signs_of
from clinic.records import Question

LEVELS = ((25, "simple"), (50, "moderate"), (75, "complex"))
UNSURE = re.compile(
    r"\b(?:not sure|unsure|don't know|unexplained|keeps? (?:coming|changing)|comes and goes|second"
    r" opinion|nobody (?:can|could)|no (?:one|doctor)|conflicting|contradict\w*"
    r"|nothing (?:has )?help\w*|interact\w*|safe (?:to|for|with)|together with|combin\w*"
    r"|at the same time|despite|should i stop|instead of|switch\w*|worse since)\b"
)
CHRONIC = re.compile(
    r"\b(?:diabet\w*|hypertensi\w*|kidney|renal|liver|heart failure|copd|asthma|epilep\w*|cancer"
    r"|chemo\w*|transplant\w*|immun\w*|lupus|arthritis|thyroid|depress\w*|bipolar|warfarin|insulin"
    r"|methotrexate|lithium|pregnan\w*|breast-?feed\w*|dialysis|parkinson\w*|dementia)\b"
)
NUMBER = re.compile(r"\b\d+(?:[.,]\d+)?\b")
CLAUSE = re.compile(r"[.;!?]+|\b(?:and|but|because|although|since|when|while)\b")

# What speaks for the deep tier, in log odds per unit; each counts up to the cap.
WEIGHTS: tuple[tuple[str, float, int], ...] = (
    ("illnesses", 1.1, 3),
    ("medicines", 0.7, 5),
    ("signs", 0.35, 6),
    ("unsure", 1.3, 2),
    ("clauses", 0.15, 8),
    ("questions", 0.4, 3),
    ("numbers", 0.2, 4),
    ("messages", 0.25, 6),
    ("pregnant", 1.8, 1),
    ("extreme_age", 0.9, 1),
)
START = -3.2


@dataclass(frozen=True)
class Complexity:
    """score 0..100; level; sufficient: chance in 0..1 that the quick tier is good enough."""

    score: float
    level: str
    sufficient: float


def old(question: Question) -> Complexity:
    """Add points for what is attached to the question."""
    score = float(len(question.messages))
    score += 15 if len(question.messages) > 10 else 0
    score += 25 if len(question.conditions) > 3 else 0
    score += 15 if len(question.medications) > 2 else 0
    score += 15 if question.allergies else 0
    return _complexity(min(score, 100), 1 - min(score, 100) / 100)


def new(question: Question) -> Complexity:
    """Weigh what would make a template answer insufficient."""
    counts = _counts(question)
    odds = START + sum(weight * min(counts[name], cap) for name, weight, cap in WEIGHTS)
    hard = 1 / (1 + math.exp(-odds))
    return _complexity(100 * hard, 1 - hard)


def _counts(question: Question) -> dict[str, int]:
    text = question.text.lower()
    named = set(CHRONIC.findall(text)) | {name.lower() for name in question.conditions}
    return {
        "illnesses": len(named),
        "medicines": len(question.medications),
        "signs": len(signs_of(question)),
        "unsure": len(UNSURE.findall(text)),
        "clauses": len(CLAUSE.findall(text)),
        "questions": text.count("?"),
        "numbers": len(NUMBER.findall(text)),
        "messages": len(question.messages),
        "pregnant": int(question.pregnant),
        "extreme_age": int(question.age < 2 or question.age >= 80),
    }


def _complexity(score: float, sufficient: float) -> Complexity:
    level = next((name for bound, name in LEVELS if score < bound), "advanced")
    return Complexity(score=round(score, 1), level=level, sufficient=round(sufficient, 4))
