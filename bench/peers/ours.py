"""Our own ways of evaluating a flag, and what they are measured against."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from peers.asked import NOWHERE, Call, Flags, document


def phasegate_engine(flags: Flags) -> Call:
    from phasegate.flags.compile import compile_document

    return compile_document(document(flags)).evaluate


def _client(flags: Flags, *, on_trial: bool = False) -> Any:
    """A FlagClient that holds what a stream would have brought; no server is needed."""
    from phasegate.client.client import FlagClient
    from phasegate.client.inforce import InForce

    client = FlagClient.__new__(FlagClient)
    client._held = InForce(None)
    whole = document(flags)
    if on_trial:
        for flag in whole["flags"].values():
            flag["metadata"] = {"onTrial": True}
    client._held.document(1, whole)
    client._held.lease(None, None)
    return client


def phasegate_typed(flags: Flags) -> Call:
    boolean = _client(flags).boolean
    return lambda key, subject, attributes: boolean(key, False, subject, attributes)


def phasegate_leased(flags: Flags) -> Call:
    ask = _client(flags, on_trial=True).boolean
    return lambda key, subject, attributes: ask(key, False, subject, attributes)


def _provider(flags: Flags) -> Any:
    from openfeature import api

    from phasegate.client.provider import PhasegateProvider

    provider = PhasegateProvider(NOWHERE, "bench")
    provider.initialize = lambda *_: None  # type: ignore[method-assign]
    provider.held = _client(flags).held
    api.set_provider_and_wait(provider)
    return provider


def phasegate_stock(flags: Flags) -> Call:
    from openfeature import api
    from openfeature.evaluation_context import EvaluationContext

    _provider(flags)
    ask = api.get_client().get_boolean_value
    return lambda key, subject, attributes: ask(key, False, EvaluationContext(subject, attributes))


def phasegate_fast(flags: Flags) -> Call:
    from openfeature.evaluation_context import EvaluationContext

    from phasegate.client import get_client

    _provider(flags)
    ask = get_client().get_boolean_value
    return lambda key, subject, attributes: ask(key, False, EvaluationContext(subject, attributes))


def _called(provider: Any) -> Call:
    """Call a provider as the SDK calls it, with contexts that exist already."""
    from openfeature.evaluation_context import EvaluationContext

    resolve = provider.resolve_boolean_details
    contexts: dict[str, EvaluationContext] = {}

    def call(key: str, subject: str, attributes: dict[str, Any]) -> object:
        context = contexts.get(subject)
        if context is None:
            context = contexts[subject] = EvaluationContext(subject, attributes)
        return resolve(flag_key=key, default_value=False, evaluation_context=context).value

    return call


def phasegate_resolves(flags: Flags) -> Call:
    """What our provider does within the SDK."""
    return _called(_provider(flags))


def prepared_resolves(_: Flags) -> Call:
    """The least that any provider does within the SDK."""
    return _called(_prepared())


def _prepared() -> Any:
    from openfeature.flag_evaluation import FlagResolutionDetails
    from openfeature.provider.no_op_provider import NoOpProvider

    class Prepared(NoOpProvider):
        details = FlagResolutionDetails(True, variant="on", reason="STATIC")

        def resolve_boolean_details(
            self,
            flag_key: str,
            default_value: bool,
            evaluation_context: object = None,
        ) -> Any:
            return self.details

    return Prepared()


def sdk_alone(_: Flags) -> Call:
    """The SDK over a provider that returns one prepared answer: the SDK's own cost."""
    from openfeature import api
    from openfeature.evaluation_context import EvaluationContext

    api.set_provider_and_wait(_prepared())
    ask = api.get_client().get_boolean_value
    return lambda key, subject, attributes: ask(key, False, EvaluationContext(subject, attributes))


OURS: Mapping[str, Callable[[Flags], Call]] = {
    "phasegate engine": phasegate_engine,
    "phasegate FlagClient": phasegate_typed,
    "phasegate FlagClient, on trial": phasegate_leased,
    "phasegate FastClient": phasegate_fast,
    "phasegate behind the stock SDK": phasegate_stock,
    "phasegate provider, called directly": phasegate_resolves,
}

BASES: Mapping[str, Callable[[Flags], Call]] = {
    "prepared answer, called directly": prepared_resolves,
    "OpenFeature SDK alone": sdk_alone,
}
