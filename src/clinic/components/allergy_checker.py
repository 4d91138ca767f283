"""Allergy checker: takes out of a recommendation what the patient is allergic to.

old  substrings and eight food synonym groups, with the false rule that shellfish means iodine.
new  whole words, drug groups, and a table of true cross-reactions with their sources.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from clinic.knowledge import allergens
from clinic.records import Allergy, Concern, Item

NAME = "allergy_checker"

SYNONYMS: dict[str, tuple[str, ...]] = {
    "shellfish": ("shrimp", "crab", "lobster", "oyster", "clam"),
    "nuts": ("almond", "walnut", "cashew", "peanut"),
    "dairy": ("milk", "cheese", "butter", "yogurt"),
    "eggs": ("egg", "mayonnaise"),
    "soy": ("tofu", "soya"),
    "wheat": ("bread", "pasta", "flour"),
    "fish": ("salmon", "tuna", "cod"),
    "sesame": ("tahini", "sesame oil"),
}
CROSS: dict[str, tuple[str, ...]] = {
    "shellfish": ("iodine", "seaweed"),  # false: there is no link (ACR Manual); kept as it was
    "latex": ("banana", "avocado", "kiwi", "chestnut"),
}


def old(items: Sequence[Item], allergies: Sequence[Allergy]) -> tuple[Concern, ...]:
    """Look for the allergen, its synonyms and its relatives as substrings."""
    return tuple(
        Concern(component=NAME, item=item.text, reason=f"allergic to {allergy.substance}")
        for item in items
        if item.kind != "advice"
        for allergy in allergies
        if any(word in item.text.lower() for word in _words(allergy.substance.lower()))
    )


def new(items: Sequence[Item], allergies: Sequence[Allergy]) -> tuple[Concern, ...]:
    """Compare what an item names with each allergy's group; notes have severity low."""
    return tuple(
        concern
        for item in items
        if item.kind != "advice"
        for allergy in allergies
        for concern in _concerns(item, allergy)
    )


def _words(substance: str) -> tuple[str, ...]:
    return (substance, *SYNONYMS.get(substance, ()), *CROSS.get(substance, ()))


def _concerns(item: Item, allergy: Allergy) -> Iterator[Concern]:
    if allergens.names(item.text, allergy.substance):
        yield _concern(item, f"names {allergy.substance}", "avoid", "H")
        return
    for mine in allergens.groups_in(allergy.substance):
        for other in allergens.groups_in(item.text):
            crossing = allergens.crossing(mine, other)
            if crossing is None or crossing.verdict == "allow":
                continue
            verdict = "avoid" if allergy.severity == "severe" else crossing.verdict
            reason = f"{allergy.substance}: {crossing.source}"
            yield _concern(item, reason, verdict, crossing.certainty)


def _concern(item: Item, reason: str, verdict: str, certainty: str) -> Concern:
    return Concern(
        component=NAME,
        item=item.text,
        reason=reason,
        severity="high" if verdict == "avoid" else "low",
        certainty=certainty,
    )
