"""A drop-in OpenFeature client that skips machinery while it is idle, with the same results.

The SDK merges four contexts, builds hook lists and runs them three times for every evaluation,
although most applications have neither hooks nor contexts besides the call's own. This client
looks whether that is so and asks the provider at once; whatever else is the case, and whatever
fails, takes the SDK's own way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from openfeature import transaction_context
from openfeature.client import OpenFeatureClient
from openfeature.evaluation_context import EvaluationContext, get_evaluation_context
from openfeature.flag_evaluation import FlagEvaluationDetails, FlagEvaluationOptions
from openfeature.hook import get_hooks
from openfeature.provider import ProviderStatus
from openfeature.provider._registry import provider_registry
from openfeature.transaction_context.no_op_transaction_context_propagator import (
    NoOpTransactionContextPropagator,
)

from phasegate.client.client import NO_ATTRIBUTES
from phasegate.client.provider import PhasegateProvider

if TYPE_CHECKING:
    from phasegate.flags.resolution import Resolution

T = TypeVar("T")

_SERVING = (ProviderStatus.READY, ProviderStatus.STALE)


def get_client(domain: str | None = None, version: str | None = None) -> FastClient:
    """Return a client; use it where you would use `openfeature.api.get_client`."""
    return FastClient(domain, version)


class FastClient(OpenFeatureClient):
    """An OpenFeature client whose evaluations cost little while nothing but a provider is set."""

    def get_boolean_value(
        self,
        flag_key: str,
        default_value: bool,
        evaluation_context: EvaluationContext | None = None,
        flag_evaluation_options: FlagEvaluationOptions | None = None,
    ) -> bool:
        """Evaluate a boolean flag."""
        if flag_evaluation_options is None:
            found = self._outcome(flag_key, evaluation_context)
            if found is not None and isinstance(found.value, bool):
                return found.value
        return super().get_boolean_value(
            flag_key, default_value, evaluation_context, flag_evaluation_options
        )

    def get_boolean_details(
        self,
        flag_key: str,
        default_value: bool,
        evaluation_context: EvaluationContext | None = None,
        flag_evaluation_options: FlagEvaluationOptions | None = None,
    ) -> FlagEvaluationDetails[bool]:
        """Evaluate a boolean flag and say why it is what it is."""
        if flag_evaluation_options is None:
            found = self._outcome(flag_key, evaluation_context)
            if found is not None and isinstance(found.value, bool):
                return _details(flag_key, found.value, found)
        return super().get_boolean_details(
            flag_key, default_value, evaluation_context, flag_evaluation_options
        )

    def get_string_value(
        self,
        flag_key: str,
        default_value: str,
        evaluation_context: EvaluationContext | None = None,
        flag_evaluation_options: FlagEvaluationOptions | None = None,
    ) -> str:
        """Evaluate a text flag."""
        if flag_evaluation_options is None:
            found = self._outcome(flag_key, evaluation_context)
            if found is not None and isinstance(found.value, str):
                return found.value
        return super().get_string_value(
            flag_key, default_value, evaluation_context, flag_evaluation_options
        )

    def get_string_details(
        self,
        flag_key: str,
        default_value: str,
        evaluation_context: EvaluationContext | None = None,
        flag_evaluation_options: FlagEvaluationOptions | None = None,
    ) -> FlagEvaluationDetails[str]:
        """Evaluate a text flag and say why it is what it is."""
        if flag_evaluation_options is None:
            found = self._outcome(flag_key, evaluation_context)
            if found is not None and isinstance(found.value, str):
                return _details(flag_key, found.value, found)
        return super().get_string_details(
            flag_key, default_value, evaluation_context, flag_evaluation_options
        )

    def get_integer_value(
        self,
        flag_key: str,
        default_value: int,
        evaluation_context: EvaluationContext | None = None,
        flag_evaluation_options: FlagEvaluationOptions | None = None,
    ) -> int:
        """Evaluate a whole-number flag."""
        if flag_evaluation_options is None:
            found = self._outcome(flag_key, evaluation_context)
            if found is not None and type(found.value) is int:
                return found.value
        return super().get_integer_value(
            flag_key, default_value, evaluation_context, flag_evaluation_options
        )

    def get_float_value(
        self,
        flag_key: str,
        default_value: float,
        evaluation_context: EvaluationContext | None = None,
        flag_evaluation_options: FlagEvaluationOptions | None = None,
    ) -> float:
        """Evaluate a number flag."""
        if flag_evaluation_options is None:
            found = self._outcome(flag_key, evaluation_context)
            if found is not None and type(found.value) is float:
                return found.value
        return super().get_float_value(
            flag_key, default_value, evaluation_context, flag_evaluation_options
        )

    async def get_boolean_value_async(
        self,
        flag_key: str,
        default_value: bool,
        evaluation_context: EvaluationContext | None = None,
        flag_evaluation_options: FlagEvaluationOptions | None = None,
    ) -> bool:
        """Evaluate a boolean flag; nothing is ever waited for."""
        if flag_evaluation_options is None:
            found = self._outcome(flag_key, evaluation_context)
            if found is not None and isinstance(found.value, bool):
                return found.value
        return await super().get_boolean_value_async(
            flag_key, default_value, evaluation_context, flag_evaluation_options
        )

    def _outcome(self, key: str, context: EvaluationContext | None) -> Resolution | None:
        """Return what a flag is, or None where the SDK's own way is to be taken."""
        provider = provider_registry.get_provider(self.domain)
        # A provider derived from ours may have hooks of its own.
        if provider.__class__ is not PhasegateProvider or self.hooks or get_hooks():
            return None
        own, common = self.context, get_evaluation_context()
        if own.attributes or own.targeting_key or common.attributes or common.targeting_key:
            return None
        # The SDK has no question for this. What stands here instead takes the SDK's own way.
        propagator = transaction_context._evaluation_transaction_context_propagator
        if propagator.__class__ is not NoOpTransactionContextPropagator:
            return None
        if provider_registry.get_provider_status(provider) not in _SERVING:
            return None
        try:
            if context is None:
                found = provider.held.evaluate(key, None, NO_ATTRIBUTES)
            else:
                found = provider.held.evaluate(key, context.targeting_key, context.attributes)
        except (TypeError, AttributeError):
            # A key or a context of another type; the SDK's own way has an answer for it.
            return None
        return found if found.error_code is None else None


def _details(key: str, value: T, outcome: Resolution) -> FlagEvaluationDetails[T]:
    return FlagEvaluationDetails(key, value, outcome.variant, outcome.metadata, outcome.reason)
