"""The clinic over HTTP: its routes, and the answers to what goes wrong."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, field

import msgspec
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from clinic import evaluate, health
from clinic.consultation import Consultations
from clinic.database import AlreadyThere, Database, DoubleBooking, Unknown
from clinic.defects import NAMES, ComponentFailed, Defect, Defects
from clinic.instruments import Instruments
from clinic.records import (
    AppointmentRequest,
    ConsultationRequest,
    LabelledCase,
    Patient,
    RatingRequest,
    question_of,
)
from clinic.resources import Resources
from clinic.tracing import ERROR_TYPE, ServerSpans


@dataclass
class Clinic:
    """What the routes work with."""

    database: Database
    instruments: Instruments
    allow_defects: bool = False
    defects: Defects = field(default_factory=Defects)
    resources: Resources = field(default_factory=Resources)

    def __post_init__(self) -> None:
        self.consultations = Consultations(self.database, self.instruments, self.defects)

    async def add_patient(self, request: Request) -> Response:
        """POST /patients."""
        patient = msgspec.json.decode(await request.body(), type=Patient)
        self.database.add_patient(patient)
        return _json(patient, 201)

    async def patient(self, request: Request) -> Response:
        """GET /patients/{id}."""
        return _json(self.database.patient(request.path_params["id"]))

    async def book(self, request: Request) -> Response:
        """POST /appointments."""
        wish = msgspec.json.decode(await request.body(), type=AppointmentRequest)
        return _json({"id": self.database.book(wish)}, 201)

    async def consult(self, request: Request) -> Response:
        """POST /consultations."""
        asked = msgspec.json.decode(await request.body(), type=ConsultationRequest)
        return _json(await self.consultations.answer(asked, time.time()), 201)

    async def rate(self, request: Request) -> Response:
        """POST /consultations/{id}/rating."""
        rated = msgspec.json.decode(await request.body(), type=RatingRequest)
        patient = self.database.rate(request.path_params["id"], rated.rating, int(time.time()))
        self.instruments.satisfaction(patient, rated.rating)
        return _json({"rating": rated.rating}, 201)

    async def evaluate_medical_safety(self, request: Request) -> Response:
        """POST /evaluate/medical-safety: what the new emergency detector says of a case."""
        case = msgspec.json.decode(await request.body(), type=LabelledCase)
        return _json({"answer": evaluate.medical_safety(question_of(case))})

    async def evaluate_model_routing(self, request: Request) -> Response:
        """POST /evaluate/model-routing: which tier the new analyser and router choose."""
        case = msgspec.json.decode(await request.body(), type=LabelledCase)
        return _json({"answer": evaluate.model_routing(question_of(case))})

    async def switch_defect(self, request: Request) -> Response:
        """POST /defects."""
        if not self.allow_defects:
            return _problem(403, "defects-not-allowed", "start with --allow-defects to plant any")
        self.defects.switch(msgspec.json.decode(await request.body(), type=Defect))
        return _json([self.defects.switches[name] for name in NAMES])

    async def live(self, _: Request) -> Response:
        """GET /health/live."""
        return _json({"status": "live"})

    async def ready(self, _: Request) -> Response:
        """GET /health/ready: 503 until the database answers."""
        return _health(health.examine("database", self.database))

    async def component(self, request: Request) -> Response:
        """GET /health/components/{name}."""
        name = request.path_params["name"]
        if name not in health.EXERCISES:
            known = ", ".join(sorted(health.EXERCISES))
            return _problem(404, "unknown-component", f"no component {name}; known: {known}")
        return _health(health.examine(name, self.database))

    async def all_health(self, _: Request) -> Response:
        """GET /health."""
        states = [health.examine(name, self.database) for name in health.EXERCISES]
        well = all(state.well for state in states)
        body = {"status": "well" if well else "broken", "components": list(map(asdict, states))}
        return _json(body, 200 if well else 503)

    async def used(self, _: Request) -> Response:
        """GET /health/resources."""
        return _json(self.resources.read())


def create_app(clinic: Clinic) -> Starlette:
    """Return the ASGI application of a clinic."""
    return Starlette(
        routes=[
            Route("/patients", clinic.add_patient, methods=["POST"]),
            Route("/patients/{id}", clinic.patient),
            Route("/appointments", clinic.book, methods=["POST"]),
            Route("/consultations", clinic.consult, methods=["POST"]),
            Route("/consultations/{id:int}/rating", clinic.rate, methods=["POST"]),
            Route("/evaluate/medical-safety", clinic.evaluate_medical_safety, methods=["POST"]),
            Route("/evaluate/model-routing", clinic.evaluate_model_routing, methods=["POST"]),
            Route("/defects", clinic.switch_defect, methods=["POST"]),
            Route("/health", clinic.all_health),
            Route("/health/live", clinic.live),
            Route("/health/ready", clinic.ready),
            Route("/health/components/{name}", clinic.component),
            Route("/health/resources", clinic.used),
        ],
        middleware=[Middleware(ServerSpans, tracer=clinic.instruments.tracer)],
        exception_handlers={
            msgspec.DecodeError: _unreadable,
            Unknown: _unknown,
            AlreadyThere: _already_there,
            DoubleBooking: _double_booking,
            ComponentFailed: _failed,
        },
    )


def _unreadable(_: Request, error: Exception) -> Response:
    return _problem(422, "unreadable-request", f"{error}; correct the body and send it again")


def _unknown(_: Request, error: Exception) -> Response:
    return _problem(404, "unknown", str(error))


def _already_there(_: Request, error: Exception) -> Response:
    return _problem(409, "already-there", str(error))


def _double_booking(_: Request, error: Exception) -> Response:
    return _problem(409, "double-booking", f"{error}; choose another time")


def _failed(request: Request, error: Exception) -> Response:
    request.scope[ERROR_TYPE] = type(error).__qualname__
    body = {
        "code": "component-failed",
        "message": str(error),
        "id": getattr(error, "consultation", None),
    }
    return _json(body, 500)


def _health(state: health.Health) -> Response:
    return _json(asdict(state), 200 if state.well else 503)


def _problem(status: int, code: str, message: str) -> Response:
    return _json({"code": code, "message": message}, status)


def _json(body: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(body), status, media_type="application/json")
