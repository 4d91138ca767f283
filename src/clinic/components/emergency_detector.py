"""Emergency detector: decides whether somebody must be seen at once.

old  20 keywords and three combinations looked up as substrings; knows no negation and no vitals.
new  vitals (NEWS2, glucose, pressure), and red flags over affirmed signs in the patient's words.
"""

from __future__ import annotations

from msgspec import Struct

from clinic.knowledge import language, news2, red_flags
from clinic.knowledge.signs import SIGNS
from clinic.records import Question, Vitals

KEYWORDS = (
    "chest pain", "difficulty breathing", "severe headache", "loss of consciousness",
    "severe bleeding", "stroke symptoms", "heart attack", "anaphylaxis", "severe abdominal pain",
    "high fever", "seizure", "poisoning", "severe burns", "choking", "cardiac arrest",
    "respiratory distress", "severe trauma", "overdose", "severe dehydration",
    "diabetic emergency",
)  # fmt: skip
COMBINATIONS = (
    ("heart attack", (("chest pain",), ("shortness of breath", "nausea"))),
    ("stroke", (("facial drooping", "arm weakness"), ("speech difficulty",))),
    ("anaphylaxis", (("difficulty breathing",), ("swelling", "rash"))),
)


class Triage(Struct, frozen=True, kw_only=True):
    """Whether it is an emergency, and why."""

    emergency: bool
    reason: str = ""


def old(question: Question) -> Triage:
    """Look for keywords anywhere in the text."""
    text = question.text.lower()
    for keyword in KEYWORDS:
        if keyword in text:
            return Triage(emergency=True, reason=keyword)
    for name, groups in COMBINATIONS:
        if all(any(word in text for word in group) for group in groups):
            return Triage(emergency=True, reason=name)
    return Triage(emergency=False)


def new(question: Question) -> Triage:
    """Judge the vitals first, then the red flags in the words and the record."""
    reason = dangerous_vitals(question)
    if reason:
        return Triage(emergency=True, reason=reason)
    rule = red_flags.fired(signs_of(question), question.age)
    if rule is None:
        return Triage(emergency=False)
    return Triage(emergency=True, reason=f"{rule.name} ({rule.source})")


def signs_of(question: Question) -> set[str]:
    """Return the signs affirmed in the text or known from the record."""
    signs = _from_record(question)
    for clause in language.clauses(question.text):
        aside = language.set_aside(clause)
        signs.update(
            name
            for name, pattern in SIGNS.items()
            if name not in signs and language.affirmed(pattern, clause, aside)
        )
    return signs


def dangerous_vitals(question: Question) -> str:
    """Return why the vitals alone are an emergency, or the empty string.

    NEWS2 applies from 16 years on and outside pregnancy; a score already reached is reached
    whatever is still unmeasured. Sources: RCP 2017; ADA Standards (glucose); JBDS; NG133; NG143.
    """
    vitals = question.vitals
    if vitals is None:
        return ""
    if question.age >= 16 and not question.pregnant and news2.least(vitals) >= 7:
        return f"NEWS2 {news2.least(vitals)}"
    return next((reason for holds, reason in _single_limits(vitals, question) if holds), "")


def _single_limits(vitals: Vitals, question: Question) -> tuple[tuple[bool, str], ...]:
    low = 88 if vitals.hypercapnic else 92
    return (
        (vitals.spo2 is not None and vitals.spo2 < low, "SpO2 too low"),
        (vitals.consciousness in ("C", "V", "P", "U"), "new confusion or not alert"),
        (vitals.glucose is not None and vitals.glucose < 3.0, "glucose below 3.0 mmol/L"),
        (vitals.glucose is not None and vitals.glucose >= 30.0, "glucose of 30 mmol/L or more"),
        (_fast_breathing(vitals, question.age), "breathing rate out of range"),
        (_hypertensive(vitals, question), "severe hypertension in pregnancy or with symptoms"),
        (vitals.temperature is not None and vitals.temperature >= 40.5, "temperature above 40.5"),
    )


def _fast_breathing(vitals: Vitals, age: int) -> bool:
    rate = vitals.respiratory_rate
    if rate is None:
        return False
    highest = 60 if age < 1 else 40 if age < 5 else 30 if age < 16 else 29
    return rate > highest or rate <= 8


def _hypertensive(vitals: Vitals, question: Question) -> bool:
    systolic, diastolic = vitals.systolic or 0, vitals.diastolic or 0
    if question.pregnant:
        return systolic >= 160 or diastolic >= 110
    if systolic < 180 and diastolic < 120:
        return False
    alarming = {"chest_pain", "breathless", "vision", "vision_loss", "confused", "speech"}
    return bool(alarming & signs_of(question))


def _from_record(question: Question) -> set[str]:
    signs: set[str] = set()
    if question.pregnant:
        signs.add("maybe_pregnant")
    if question.age < 1:
        signs.add("infant")
    listed = " ".join((*question.conditions, *question.medications)).lower()
    signs.update(name for name in ("diabetes", "blood_thinner") if SIGNS[name].search(listed))
    return signs
