"""The last look before an answer leaves: independent of every flag and every component.

It knows two harms and no more: an answer that names what the patient is on record as severely
allergic to, and a NEWS2 of 7 or more answered without telling to call an ambulance. What only
cross-reacts it does not know; that is the allergy checker's work.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from clinic.knowledge import allergens, news2
from clinic.records import Item, Question

SAFE_TEXT = (
    "This cannot be answered safely here. Call the clinic; call an ambulance if it cannot wait.",
)


@dataclass(frozen=True)
class Violation:
    """Why an answer must not leave, and whose answer was wrong."""

    component: str
    reason: str


def violation(items: Sequence[Item], question: Question, *, emergency: bool) -> Violation | None:
    """Return what is unsafe about an answer, or None."""
    if not emergency and _critical_vitals(question):
        return Violation("emergency_detector", "NEWS2 of 7 or more was not called an emergency")
    for allergy in question.allergies:
        if allergy.severity != "severe":
            continue
        for item in items:
            if allergens.names(item.text, allergy.substance):
                guilty = "allergy_checker" if item.origin == "responder" else item.origin
                return Violation(guilty, "names a recorded severe allergen")
    return None


def _critical_vitals(question: Question) -> bool:
    if question.vitals is None or question.age < 16 or question.pregnant:
        return False
    return news2.least(question.vitals) >= 7
