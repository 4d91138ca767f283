"""A consultation: the six components in order, each in the version this patient is exposed to."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec
from opentelemetry import trace

from clinic import responder, safety_net
from clinic.components import (
    allergy_checker,
    complexity_analyzer,
    emergency_detector,
    medical_safety_validator,
    model_router,
    performance_monitor,
)
from clinic.components.complexity_analyzer import Complexity
from clinic.components.model_router import Choice, NoModel
from clinic.components.performance_monitor import Monitor, Reading
from clinic.database import Database
from clinic.defects import ComponentFailed, Defects
from clinic.instruments import Instruments
from clinic.knowledge import topics
from clinic.records import (
    Answer,
    Concern,
    ConsultationRequest,
    Item,
    Question,
    question_from,
)


@dataclass
class Draft:
    """An answer in the making. versions fills as components run."""

    patient: str
    question: Question
    versions: dict[str, str] = field(default_factory=dict)
    emergency: bool = False
    complexity: str = ""
    model: str = ""
    items: tuple[Item, ...] = ()
    concerns: tuple[Concern, ...] = ()
    status: str = "answered"


class Consultations:
    """Answers patients. One per process; call it from one event loop."""

    def __init__(self, database: Database, instruments: Instruments, defects: Defects) -> None:
        self._database = database
        self._instruments = instruments
        self._defects = defects
        self._router = model_router.Router()
        self._monitors: dict[str, Monitor] = {
            "old": performance_monitor.LastThousand(),
            "new": performance_monitor.Persistent(database),
        }

    async def answer(self, request: ConsultationRequest, now: float) -> Answer:
        """Answer one request and keep the answer.

        Raises Unknown for an unknown patient; ComponentFailed, with the number the failed
        consultation is kept under, when a component breaks.
        """
        patient = self._database.patient(request.patient)
        draft = Draft(patient.id, question_from(request, patient))
        started = time.perf_counter()
        try:
            await self._run(draft)
        except ComponentFailed as failure:
            draft.status = "failed"
            failure.consultation = self._keep(draft, started, now)
            raise
        finally:
            took_ms = (time.perf_counter() - started) * 1000
            trace.get_current_span().set_attribute("ai.duration", took_ms)
        self._look_once_more(draft)
        number = self._keep(draft, started, now)
        return Answer(
            id=number,
            status="refused" if draft.status == "refused" else "answered",
            emergency=draft.emergency,
            advice=tuple(item.text for item in draft.items),
            concerns=draft.concerns,
            model=draft.model,
            complexity=draft.complexity,
            versions=draft.versions,
        )

    async def _run(self, draft: Draft) -> None:
        self._triage(draft)
        complexity = await self._weigh(draft)
        choice = self._route(draft, complexity)
        draft.model = choice.model.name
        draft.items = responder.respond(choice.model, draft.question, emergency=draft.emergency)
        self._validate(draft)
        self._check_allergies(draft)
        self._version(draft, "ai_performance_monitor")
        if self._defects.hits("outage"):
            raise ComponentFailed("clinic", "the clinic is down (planted)")

    def _version(self, draft: Draft, flag: str) -> str:
        exposed = self._instruments.exposed(flag, draft.patient)
        draft.versions[flag] = "new" if exposed else "old"
        return draft.versions[flag]

    def _triage(self, draft: Draft) -> None:
        new = self._version(draft, "emergency_detector") == "new"
        detect = emergency_detector.new if new else emergency_detector.old
        draft.emergency = detect(draft.question).emergency

    async def _weigh(self, draft: Draft) -> Complexity:
        new = self._version(draft, "ai_complexity_analyzer") == "new"
        if new and self._defects.hits("latency_tail"):
            await asyncio.sleep(self._defects.switches["latency_tail"].ms / 1000)
        analyse = complexity_analyzer.new if new else complexity_analyzer.old
        complexity = analyse(draft.question)
        draft.complexity = complexity.level
        return complexity

    def _route(self, draft: Draft, complexity: Complexity) -> Choice:
        if self._version(draft, "ai_model_router_v2") == "old":
            return model_router.old()
        if self._defects.hits("router_errors"):
            raise ComponentFailed("ai_model_router_v2", "no route (planted)")
        try:
            return self._router.choose(complexity, emergency=draft.emergency, now=time.monotonic())
        except NoModel as error:
            raise ComponentFailed("ai_model_router_v2", str(error)) from error

    def _validate(self, draft: Draft) -> None:
        new = self._version(draft, "medical_safety_validator") == "new"
        validate = medical_safety_validator.new if new else medical_safety_validator.old
        self._take_out(draft, validate(draft.items, draft.question), ("critical",))
        if new and self._defects.hits("wrong_safety_answer"):
            draft.items = (*draft.items, *_allergens_let_through(draft.question))

    def _check_allergies(self, draft: Draft) -> None:
        if not draft.question.allergies:
            return
        new = self._version(draft, "allergy_checker") == "new"
        check = allergy_checker.new if new else allergy_checker.old
        concerns = check(draft.items, draft.question.allergies)
        self._take_out(draft, concerns, ("high", "critical"))

    def _take_out(
        self, draft: Draft, concerns: tuple[Concern, ...], severities: Sequence[str]
    ) -> None:
        unfit = {concern.item for concern in concerns if concern.severity in severities}
        draft.concerns += concerns
        left = tuple(item for item in draft.items if item.text not in unfit)
        draft.items = left or topics.FALLBACK

    def _look_once_more(self, draft: Draft) -> None:
        found = safety_net.violation(draft.items, draft.question, emergency=draft.emergency)
        if found is None:
            return
        self._instruments.safety_critical(
            component=found.component,
            patient=draft.patient,
            version=draft.versions[found.component],
            reason=found.reason,
        )
        draft.status = "refused"
        draft.emergency = draft.emergency or found.component == "emergency_detector"
        safe = tuple(Item(text=text, kind="advice") for text in safety_net.SAFE_TEXT)
        draft.items = (*topics.EMERGENCY, *safe) if draft.emergency else safe

    def _keep(self, draft: Draft, started: float, now: float) -> int:
        took_ms = (time.perf_counter() - started) * 1000
        monitor = self._monitors.get(draft.versions.get("ai_performance_monitor", ""))
        with self._database.transaction():
            if monitor is not None and draft.model:
                ok = draft.status != "failed"
                monitor.record(Reading(draft.model, took_ms, ok, int(now) // 60))
            return self._database.add_consultation(
                patient=draft.patient,
                at=int(now),
                status=draft.status,
                emergency=draft.emergency,
                model=draft.model,
                detail=msgspec.json.encode(
                    {
                        "versions": draft.versions,
                        "advice": [item.text for item in draft.items],
                        "concerns": draft.concerns,
                    }
                ),
            )


def _allergens_let_through(question: Question) -> tuple[Item, ...]:
    return tuple(
        Item(
            text=f"A safer alternative: {allergy.substance}",
            kind="advice",
            origin=medical_safety_validator.NAME,
        )
        for allergy in question.allergies
        if allergy.severity == "severe"
    )
