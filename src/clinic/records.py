"""What goes in and out of the clinic: patients, vitals, consultations, answers."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

Text = Annotated[str, Meta(max_length=4000)]
Name = Annotated[str, Meta(min_length=1, max_length=120)]
Severity = Literal["mild", "moderate", "severe"]
Grade = Literal["low", "moderate", "high", "critical"]


class Vitals(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Measured signs; None is not measured. temperature in °C, glucose in mmol/L, bp in mmHg.

    hypercapnic means a confirmed hypercapnic respiratory failure with a target of 88-92 % (SpO2
    scale 2).
    """

    respiratory_rate: int | None = None
    spo2: int | None = None
    on_oxygen: bool = False
    hypercapnic: bool = False
    systolic: int | None = None
    diastolic: int | None = None
    pulse: int | None = None
    consciousness: Literal["A", "C", "V", "P", "U"] | None = None
    temperature: float | None = None
    glucose: float | None = None


class Allergy(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A recorded allergy: what to, and how badly."""

    substance: Name
    severity: Severity = "moderate"


class Patient(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A person on the clinic's books."""

    id: Name
    name: Name = "unnamed"
    age: Annotated[int, Meta(ge=0, le=130)] = 40
    pregnant: bool = False
    conditions: tuple[Name, ...] = ()
    allergies: tuple[Allergy, ...] = ()


class AppointmentRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A wish for a provider's time. starts is a Unix second."""

    patient: Name
    provider: Name
    starts: Annotated[int, Meta(ge=0)]
    minutes: Annotated[int, Meta(ge=5, le=240)] = 15


class ConsultationRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a patient tells; messages are what was said before, oldest first."""

    patient: Name
    symptoms: Text
    vitals: Vitals | None = None
    medications: tuple[Name, ...] = ()
    allergies: tuple[Allergy, ...] = ()
    messages: tuple[Text, ...] = ()


class RatingRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How content a patient was, 1 to 5."""

    rating: Annotated[int, Meta(ge=1, le=5)]


class LabelledCase(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A case put to an evaluation endpoint; patient data stand in the case itself."""

    text: Text
    vitals: Vitals | None = None
    age: int = 40
    pregnant: bool = False
    conditions: tuple[Name, ...] = ()
    medications: tuple[Name, ...] = ()
    messages: tuple[Text, ...] = ()


class Question(Struct, frozen=True, kw_only=True):
    """Everything that the components may look at."""

    text: str
    age: int = 40
    pregnant: bool = False
    vitals: Vitals | None = None
    conditions: tuple[str, ...] = ()
    medications: tuple[str, ...] = ()
    allergies: tuple[Allergy, ...] = ()
    messages: tuple[str, ...] = ()


class Item(Struct, frozen=True, kw_only=True):
    """One line of a recommendation. origin: which component put it there.

    medicine and food items name a substance and are looked at by the allergy checker; advice is
    about behaviour only.
    """

    text: str
    kind: Literal["medicine", "food", "advice"]
    origin: str = "responder"


class Concern(Struct, frozen=True, kw_only=True):
    """Why an item was taken out or an answer marked."""

    component: str
    item: str
    reason: str
    severity: Grade = "high"
    certainty: str = "H"


class Answer(Struct, frozen=True, kw_only=True):
    """What the patient gets. versions says which version of each component ran."""

    id: int
    status: Literal["answered", "refused"]
    emergency: bool
    advice: tuple[str, ...]
    concerns: tuple[Concern, ...]
    model: str
    complexity: str
    versions: dict[str, str]


def question_of(case: LabelledCase) -> Question:
    """Put a labelled case as a question."""
    return Question(
        text=case.text,
        age=case.age,
        pregnant=case.pregnant,
        vitals=case.vitals,
        conditions=case.conditions,
        medications=case.medications,
        messages=case.messages,
    )


def question_from(request: ConsultationRequest, patient: Patient) -> Question:
    """Join what the patient tells today with what is on record."""
    return Question(
        text=request.symptoms,
        age=patient.age,
        pregnant=patient.pregnant,
        vitals=request.vitals,
        conditions=patient.conditions,
        medications=request.medications,
        allergies=patient.allergies + request.allergies,
        messages=request.messages,
    )
