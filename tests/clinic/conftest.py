"""A clinic in memory whose flags, spans and events the test holds in its hand."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from openfeature import api
from openfeature.flag_evaluation import FlagEvaluationDetails, FlagValueType
from openfeature.hook import Hook, HookContext, HookHints
from openfeature.provider.in_memory_provider import InMemoryFlag, InMemoryProvider
from opentelemetry import trace
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from clinic import instruments
from clinic.app import Clinic, create_app
from clinic.database import Database
from clinic.instruments import Instruments

FLAGS = (
    "medical_safety_validator",
    "emergency_detector",
    "allergy_checker",
    "ai_model_router_v2",
    "ai_complexity_analyzer",
    "ai_performance_monitor",
)


class SpanHook(Hook):
    """Marks each evaluation on the current span, as the client's telemetry hook does."""

    def after(
        self,
        hook_context: HookContext,
        details: FlagEvaluationDetails[FlagValueType],
        hints: HookHints,  # noqa: ARG002 the hook's interface
    ) -> None:
        trace.get_current_span().add_event(
            "feature_flag.evaluation",
            {
                "feature_flag.key": hook_context.flag_key,
                "feature_flag.result.variant": details.variant or "",
                "feature_flag.context.id": hook_context.evaluation_context.targeting_key or "",
            },
        )


class Flags(InMemoryProvider):
    """Flags for everyone, and what was tracked."""

    def __init__(self, on: tuple[str, ...]) -> None:
        super().__init__(
            {
                key: InMemoryFlag("on" if key in on else "off", {"on": True, "off": False})
                for key in FLAGS
            }
        )
        self.tracked: list[tuple[str, str | None, dict[str, object]]] = []

    def track(self, tracking_event_name, evaluation_context=None, tracking_event_details=None):
        self.tracked.append(
            (
                tracking_event_name,
                evaluation_context.targeting_key,
                tracking_event_details.attributes,
            )
        )


class Http:
    """Asks an ASGI application in this thread, one request after the other."""

    def __init__(self, app) -> None:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        self._client = httpx.AsyncClient(transport=transport, base_url="http://clinic")
        self._loop = asyncio.new_event_loop()

    def get(self, path: str) -> httpx.Response:
        return self._loop.run_until_complete(self._client.get(path))

    def post(self, path: str, **body) -> httpx.Response:
        return self._loop.run_until_complete(self._client.post(path, **body))

    def close(self) -> None:
        self._loop.run_until_complete(self._client.aclose())
        self._loop.close()


@dataclass
class Bench:
    """A clinic under test: its client, and everything it told."""

    http: Http
    clinic: Clinic
    spans: InMemorySpanExporter
    logs: InMemoryLogRecordExporter
    flags: Flags

    def expose(self, *flags: str) -> None:
        """Give the new version of these components, and of no others, to everyone."""
        self.flags = Flags(flags)
        instruments.install(self.flags, [SpanHook()])

    def patient(self, **record: object) -> None:
        """Put the patient `ada-1` on the books."""
        assert self.http.post("/patients", json={"id": "ada-1", **record}).status_code == 201

    def consult(self, symptoms: str, **more: object):
        """Ask for a consultation of `ada-1`."""
        asked = {"patient": "ada-1", "symptoms": symptoms, **more}
        return self.http.post("/consultations", json=asked)

    def span(self, name: str) -> ReadableSpan:
        """Return the last span of this name."""
        return [span for span in self.spans.get_finished_spans() if span.name == name][-1]

    def events(self) -> list[tuple[str | None, dict[str, object]]]:
        """Return name and attributes of every log event."""
        finished = self.logs.get_finished_logs()
        return [
            (log.log_record.event_name, dict(log.log_record.attributes or {})) for log in finished
        ]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    tracers, spans = TracerProvider(), InMemorySpanExporter()
    tracers.add_span_processor(SimpleSpanProcessor(spans))
    loggers, logs = LoggerProvider(), InMemoryLogRecordExporter()
    loggers.add_log_record_processor(SimpleLogRecordProcessor(logs))
    told = Instruments(tracers.get_tracer("clinic"), loggers.get_logger("clinic"))
    database = Database(str(tmp_path / "clinic.sqlite3"))
    clinic = Clinic(database, told, allow_defects=True)
    client = Http(create_app(clinic))
    bench = Bench(client, clinic, spans, logs, Flags(()))
    bench.expose()
    yield bench
    client.close()
    database.close()
    api.shutdown()
    tracers.shutdown()
    loggers.shutdown()
