"""Red flags as conjunctions of signs: each rule with its source and how certain it is.

A rule fires when, for every group, at least one of its signs is affirmed. Reference facts for
software, not medical advice: a clinician has to review them before real use.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass


@dataclass(frozen=True)
class Rule:
    """A red flag: all groups must hold, each by any of its signs. unless: signs that forbid it."""

    name: str
    groups: tuple[tuple[str, ...], ...]
    source: str
    certainty: str = "H"
    age_from: int = 0
    age_below: int = 200
    unless: tuple[str, ...] = ()

    def holds(self, signs: Set[str], age: int) -> bool:
        """Say whether the affirmed signs of somebody of this age satisfy the rule."""
        return (
            self.age_from <= age < self.age_below
            and all(not signs.isdisjoint(group) for group in self.groups)
            and signs.isdisjoint(self.unless)
        )


def _rule(
    name: str,
    source: str,
    *groups: str,
    certainty: str = "H",
    age_from: int = 0,
    age_below: int = 200,
    unless: tuple[str, ...] = (),
) -> Rule:
    signs = tuple(tuple(group.split()) for group in groups)
    return Rule(name, signs, source, certainty, age_from, age_below, unless)


def fired(signs: Set[str], age: int) -> Rule | None:
    """Return the first rule that the affirmed signs satisfy, or None."""
    return next((rule for rule in RULES if rule.holds(signs, age)), None)


_CHEST = "NICE CG95; AHA/ACC 2021"
_STROKE = "FAST, BE-FAST; NICE NG128"
_WAO = "WAO 2020"
_SEPSIS = "NICE NG253"
_AIRWAY = "BTS/SIGN 158; NEWS2"

RULES: tuple[Rule, ...] = (
    _rule("coronary", _CHEST, "chest_pain", "crushing lasting cardiac_company"),
    _rule("coronary at 40 and over", _CHEST, "chest_pain", age_from=40),
    _rule("heart attack named", _CHEST, "heart_attack"),
    _rule("coronary, atypical", _CHEST, "sudden", "breathless", "diabetes cardiac_company"),
    _rule("stroke: face", _STROKE, "face_droop"),
    _rule("stroke: one side", _STROKE, "one_side_weak", unless=("both_sides",)),
    _rule("stroke: speech", _STROKE, "speech"),
    _rule(
        "stroke: sudden balance or sight", _STROKE, "sudden", "balance", "vision headache speech"
    ),
    _rule("stroke named", _STROKE, "stroke"),
    _rule("anaphylaxis: throat", _WAO, "throat_closing"),
    _rule(
        "anaphylaxis: skin and more",
        _WAO,
        "skin swelling_mouth",
        "breathless wheeze faint_feeling blacked_out gut_severe hoarse severe_breathing",
        "allergen skin",
    ),
    _rule(
        "anaphylaxis: allergen and airway",
        _WAO,
        "allergen",
        "hoarse breathless wheeze swelling_mouth blacked_out",
        "swelling_mouth hoarse severe_breathing skin blacked_out",
    ),
    _rule("sepsis", _SEPSIS, "infection", "septic_sign"),
    _rule("airway", _AIRWAY, "not_breathing"),
    _rule("severe breathlessness", _AIRWAY, "breathless", "severe_breathing sudden"),
    _rule("severe asthma", _AIRWAY, "wheeze", "asthma_fails severe_breathing"),
    _rule("choking", _AIRWAY, "choking", "cannot_cough not_breathing severe_breathing choking"),
    _rule("stridor", _AIRWAY, "stridor"),
    _rule(
        "pulmonary embolism",
        "NICE NG158",
        "pleuritic breathless",
        "one_leg coughing_blood immobile",
    ),
    _rule("pulmonary embolism: pain", "NICE NG158", "pleuritic", "breathless"),
    _rule("aortic", "ESC", "tearing"),
    _rule("aneurysm", "ESC", "belly_pain back_pain", "blacked_out", age_from=50),
    _rule("thunderclap headache", "NICE CG150", "worst_headache"),
    _rule("meningitis", "NICE NG240", "headache fever", "stiff_neck", "fever headache"),
    _rule("rash that does not fade", "NICE NG240", "non_blanching"),
    _rule("headache, confused", "NICE NG240", "headache", "fever", "confused drowsy"),
    _rule(
        "head injury",
        "NICE NG232",
        "head_injury",
        "repeated_vomiting blacked_out unconscious drowsy blood_thinner seizure confused",
    ),
    _rule("unconscious", "NEWS2", "unconscious"),
    _rule("collapse", "NEWS2", "collapse", "unconscious chest_pain breathless cardiac_company"),
    _rule("seizure", "NICE NG217", "seizure", "seizure_grave"),
    _rule("bleeding", "NICE CG141", "bleeding", "not_stopping"),
    _rule(
        "bleeding on a blood thinner",
        "NICE CG141",
        "bleeding",
        "blood_thinner",
        "lasting head_injury",
    ),
    _rule("vomits blood", "NICE CG141", "vomits_blood"),
    _rule("coughs blood", "NICE NG158", "coughing_blood", "breathless chest_pain faint_feeling"),
    _rule("black stool", "NICE CG141", "black_stool", "faint_feeling"),
    _rule("soaking pads", "RCOG", "soaking_pads", certainty="M"),
    _rule("rigid belly", "NICE CKS", "rigid_belly"),
    _rule(
        "ectopic",
        "NICE NG126",
        "maybe_pregnant",
        "belly_pain",
        "blacked_out bleeding faint_feeling",
    ),
    _rule("torsion", "EAU", "testicle", "sudden severe"),
    _rule("bilious vomiting", "NICE CKS", "infant", "green_vomit", "vomiting"),
    _rule("cauda equina", "GIRFT", "back_pain", "saddle bladder both_legs_weak"),
    _rule("saddle", "GIRFT", "saddle", "bladder both_legs_weak back_pain"),
    _rule("ketoacidosis", "JBDS", "diabetes", "vomiting", "dka_sign"),
    _rule("sugar too low", "ADA", "hypo"),
    _rule("sugar very high", "JBDS", "very_high_sugar", "drowsy confused dka_sign vomiting"),
    _rule(
        "hypertensive emergency",
        "NICE NG136",
        "bp_crisis",
        "chest_pain breathless vision vision_loss headache confused one_side_weak speech",
    ),
    _rule("suicidal", "NICE NG225", "suicidal"),
    _rule("overdose", "NICE NG225", "overdose"),
    _rule("poison", "TOXBASE", "poison"),
    _rule(
        "carbon monoxide",
        "WHO",
        "several_people",
        "headache vomiting drowsy faint_feeling",
        "fumes",
    ),
    _rule("child under three months, fever", "NICE NG143", "young_infant", "fever"),
    _rule("sick child", "NICE NG143", "infant", "limp_child"),
    _rule("sick child by age", "NICE NG143", "limp_child", age_below=5),
    _rule("pre-eclampsia", "NICE NG133", "maybe_pregnant", "headache", "preeclampsia_sign"),
    _rule("bleeding in pregnancy", "RCOG", "maybe_pregnant", "bleeding"),
    _rule("waters", "NICE NG25", "maybe_pregnant", "waters_broke"),
    _rule("baby moves less", "RCOG", "maybe_pregnant", "no_movement"),
    _rule("sight lost", "NICE CKS", "vision_loss", "sudden eye"),
    _rule("chemical in the eye", "NICE CKS", "eye", "chemical", "splash"),
    _rule("acute glaucoma", "NICE CKS", "eye", "painful", "glaucoma_sign"),
    _rule("burn", "NICE CKS", "burn", "burn_grave", certainty="M", unless=("chest_pain",)),
    _rule("electric shock", "NICE CKS", "electric", certainty="M"),
    _rule("heat stroke", "NICE CKS", "very_hot", "confused", certainty="M"),
    _rule(
        "heat stroke, told", "NICE CKS", "heat", "confused unconscious blacked_out", certainty="M"
    ),
    _rule("aconite", "Chan 2009", "herb_toxic", "numb_mouth palpitations vomiting blacked_out"),
    _rule("herb and liver", "LiverTox", "herb_liver", "jaundice"),
    _rule("trauma", "NICE NG39", "trauma"),
    _rule("drowning", "ERC", "drowning"),
    _rule("limb without blood", "NICE CKS", "cold_limb", "sudden severe painful", certainty="M"),
    _rule("low oxygen, told", "NEWS2", "low_oxygen"),
    _rule("labour too early", "NICE NG25", "maybe_pregnant", "labour"),
    _rule("sudden severe belly pain", "NICE CKS", "belly_pain", "sudden", "severe"),
    _rule("both legs, sudden", "GIRFT", "both_legs_weak", "sudden bladder"),
    _rule("fever and dazzled", "NICE NG240", "fever", "stiff_neck"),
    _rule("ectopic, not yet known", "NICE NG126", "missed_period", "belly_pain", "severe sudden"),
    _rule(
        "new confusion",
        "NEWS2",
        "confused",
        "infection fever diabetes drowsy headache breathless head_injury vomiting palpitations",
    ),
    _rule("sudden strange headache", "NICE CG150", "headache", "sudden", "severe worst_headache"),
    _rule(
        "palpitations and collapse",
        "NICE CG109",
        "palpitations",
        "blacked_out chest_pain breathless",
    ),
)
