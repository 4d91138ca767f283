"""What labelled cases are put to: the new versions alone, without flags and without writing."""

from __future__ import annotations

from clinic.components import complexity_analyzer, emergency_detector, model_router
from clinic.records import Question


def medical_safety(question: Question) -> str:
    """Return "emergency" or "not_emergency", as the new detector says."""
    return "emergency" if emergency_detector.new(question).emergency else "not_emergency"


def model_routing(question: Question) -> str:
    """Return the tier that the new detector, analyser and router choose together."""
    emergency = emergency_detector.new(question).emergency
    complexity = complexity_analyzer.new(question)
    return model_router.Router().choose(complexity, emergency=emergency, now=0).model.name
