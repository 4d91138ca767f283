"""Tracking events as OpenTelemetry log events."""

from __future__ import annotations

from collections.abc import Mapping

from opentelemetry._logs import LoggerProvider, SeverityNumber, get_logger
from opentelemetry.util.types import AnyValue

SUBJECT = "feature_flag.context.id"
"""Attribute that binds an event, or a span, to the subject that flags were evaluated for."""


def emit(
    name: str,
    subject: str | None,
    value: float | None,
    attributes: Mapping[str, object],
    provider: LoggerProvider | None,
) -> None:
    """Emit one event; `subject` and `value` go above an attribute of the same name.

    provider is where it goes; None: OpenTelemetry's global one.
    """
    told: dict[str, AnyValue] = {key: _plain(item) for key, item in attributes.items()}
    if value is not None:
        told["value"] = value
    if subject:
        told[SUBJECT] = subject
    get_logger("phasegate.client", logger_provider=provider).emit(
        event_name=name, attributes=told, severity_number=SeverityNumber.INFO
    )


def _plain(value: object) -> AnyValue:
    if isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return None if value is None else str(value)
