"""The OpenFeature provider: phasegate's flags behind the standard interface."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from openfeature.evaluation_context import EvaluationContext
from openfeature.event import ProviderEventDetails
from openfeature.exception import (
    ErrorCode,
    ProviderNotReadyError,
    TypeMismatchError,
)
from openfeature.flag_evaluation import FlagResolutionDetails, FlagValueType
from openfeature.provider import AbstractProvider, Metadata
from openfeature.track import TrackingEventDetails

from phasegate.client.client import FlagClient
from phasegate.client.inforce import News, Notice
from phasegate.flags.resolution import Resolution
from phasegate.flags.source import SAFE_INTEGER

if TYPE_CHECKING:
    from opentelemetry._logs import LoggerProvider

NAME = "phasegate"

Structure = Sequence[FlagValueType] | Mapping[str, FlagValueType]
Value = TypeVar("Value")


class PhasegateProvider(AbstractProvider):
    """Evaluates in memory; tells READY, STALE, CONFIGURATION_CHANGED and ERROR as they happen."""

    def __init__(
        self,
        url: str,
        environment: str,
        token: str | None = None,
        *,
        name: str = "",
        ready_within_s: float = 10.0,
        logger_provider: LoggerProvider | None = None,
    ) -> None:
        """Prepare; the SDK connects it.

        ready_within_s   bounds the wait for the first flags.
        logger_provider  where tracking events go; OpenTelemetry's global one by default.
        """
        super().__init__()
        self._logger_provider = logger_provider
        self._connect = partial(FlagClient, url, environment, token, name=name, on_news=self._tell)
        self._ready_within_s = ready_within_s
        self._client: FlagClient | None = None

    def get_metadata(self) -> Metadata:
        """Return the provider's name."""
        return Metadata(name=NAME)

    def initialize(
        self,
        evaluation_context: EvaluationContext,  # noqa: ARG002 the SDK's signature
        domain: str | None = None,  # noqa: ARG002 OpenFeature 0.9 passes it, the SDK not yet
    ) -> None:
        """Connect and wait for the first flags; if none come, go on trying in the background."""
        if self._client is None:
            self._client = self._connect()
        if not self._client.wait_ready(self._ready_within_s):
            text = f"no flags came within {self._ready_within_s:g} s; the connection is retried"
            raise ProviderNotReadyError(text)

    def shutdown(self) -> None:
        """Say goodbye; calling it again is legal."""
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def resolve_boolean_details(
        self,
        flag_key: str,
        default_value: bool,
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[bool]:
        """Evaluate a boolean flag."""
        return self._resolve(_boolean, flag_key, default_value, evaluation_context)

    def resolve_string_details(
        self,
        flag_key: str,
        default_value: str,
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[str]:
        """Evaluate a text flag."""
        return self._resolve(_string, flag_key, default_value, evaluation_context)

    def resolve_integer_details(
        self,
        flag_key: str,
        default_value: int,
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[int]:
        """Evaluate a whole-number flag; 10.0 is 10, 3.14 is a mismatch."""
        return self._resolve(_integer, flag_key, default_value, evaluation_context)

    def resolve_float_details(
        self,
        flag_key: str,
        default_value: float,
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[float]:
        """Evaluate a number flag."""
        return self._resolve(_float, flag_key, default_value, evaluation_context)

    def resolve_object_details(
        self,
        flag_key: str,
        default_value: Structure,
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[Structure]:
        """Evaluate a structured flag; the value is the caller's own copy."""
        return self._resolve(_structure, flag_key, default_value, evaluation_context)

    def track(
        self,
        tracking_event_name: str,
        evaluation_context: EvaluationContext | None = None,
        tracking_event_details: TrackingEventDetails | None = None,
    ) -> None:
        """Emit an OpenTelemetry log event of this name, bound to the subject."""
        # OpenTelemetry is an extra of its own: whoever does not track does not need it.
        from phasegate.client.tracking import emit  # noqa: PLC0415

        subject = evaluation_context.targeting_key if evaluation_context else None
        details = tracking_event_details
        emit(
            tracking_event_name,
            subject,
            details.value if details else None,
            details.attributes if details else {},
            self._logger_provider,
        )

    def _resolve(
        self,
        read: Callable[[object], Value],
        key: str,
        default: Value,
        context: EvaluationContext | None,
    ) -> FlagResolutionDetails[Value]:
        if self._client is None:
            raise ProviderNotReadyError("the provider is not initialized")
        if context is None:
            outcome = self._client.evaluate(key)
        else:
            outcome = self._client.evaluate(key, context.targeting_key, context.attributes)
        if outcome.error_code is not None:
            raise ErrorCode.to_exception(ErrorCode(outcome.error_code), outcome.error_message)
        return FlagResolutionDetails(
            value=default if outcome.variant is None else _read(read, key, outcome),
            variant=outcome.variant,
            reason=outcome.reason,
            flag_metadata=outcome.metadata,
        )

    def _tell(self, notice: Notice) -> None:
        match notice.news:
            case News.READY:
                self.emit_provider_ready(ProviderEventDetails())
            case News.CHANGED:
                details = ProviderEventDetails(flags_changed=list(notice.changed))
                self.emit_provider_configuration_changed(details)
            case News.STALE:
                self.emit_provider_stale(ProviderEventDetails(message=notice.reason))
            case News.UNREACHABLE:
                code = ErrorCode.PROVIDER_NOT_READY
                self.emit_provider_error(
                    ProviderEventDetails(message=notice.reason, error_code=code)
                )


def _read(read: Callable[[object], Value], key: str, outcome: Resolution) -> Value:
    try:
        return read(outcome.value)
    except TypeError as error:
        text = f"flag {key!r} holds {type(outcome.value).__name__}: ask for that type"
        raise TypeMismatchError(text) from error


def _boolean(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise TypeError


def _string(value: object) -> str:
    if isinstance(value, str):
        return value
    raise TypeError


def _integer(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) <= SAFE_INTEGER:
        return int(value)
    raise TypeError


def _float(value: object) -> float:
    if isinstance(value, float):
        return value
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= SAFE_INTEGER:
        return float(value)
    raise TypeError


def _structure(value: object) -> Structure:
    if isinstance(value, dict | list):
        return copy.deepcopy(value)
    raise TypeError
