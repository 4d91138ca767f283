"""Health: every component's old and new version really does a known case; the database too."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass

from clinic.components import (
    allergy_checker,
    complexity_analyzer,
    emergency_detector,
    medical_safety_validator,
    model_router,
    performance_monitor,
)
from clinic.components.performance_monitor import Reading
from clinic.database import Database
from clinic.records import Allergy, Item, Question

Exercise = Callable[[Database], None]

IBUPROFEN = (Item(text="Ibuprofen 400 mg", kind="medicine"),)
PLAIN = Question(text="A runny nose for two days.")
FAILURES = (sqlite3.Error, AssertionError, ArithmeticError, LookupError, TypeError, ValueError)


@dataclass(frozen=True)
class Health:
    """One component's state; why is empty when it is well."""

    name: str
    well: bool
    why: str = ""


def examine(name: str, database: Database) -> Health:
    """Exercise one component. KeyError for an unknown name."""
    exercise = EXERCISES[name]
    try:
        exercise(database)
    except FAILURES as failure:
        return Health(name, False, f"{type(failure).__name__}: {failure}")
    return Health(name, True)


def _expect(answer: object, right: object, what: str) -> None:
    if answer != right:
        raise ValueError(f"{what} answered {answer!r} instead of {right!r}")


def _emergency_detector(_: Database) -> None:
    known = Question(text="I have chest pain and sweating", age=60)
    _expect(emergency_detector.old(known).emergency, True, "old")
    _expect(emergency_detector.new(known).emergency, True, "new")
    _expect(emergency_detector.new(PLAIN).emergency, False, "new")


def _complexity_analyzer(_: Database) -> None:
    _expect(complexity_analyzer.old(PLAIN).level, "simple", "old")
    _expect(complexity_analyzer.new(PLAIN).level, "simple", "new")


def _model_router(_: Database) -> None:
    simple = complexity_analyzer.new(PLAIN)
    router = model_router.Router()
    _expect(model_router.old().model.name, "local-deep", "old")
    _expect(router.choose(simple, emergency=False, now=0).model.name, "local-fast", "new")
    _expect(router.choose(simple, emergency=True, now=0).model.name, "local-deep", "new")


def _medical_safety_validator(_: Database) -> None:
    on_warfarin = Question(text="", medications=("warfarin",))
    ginkgo = (Item(text="Ginkgo tea", kind="food"),)
    _expect(len(medical_safety_validator.old(ginkgo, on_warfarin)), 1, "old")
    _expect(len(medical_safety_validator.new(IBUPROFEN, on_warfarin)), 1, "new")


def _allergy_checker(_: Database) -> None:
    allergic = (Allergy(substance="ibuprofen", severity="severe"),)
    _expect(len(allergy_checker.old(IBUPROFEN, allergic)), 1, "old")
    _expect(len(allergy_checker.new(IBUPROFEN, allergic)), 1, "new")


def _performance_monitor(database: Database) -> None:
    reading = Reading("local-fast", 1.5, True, 0)
    remembered = performance_monitor.LastThousand()
    remembered.record(reading)
    _expect(remembered.summary().answers, 1, "old")
    kept = performance_monitor.Persistent(database)
    with database.transaction(keep=False):
        before = kept.summary().answers
        kept.record(reading)
        _expect(kept.summary().answers, before + 1, "new")


EXERCISES: dict[str, Exercise] = {
    "emergency_detector": _emergency_detector,
    "ai_complexity_analyzer": _complexity_analyzer,
    "ai_model_router_v2": _model_router,
    "medical_safety_validator": _medical_safety_validator,
    "allergy_checker": _allergy_checker,
    "ai_performance_monitor": _performance_monitor,
    "database": Database.exercise,
}
