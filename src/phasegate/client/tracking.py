"""Tracking events as OpenTelemetry log events."""

from __future__ import annotations

from collections.abc import Mapping

from opentelemetry._logs import LoggerProvider, SeverityNumber, get_logger
from opentelemetry.util.types import AnyValue

from phasegate.client.shadow import Answered, Tell
from phasegate.flags.variants import OFF, ON

SUBJECT = "feature_flag.context.id"
"""Attribute that binds an event, or a span, to the subject that flags were evaluated for."""

SET = "feature_flag.set.id"
"""Attribute that says whose flags they were: the environment's."""

SHADOW = "phasegate.shadow"
"""Event that tells of one path of a shadowed component: the new one as `on`, the old as `off`."""


def emit_shadow(provider: LoggerProvider | None, environment: str) -> Tell:
    """Return what tells of both paths as log events, one each, about the component's flag.

    Attributes: agrees, error, duration (ms), and error.type where something was raised.
    """
    logger = get_logger("phasegate.client", logger_provider=provider)

    def tell(
        flag: str, subject: str, old: Answered[object], new: Answered[object], *, agrees: bool
    ) -> None:
        for variant, path in ((OFF, old), (ON, new)):
            told: dict[str, AnyValue] = {
                "feature_flag.key": flag,
                "feature_flag.result.variant": variant,
                SUBJECT: subject,
                SET: environment,
                "agrees": agrees,
                "error": path.error is not None,
                "duration": path.duration_ms,
            }
            if path.error is not None:
                told["error.type"] = path.error
            logger.emit(event_name=SHADOW, attributes=told, severity_number=SeverityNumber.INFO)

    return tell


def emit(
    name: str,
    subject: str | None,
    value: float | None,
    attributes: Mapping[str, object],
    provider: LoggerProvider | None,
    *,
    environment: str,
) -> None:
    """Emit one event; what is given by name goes above an attribute of the same name.

    provider is where it goes; None: OpenTelemetry's global one.
    """
    told: dict[str, AnyValue] = {key: plain(item) for key, item in attributes.items()}
    if value is not None:
        told["value"] = value
    if subject:
        told[SUBJECT] = subject
    told[SET] = environment
    get_logger("phasegate.client", logger_provider=provider).emit(
        event_name=name, attributes=told, severity_number=SeverityNumber.INFO
    )


def plain(value: object) -> AnyValue:
    """Return a value as OpenTelemetry can carry it."""
    if isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return None if value is None else str(value)
