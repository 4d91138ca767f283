"""The telemetry hook: marks the running span with every flag that was evaluated in it."""

from __future__ import annotations

import json

from openfeature.flag_evaluation import FlagEvaluationDetails, FlagValueType
from openfeature.hook import Hook, HookContext, HookHints
from opentelemetry import trace

from phasegate.client.tracking import SUBJECT

EVENT = "feature_flag.evaluation"

Attributes = dict[str, str]

_FROM_METADATA = {"flagSetId": "feature_flag.set.id", "version": "feature_flag.version"}


class TelemetryHook(Hook):
    """Adds a span event per evaluation, in the names of the OpenTelemetry feature-flag conventions.

    Values may be large or private, so they are told only if `values` says so.
    """

    def __init__(self, *, values: bool = False) -> None:
        """Tell values as well where `values` is set, as JSON."""
        self._values = values

    def finally_after(
        self,
        hook_context: HookContext,
        details: FlagEvaluationDetails[FlagValueType],
        hints: HookHints,  # noqa: ARG002 the SDK's signature
    ) -> None:
        """Mark the span; without a recording span nothing happens."""
        span = trace.get_current_span()
        if span.is_recording():
            span.add_event(EVENT, self._attributes(hook_context, details))

    def _attributes(
        self, hook_context: HookContext, details: FlagEvaluationDetails[FlagValueType]
    ) -> Attributes:
        told = {
            "feature_flag.key": details.flag_key,
            "feature_flag.result.reason": str(details.reason or "unknown").lower(),
        }
        if details.variant is not None:
            told["feature_flag.result.variant"] = details.variant
        if self._values:
            told["feature_flag.result.value"] = json.dumps(details.value)
        if hook_context.provider_metadata is not None:
            told["feature_flag.provider.name"] = hook_context.provider_metadata.name
        if hook_context.evaluation_context.targeting_key:
            told[SUBJECT] = hook_context.evaluation_context.targeting_key
        for name, attribute in _FROM_METADATA.items():
            if name in details.flag_metadata:
                told[attribute] = str(details.flag_metadata[name])
        if details.error_code is not None:
            told["error.type"] = details.error_code.lower()
            told["feature_flag.error.message"] = details.error_message or ""
        return told
