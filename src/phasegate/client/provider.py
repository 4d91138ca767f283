"""The OpenFeature provider: phasegate's flags behind the standard interface."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from openfeature.evaluation_context import EvaluationContext
from openfeature.event import ProviderEventDetails
from openfeature.exception import (
    ErrorCode,
    ProviderNotReadyError,
    TypeMismatchError,
)
from openfeature.flag_evaluation import FlagResolutionDetails
from openfeature.provider import AbstractProvider, Metadata
from openfeature.track import TrackingEventDetails

from phasegate.client import typed
from phasegate.client.client import NO_ATTRIBUTES, FlagClient
from phasegate.client.inforce import InForce, News, Notice
from phasegate.flags.resolution import Resolution

if TYPE_CHECKING:
    from opentelemetry._logs import LoggerProvider

    from phasegate.client.typed import Structure

NAME = "phasegate"

MOST_READY = 10_000
"""Details that are kept ready for being asked again."""

Value = TypeVar("Value")

Ready = dict[int, FlagResolutionDetails[Value]]
"""What the SDK reads of outcomes, by the id of each."""


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
        cache: Path | None = None,
        logger_provider: LoggerProvider | None = None,
    ) -> None:
        """Prepare; the SDK connects it.

        ready_within_s   bounds the wait for the first flags.
        cache            a file that keeps the last flags: with it, a start while the server is
                         away succeeds with those, and STALE is told.
        logger_provider  where tracking events and shadows go; OpenTelemetry's global one by
                         default.
        """
        super().__init__()
        self._logger_provider = logger_provider
        self._environment = environment
        self._connect = partial(
            FlagClient,
            url,
            environment,
            token,
            name=name,
            on_news=self._tell,
            cache=cache,
            logger_provider=logger_provider,
        )
        self.held = InForce(None)
        """What is in force, for who evaluates without the SDK's way."""
        self._alive: list[Resolution] = []
        self._booleans: Ready[bool] = {}
        self._strings: Ready[str] = {}
        self._integers: Ready[int] = {}
        self._floats: Ready[float] = {}
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
            self.held = self._client.held
        if self._client.wait_ready(self._ready_within_s):
            return
        text = f"no flags came within {self._ready_within_s:g} s; the connection is retried"
        # OpenFeature 0.9 has the provider tell every transition itself, before it fails.
        code = ErrorCode.PROVIDER_NOT_READY
        self.emit_provider_error(ProviderEventDetails(message=text, error_code=code))
        raise ProviderNotReadyError(text)

    @property
    def client(self) -> FlagClient:
        """The client behind it, for what OpenFeature has no words for, like shadows.

        Raises ProviderNotReadyError before `initialize` and after `shutdown`.
        """
        if self._client is None:
            raise ProviderNotReadyError("the provider is not initialized")
        return self._client

    def shutdown(self) -> None:
        """Say goodbye; calling it again is legal."""
        client, self._client = self._client, None
        self.held = InForce(None)
        if client is not None:
            client.close()

    def resolve_boolean_details(
        self,
        flag_key: str,
        default_value: bool,
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[bool]:
        """Evaluate a boolean flag."""
        # Written out, without a call of `outcome`: nearly every flag is a boolean.
        if evaluation_context is None:
            outcome = self.held.evaluate(flag_key, None, NO_ATTRIBUTES)
        else:
            subject, attributes = evaluation_context.targeting_key, evaluation_context.attributes
            outcome = self.held.evaluate(flag_key, subject, attributes)
        ready = self._booleans.get(id(outcome))
        return ready or self._resolved(
            self._booleans, typed.boolean, flag_key, default_value, outcome
        )

    def resolve_string_details(
        self,
        flag_key: str,
        default_value: str,
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[str]:
        """Evaluate a text flag."""
        outcome = self.outcome(flag_key, evaluation_context)
        ready = self._strings.get(id(outcome))
        return ready or self._resolved(
            self._strings, typed.string, flag_key, default_value, outcome
        )

    def resolve_integer_details(
        self,
        flag_key: str,
        default_value: int,
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[int]:
        """Evaluate a whole-number flag; 10.0 is 10, 3.14 is a mismatch."""
        outcome = self.outcome(flag_key, evaluation_context)
        ready = self._integers.get(id(outcome))
        return ready or self._resolved(
            self._integers, typed.integer, flag_key, default_value, outcome
        )

    def resolve_float_details(
        self,
        flag_key: str,
        default_value: float,
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[float]:
        """Evaluate a number flag."""
        outcome = self.outcome(flag_key, evaluation_context)
        ready = self._floats.get(id(outcome))
        return ready or self._resolved(self._floats, typed.number, flag_key, default_value, outcome)

    def resolve_object_details(
        self,
        flag_key: str,
        default_value: Structure,
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[Structure]:
        """Evaluate a structured flag; the value is the caller's own copy."""
        outcome = self.outcome(flag_key, evaluation_context)
        return self._resolved(None, typed.structure, flag_key, default_value, outcome)

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
            environment=self._environment,
        )

    def outcome(self, key: str, context: EvaluationContext | None) -> Resolution:
        """Return what a flag is, before anybody asks for a type."""
        if context is None:
            return self.held.evaluate(key, None, NO_ATTRIBUTES)
        return self.held.evaluate(key, context.targeting_key, context.attributes)

    def _resolved(
        self,
        ready: Ready[Value] | None,
        read: Callable[[object], Value],
        key: str,
        default: Value,
        outcome: Resolution,
    ) -> FlagResolutionDetails[Value]:
        if outcome.error_code is not None:
            raise ErrorCode.to_exception(ErrorCode(outcome.error_code), outcome.error_message)
        details = FlagResolutionDetails(
            value=default if outcome.variant is None else _read(read, key, outcome),
            variant=outcome.variant,
            reason=outcome.reason,
            flag_metadata=outcome.metadata,
        )
        if outcome.variant is not None and ready is not None:
            # Outcomes are built once for each flag and variant, and so can be what the SDK reads
            # of them: it copies the details and never changes them. The outcome is kept as well,
            # so that its id can be nobody else's.
            if len(self._alive) >= MOST_READY:
                self._forget()
            self._alive.append(outcome)
            ready[id(outcome)] = details
        return details

    def _forget(self) -> None:
        for ready in (self._booleans, self._strings, self._integers, self._floats):
            ready.clear()
        self._alive.clear()

    def _tell(self, notice: Notice) -> None:
        match notice.news:
            case News.READY:
                self.emit_provider_ready(ProviderEventDetails())
            case News.CHANGED:
                self._forget()
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
