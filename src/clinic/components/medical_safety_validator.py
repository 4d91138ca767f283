"""Medical safety validator: checks a recommendation against medicines, pregnancy, age, illness.

old  six naive checks on wordings; only a critical concern makes an answer unsafe, and none of the
     six ever is critical for a medicine from the chemist's shelf.
new  drug classes with their severe pairs, and limits by pregnancy, age and illness.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from clinic.knowledge import interactions, limits
from clinic.records import Concern, Grade, Item, Question

NAME = "medical_safety_validator"

HERB_PAIRS = (
    ("warfarin", "ginkgo"), ("warfarin", "ginseng"), ("warfarin", "garlic"),
    ("metformin", "bitter melon"), ("lisinopril", "hawthorn"), ("digoxin", "licorice"),
)  # fmt: skip
PREGNANCY_PHRASES = ("strong herbs", "blood-moving", "cold nature", "purgative", "stimulating")
_KNOWN = re.compile(r"\b(?:" + "|".join(sorted(limits.DRUGS)) + r")\b")


def old(items: Sequence[Item], question: Question) -> tuple[Concern, ...]:
    """Apply the six checks on wordings; a recorded allergy is reported and stays "safe"."""
    found: list[Concern] = []
    medicines = " ".join(question.medications).lower()
    for item in items:
        text = item.text.lower()
        if any(drug in medicines and herb in text for drug, herb in HERB_PAIRS):
            found.append(_concern(item, "herb and medicine", "critical"))
        if question.pregnant and any(phrase in text for phrase in PREGNANCY_PHRASES):
            found.append(_concern(item, "pregnancy wording", "critical"))
        if question.age < 18 and re.search(r"strong|potent", text):
            found.append(_concern(item, "too strong for a child", "critical"))
        if question.age > 65 and re.search(r"cold nature|cooling", text):
            found.append(_concern(item, "cooling for the old", "critical"))
        if "consult a doctor immediately" in text:
            found.append(_concern(item, "emergency wording", "high"))
        if any(condition.lower() in text for condition in question.conditions):
            found.append(_concern(item, "names the patient's illness", "low"))
    return tuple(found)


def new(items: Sequence[Item], question: Question) -> tuple[Concern, ...]:
    """Check every medicine an item names against the patient's medicines and limits."""
    taken = interactions.drugs_in(" ; ".join(question.medications))
    return tuple(
        concern
        for item in items
        if item.kind != "advice"
        for concern in (*_interacting(item, taken), *_limited(item, question))
    )


def _interacting(item: Item, taken: frozenset[str]) -> Iterator[Concern]:
    for drug in sorted(interactions.drugs_in(item.text)):
        for other in sorted(taken):
            pair = interactions.severe(drug, other)
            if pair is not None:
                reason = f"{drug} with {other}: {pair.why} ({pair.source})"
                yield _concern(item, reason, "critical", pair.certainty)


def _limited(item: Item, question: Question) -> Iterator[Concern]:
    for drug in sorted(set(_KNOWN.findall(item.text.lower()))):
        limit = limits.broken(
            drug,
            age=question.age,
            pregnant=question.pregnant,
            conditions=question.conditions,
        )
        if limit is not None:
            reason = f"{drug}: {limit.why} ({limit.source})"
            yield _concern(item, reason, "critical", limit.certainty)


def _concern(item: Item, reason: str, severity: Grade, certainty: str = "H") -> Concern:
    return Concern(
        component=NAME, item=item.text, reason=reason, severity=severity, certainty=certainty
    )
