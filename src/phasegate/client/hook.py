"""The telemetry hook: every evaluation as the event that OpenTelemetry's conventions name."""

from __future__ import annotations

import json

from openfeature.flag_evaluation import FlagEvaluationDetails, FlagValueType
from openfeature.hook import Hook, HookContext, HookHints
from opentelemetry import metrics, trace
from opentelemetry._logs import LoggerProvider, SeverityNumber, get_logger
from opentelemetry.metrics import MeterProvider
from opentelemetry.util.types import AnyValue

from phasegate.client.tracking import SUBJECT, plain

EVENT = "feature_flag.evaluation"

METRIC = "feature_flag.evaluations"
"""Counts evaluations by flag, variant, reason and error: no subject, so few series."""

VALUE = "feature_flag.result.value"

SCOPE = "phasegate.client"

Attributes = dict[str, str]

_FROM_METADATA = {"flagSetId": "feature_flag.set.id", "version": "feature_flag.version"}
_COUNTED = (
    "feature_flag.key",
    "feature_flag.result.variant",
    "feature_flag.result.reason",
    "error.type",
)


class TelemetryHook(Hook):
    """Emits a log event, marks the running span and counts, per evaluation.

    Names are those of the OpenTelemetry feature-flag conventions 1.40 and later. A value may be
    large or private, so it is told only if `values` says so.
    """

    def __init__(
        self,
        *,
        values: bool = False,
        logger_provider: LoggerProvider | None = None,
        meter_provider: MeterProvider | None = None,
    ) -> None:
        """Tell to these providers, by default to OpenTelemetry's global ones."""
        self._values = values
        self._logger = get_logger(SCOPE, logger_provider=logger_provider)
        meter = metrics.get_meter(SCOPE, meter_provider=meter_provider)
        self._count = meter.create_counter(
            METRIC, unit="{evaluation}", description="Flag evaluations by outcome."
        )

    def finally_after(
        self,
        hook_context: HookContext,
        details: FlagEvaluationDetails[FlagValueType],
        hints: HookHints,  # noqa: ARG002 the SDK's signature
    ) -> None:
        """Tell of one evaluation, successful or not."""
        told = _attributes(hook_context, details)
        self._count.add(1, {name: told[name] for name in _COUNTED if name in told})
        event: dict[str, AnyValue] = {**told}
        if self._values:
            event[VALUE] = plain(details.value)
        self._logger.emit(event_name=EVENT, attributes=event, severity_number=SeverityNumber.INFO)
        span = trace.get_current_span()
        if span.is_recording():
            if self._values:
                told[VALUE] = json.dumps(details.value)
            span.add_event(EVENT, told)


def _attributes(
    hook_context: HookContext, details: FlagEvaluationDetails[FlagValueType]
) -> Attributes:
    told = {
        "feature_flag.key": details.flag_key,
        "feature_flag.result.reason": str(details.reason or "unknown").lower(),
    }
    if details.variant is not None:
        told["feature_flag.result.variant"] = details.variant
    if hook_context.provider_metadata is not None:
        told["feature_flag.provider.name"] = hook_context.provider_metadata.name
    subject = details.flag_metadata.get("contextId")
    subject = subject or hook_context.evaluation_context.targeting_key
    if subject:
        told[SUBJECT] = str(subject)
    for name, attribute in _FROM_METADATA.items():
        if name in details.flag_metadata:
            told[attribute] = str(details.flag_metadata[name])
    if details.error_code is not None:
        told["error.type"] = details.error_code.lower()
        told["feature_flag.error.message"] = details.error_message or ""
    return told
