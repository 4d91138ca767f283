"""Allergens: which substances belong together, which cross-react, and which only seem to.

Each group has its members as they may be written; crossing says how another group or member is to
be treated: "avoid" takes the item out, "caution" keeps it with a note. Sources in each row.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

GROUPS: dict[str, tuple[str, ...]] = {
    "penicillin": ("penicillin", "amoxicillin", "ampicillin", "flucloxacillin", "co-amoxiclav",
                   "piperacillin", "phenoxymethylpenicillin"),
    "aminocephalosporin": ("cephalexin", "cefalexin", "cefaclor", "cefadroxil", "cefprozil"),
    "cephalosporin": ("cefuroxime", "ceftriaxone", "cefotaxime", "cefepime", "cefpodoxime",
                      "ceftazidime", "cephalosporin"),
    "cefazolin": ("cefazolin",),
    "carbapenem": ("meropenem", "imipenem", "ertapenem", "carbapenem"),
    "aztreonam": ("aztreonam",),
    "sulfonamide antibiotic": ("sulfamethoxazole", "co-trimoxazole", "sulfadiazine", "sulfa",
                               "sulfasalazine", "bactrim"),
    "other sulfonamide": ("furosemide", "hydrochlorothiazide", "celecoxib", "glipizide",
                          "acetazolamide", "sumatriptan"),
    "nsaid": ("nsaid", "ibuprofen", "naproxen", "diclofenac", "aspirin", "ketorolac",
              "indometacin", "acetylsalicylic acid", "salicylate", "willow bark", "meadowsweet"),
    "phenanthrene opioid": ("morphine", "codeine", "hydromorphone", "oxycodone"),
    "phenylpiperidine opioid": ("fentanyl", "pethidine", "meperidine"),
    "aromatic anticonvulsant": ("carbamazepine", "phenytoin", "phenobarbital", "oxcarbazepine",
                                "lamotrigine"),
    "macrolide": ("erythromycin", "clarithromycin", "azithromycin"),
    "paracetamol": ("paracetamol", "acetaminophen"),
    "shellfish": ("shellfish", "shrimp", "prawn", "crab", "lobster", "mussel", "oyster", "squid"),
    "iodine": ("iodine", "povidone", "seaweed", "iodinated contrast"),
    "tree nut": ("tree nut", "almond", "walnut", "cashew", "hazelnut", "pistachio", "pecan",
                 "nuts"),
    "peanut": ("peanut", "groundnut"),
    "dairy": ("dairy", "milk", "cheese", "yoghurt", "yogurt", "butter", "cream", "whey"),
    "egg": ("egg", "mayonnaise"),
    "soy": ("soy", "tofu", "soya"),
    "wheat": ("wheat", "gluten", "bread", "pasta", "couscous"),
    "fish": ("fish", "salmon", "tuna", "cod", "sardine"),
    "sesame": ("sesame", "tahini"),
    "latex": ("latex",),
    "latex fruit": ("banana", "avocado", "kiwi", "chestnut", "papaya", "fig"),
    "asteraceae": ("ragweed", "mugwort", "chrysanthemum", "chamomile", "echinacea", "feverfew",
                   "arnica", "yarrow", "milk thistle"),
    "bee": ("bee", "honey", "propolis"),
}  # fmt: skip


@dataclass(frozen=True)
class Crossing:
    """How somebody allergic to one group is to be treated with another."""

    allergy: str
    other: str
    verdict: str
    source: str
    certainty: str = "H"


CROSSINGS: tuple[Crossing, ...] = (
    Crossing("penicillin", "aminocephalosporin", "avoid", "Picard 2019: 16.45 %, same side chain"),
    Crossing("aminocephalosporin", "penicillin", "avoid", "Picard 2019: same side chain"),
    Crossing("penicillin", "cephalosporin", "caution", "Picard 2019: 2.11 to 5.60 %"),
    Crossing("penicillin", "cefazolin", "allow", "Sousa-Pinto 2021: 0.7 %"),
    Crossing("penicillin", "carbapenem", "caution", "Picard 2019: 0.87 %"),
    Crossing("penicillin", "aztreonam", "allow", "Romano 2021: below 1 %"),
    Crossing("sulfonamide antibiotic", "other sulfonamide", "allow", "Strom 2003"),
    Crossing("phenanthrene opioid", "phenylpiperidine opioid", "caution", "chemical class", "M"),
    Crossing("shellfish", "iodine", "allow", "ACR Manual: no link"),
    Crossing("latex", "latex fruit", "avoid", "30 to 50 % react to these fruits"),
    Crossing("tree nut", "peanut", "caution", "botanically unrelated, often together", "M"),
)


def _whole(words: tuple[str, ...]) -> re.Pattern[str]:
    listed = "|".join(sorted(map(re.escape, words), key=len, reverse=True))
    return re.compile(rf"\b(?:{listed})(?:s|es)?\b")


_PATTERNS = {name: _whole((name, *members)) for name, members in GROUPS.items()}


def groups_in(text: str) -> tuple[str, ...]:
    """Return the groups whose members a text names, whole words only."""
    lower = text.lower()
    return tuple(name for name, pattern in _PATTERNS.items() if pattern.search(lower))


def names(text: str, substance: str) -> bool:
    """Say whether a text names the substance itself, in either number."""
    word = substance.lower().strip().removesuffix("s")
    return re.search(rf"\b{re.escape(word)}(?:s|es)?\b", text.lower()) is not None


def crossing(allergy: str, other: str) -> Crossing | None:
    """Return how an allergy to one group bears on another; None: unrelated."""
    if allergy == other:
        return Crossing(allergy, other, "avoid", "same group")
    return _CROSSINGS.get((allergy, other))


_CROSSINGS = {(row.allergy, row.other): row for row in CROSSINGS}
