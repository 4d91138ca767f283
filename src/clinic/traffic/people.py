"""Made-up patients and what they come with, drawn from templates."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from clinic.records import Allergy, ConsultationRequest, Patient, Severity, Vitals

TRIVIAL = (
    "I've had a runny nose and a tickly cough for {days} days.",
    "My {joint} hurts since the weekend, I can walk on it.",
    "Itchy dry patches on my elbows for {days} days.",
    "Heartburn after spicy meals, better with antacids.",
    "Hay fever is bad this spring, sneezing and streaming eyes.",
    "Trouble sleeping since I changed shifts.",
    "Sore throat for {days} days, no fever, eating well.",
    "Constipated for {days} days, otherwise fine.",
    "Mild headache after the screen, gone with a glass of water.",
)
CHRONIC = (
    "My blood pressure at the pharmacy was 14{digit} over 8{digit}, feeling well. Should I worry?",
    "Diabetes review: fasting sugar between 6 and 9, feet are fine.",
    "Repeat prescription for my tablets, and is it safe with the new ones?",
    "My joints are stiff in the mornings and the tablets help less than they did.",
    "Cholesterol check, my father had a heart attack years ago.",
)
HARD = (
    "I take several tablets and feel dizzy when I get up; not sure which of them it is,"
    " should I stop one or switch, and is it safe with my kidneys?",
    "For {days} weeks tired, losing weight and my sugar keeps changing despite insulin;"
    " nobody could tell me why. Is it the combination of medicines?",
    "The pain comes and goes since the new tablets, together with a rash and loose stools;"
    " two doctors gave conflicting advice. What now?",
)
EMERGENCY = (
    "Crushing chest pain for {minutes} minutes, sweating, and my left arm aches.",
    "Sudden difficulty breathing, I can't finish a sentence.",
    "Chest pain and shortness of breath since this morning.",
    "After eating I came out in hives and my throat is closing, anaphylaxis I think.",
    "He had a seizure for {minutes} minutes and is still not himself.",
    "Severe bleeding from my arm that won't stop.",
)
MEDICINES = {
    "hypertension": ("lisinopril", "amlodipine"),
    "diabetes": ("metformin",),
    "atrial fibrillation": ("warfarin",),
    "depression": ("sertraline",),
    "thyroid": ("levothyroxine",),
    "high cholesterol": ("simvastatin",),
    "kidney disease": ("furosemide",),
    "asthma": ("salbutamol",),
}
ALLERGENS = (
    "penicillin", "ibuprofen", "aspirin", "shellfish", "walnut", "milk", "honey", "salmon",
    "banana", "paracetamol", "amoxicillin", "bee venom", "grass pollen",
)  # fmt: skip
NAMES = ("Alva", "Bela", "Cora", "Dina", "Emil", "Fritz", "Gerda", "Hugo", "Iris", "Jon")
JOINTS = ("knee", "ankle", "shoulder", "lower back", "wrist")
KINDS = ((0.60, TRIVIAL), (0.85, CHRONIC), (0.95, HARD), (1.0, EMERGENCY))
HARMLESS_WORDS = "I feel a bit off today."


@dataclass
class People:
    """Draws patients and visits; the same seed draws the same people.

    silent_share: visits whose vitals are an emergency while the words are harmless.
    """

    seed: int
    silent_share: float = 0.0
    dice: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)  # noqa: S311 made-up patients are no secret

    def patient(self, number: int) -> Patient:
        """Draw the patient with this number."""
        dice = self.dice
        age = min(95, max(1, int(dice.gauss(48, 20))))
        ill = dice.random() < 0.15 + age / 150
        conditions = tuple(dice.sample(sorted(MEDICINES), dice.randint(1, 3))) if ill else ()
        return Patient(
            id=f"p-{self.seed}-{number:06d}",
            name=dice.choice(NAMES),
            age=age,
            pregnant=18 <= age <= 42 and dice.random() < 0.04,
            conditions=conditions,
            allergies=self._allergies(),
        )

    def visit(self, patient: Patient) -> ConsultationRequest:
        """Draw what a patient comes with today."""
        if self.dice.random() < self.silent_share:
            symptoms = HARMLESS_WORDS
            vitals: Vitals | None = self._vitals(critical=True)
        else:
            draw = self.dice.random()
            templates = next(templates for upto, templates in KINDS if draw <= upto)
            emergency = templates is EMERGENCY
            symptoms = self._fill(self.dice.choice(templates))
            measured = emergency or self.dice.random() < 0.6
            critical = emergency and self.dice.random() < 0.3
            vitals = self._vitals(critical=critical) if measured else None
        return ConsultationRequest(
            patient=patient.id,
            symptoms=symptoms,
            vitals=vitals,
            medications=tuple(
                medicine for condition in patient.conditions for medicine in MEDICINES[condition]
            ),
            messages=("Hello",) * self.dice.randint(0, 3),
        )

    def rating(self, *, content: bool) -> int:
        """Draw a rating: about 96 % are 4 or 5 when content, about 5 % when not."""
        weights = (0.3, 0.7, 2.8, 36, 60.2) if content else (55, 30, 10, 4, 1)
        return self.dice.choices((1, 2, 3, 4, 5), weights)[0]

    def _allergies(self) -> tuple[Allergy, ...]:
        if self.dice.random() < 0.08:
            return ()
        chosen = self.dice.sample(ALLERGENS, self.dice.choice((1, 1, 1, 2)))
        grades: tuple[Severity, ...] = ("mild", "moderate", "severe")
        return tuple(Allergy(substance=name, severity=self.dice.choice(grades)) for name in chosen)

    def _fill(self, template: str) -> str:
        dice = self.dice
        return template.format(
            days=dice.randint(2, 9),
            digit=dice.randint(0, 9),
            minutes=dice.randint(10, 50),
            joint=dice.choice(JOINTS),
        )

    def _vitals(self, *, critical: bool) -> Vitals:
        dice = self.dice
        if critical:
            return Vitals(
                respiratory_rate=dice.randint(25, 29),
                spo2=dice.randint(88, 91),
                systolic=dice.randint(82, 100),
                pulse=dice.randint(112, 135),
                consciousness="A",
                temperature=round(dice.uniform(36.5, 39.4), 1),
            )
        return Vitals(
            respiratory_rate=dice.randint(13, 20),
            spo2=dice.randint(96, 99),
            systolic=dice.randint(112, 145),
            diastolic=dice.randint(65, 88),
            pulse=dice.randint(55, 95),
            consciousness="A",
            temperature=round(dice.uniform(36.2, 37.6), 1),
        )
