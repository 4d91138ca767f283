"""Times the AI part: the new components and the responder, without HTTP or database."""

from __future__ import annotations

import time
from dataclasses import dataclass

from clinic import responder
from clinic.components import (
    allergy_checker,
    complexity_analyzer,
    emergency_detector,
    medical_safety_validator,
    model_router,
)
from clinic.records import Question, question_from
from clinic.traffic.people import People


@dataclass(frozen=True)
class Baseline:
    """Quantiles of one answer's time in ms over n answers."""

    answers: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    answers_per_second: float


def measure(answers: int, seed: int = 1) -> Baseline:
    """Answer made-up questions one after the other and return the quantiles."""
    people, router = People(seed), model_router.Router()
    took: list[float] = []
    for number in range(answers):
        patient = people.patient(number)
        question = question_from(people.visit(patient), patient)
        began = time.perf_counter()
        answer(question, router)
        took.append((time.perf_counter() - began) * 1000)
    ranked = sorted(took)
    p50, p95, p99 = (round(ranked[int(level * (answers - 1))], 3) for level in (0.5, 0.95, 0.99))
    return Baseline(answers, p50, p95, p99, round(1000 * answers / sum(took), 1))


def answer(question: Question, router: model_router.Router) -> None:
    """Do what a consultation does with every component new."""
    emergency = emergency_detector.new(question).emergency
    complexity = complexity_analyzer.new(question)
    model = router.choose(complexity, emergency=emergency, now=time.monotonic()).model
    items = responder.respond(model, question, emergency=emergency)
    medical_safety_validator.new(items, question)
    allergy_checker.new(items, question.allergies)
