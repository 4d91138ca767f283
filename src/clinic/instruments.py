"""The clinic's only wires to the outside: flags by OpenFeature, sight by OpenTelemetry."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from openfeature import api
from openfeature.evaluation_context import EvaluationContext
from openfeature.hook import Hook
from openfeature.provider import FeatureProvider
from openfeature.track import TrackingEventDetails
from opentelemetry import _logs, trace
from opentelemetry._logs import Logger, SeverityNumber
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Tracer

EXPORT_EVERY_MS = 200
EXPORT_TIMEOUT_S = 2.0


@dataclass(frozen=True)
class Instruments:
    """What the clinic asks and tells. Nothing here fails when nobody listens.

    environment  whose flags it is served by, which it says with every alarm; None: nobody's.
    """

    tracer: Tracer
    logger: Logger
    environment: str | None = None

    def exposed(self, flag: str, patient: str) -> bool:
        """Say whether this patient gets the new version; False when flags cannot be had."""
        return api.get_client().get_boolean_value(flag, False, EvaluationContext(patient))

    def safety_critical(self, *, component: str, patient: str, version: str, reason: str) -> None:
        """Report an answer that would have harmed, and whose it was."""
        where = {} if self.environment is None else {"feature_flag.set.id": self.environment}
        self.logger.emit(
            event_name="safety.critical",
            severity_number=SeverityNumber.FATAL,
            severity_text="FATAL",
            body=reason,
            attributes={
                "feature_flag.context.id": patient,
                "feature_flag.key": component,
                "feature_flag.result.variant": "on" if version == "new" else "off",
                "phasegate.component": component,
                **where,
            },
        )

    def satisfaction(self, patient: str, rating: int) -> None:
        """Report a rating for whatever the patient was exposed to."""
        details = TrackingEventDetails(float(rating), {"rating": rating})
        api.get_client().track("satisfaction", EvaluationContext(patient), details)


def install(provider: FeatureProvider, hooks: Sequence[Hook] = ()) -> None:
    """Make a provider and its hooks the ones in force; does not wait until it is ready."""
    api.clear_hooks()
    api.add_hooks(list(hooks))
    api.set_provider(provider)


def unwatched() -> Instruments:
    """Return instruments that tell nobody: for work without a control plane."""
    return Instruments(trace.NoOpTracer(), _logs.NoOpLogger("clinic"))


@dataclass(frozen=True)
class Wires:
    """The connection to a control plane, to be closed at the end."""

    instruments: Instruments
    spans: TracerProvider
    logs: LoggerProvider

    def close(self) -> None:
        """Send what waits and shut down provider and exporters."""
        api.shutdown()
        self.spans.shutdown()
        self.logs.shutdown()


def connect(url: str, *, environment: str, token: str) -> Wires:
    """Take flags from a control plane and send it spans and events; it may be away meanwhile."""
    from phasegate.client.hook import TelemetryHook  # noqa: PLC0415 only when there is one
    from phasegate.client.provider import PhasegateProvider  # noqa: PLC0415 as above

    # An absent control plane would fill the log with one stack trace per batch.
    for name in ("opentelemetry.exporter", "opentelemetry.sdk", "urllib3"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    resource = Resource.create(
        {"service.name": "clinic", "deployment.environment.name": environment}
    )
    headers = {"Authorization": f"Bearer {token}"}
    base = url.rstrip("/")
    spans = TracerProvider(resource=resource)
    spans.add_span_processor(
        BatchSpanProcessor(
            OTLPSpanExporter(f"{base}/v1/traces", headers=headers, timeout=EXPORT_TIMEOUT_S),
            schedule_delay_millis=EXPORT_EVERY_MS,
        )
    )
    logs = LoggerProvider(resource=resource)
    logs.add_log_record_processor(
        BatchLogRecordProcessor(
            OTLPLogExporter(f"{base}/v1/logs", headers=headers, timeout=EXPORT_TIMEOUT_S),
            schedule_delay_millis=EXPORT_EVERY_MS,
        )
    )
    trace.set_tracer_provider(spans)
    _logs.set_logger_provider(logs)
    install(PhasegateProvider(url=base, environment=environment, token=token), [TelemetryHook()])
    told = Instruments(spans.get_tracer("clinic"), logs.get_logger("clinic"), environment)
    return Wires(told, spans, logs)
