"""Medicines that age, pregnancy or an illness rules out, each with its source."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limit:
    """A drug class and whom it must not reach."""

    drugs: str
    why: str
    source: str
    pregnant: bool = False
    age_below: int = 0
    conditions: tuple[str, ...] = ()
    certainty: str = "H"


LIMITS: tuple[Limit, ...] = (
    Limit("ibuprofen naproxen diclofenac aspirin indometacin ketorolac",
          "harms the unborn child's kidneys", "FDA 2020", pregnant=True),
    Limit("lisinopril ramipril enalapril perindopril losartan valsartan candesartan",
          "harms the unborn child", "labels", pregnant=True),
    Limit("warfarin isotretinoin acitretin methotrexate valproate doxycycline minocycline"
          " tetracycline lymecycline simvastatin",
          "harms the unborn child", "labels", pregnant=True),
    Limit("pseudoephedrine", "narrows vessels of the womb", "label", pregnant=True, certainty="M"),
    Limit("aspirin", "Reye syndrome", "MHRA 2003", age_below=16),
    Limit("codeine tramadol", "breathing may stop", "FDA 2017", age_below=12),
    Limit("doxycycline minocycline tetracycline lymecycline", "stains teeth", "labels",
          age_below=8),
    Limit("loperamide", "risk of ileus in young children", "label", age_below=4),
    Limit("pseudoephedrine dextromethorphan", "not for young children", "MHRA 2009", age_below=6),
    Limit("ibuprofen naproxen diclofenac indometacin ketorolac", "worsens kidney disease",
          "labels", conditions=("kidney", "renal")),
    Limit("ibuprofen naproxen diclofenac aspirin ketorolac", "bleeding ulcer", "labels",
          conditions=("ulcer",)),
    Limit("ibuprofen naproxen diclofenac indometacin", "fluid and worse heart failure",
          "labels", conditions=("heart failure",)),
    Limit("propranolol ibuprofen aspirin naproxen", "may narrow the airways", "labels",
          conditions=("asthma",), certainty="M"),
    Limit("pseudoephedrine", "raises blood pressure", "label", conditions=("hypertension",)),
)  # fmt: skip


def broken(drug: str, *, age: int, pregnant: bool, conditions: tuple[str, ...]) -> Limit | None:
    """Return the first limit that giving this drug would break, or None."""
    ill = " ".join(conditions).lower()
    for limit in LIMITS:
        if drug not in limit.drugs.split():
            continue
        if (
            (limit.pregnant and pregnant)
            or age < limit.age_below
            or any(word in ill for word in limit.conditions)
        ):
            return limit
    return None


DRUGS = frozenset(drug for limit in LIMITS for drug in limit.drugs.split())
