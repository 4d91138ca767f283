"""flagd's engine and its provider, in Python."""

from __future__ import annotations

import json

from peers.asked import Call, Flags, document, file


def flagd_core(flags: Flags) -> Call:
    from openfeature.contrib.tools.flagd.core import FlagdCore
    from openfeature.evaluation_context import EvaluationContext

    core = FlagdCore()
    core.set_flags(json.dumps(document(flags)))
    ask = core.resolve_boolean_value
    return lambda key, subject, attributes: (
        ask(key, False, EvaluationContext(subject, attributes)).value
    )


def flagd_provider(flags: Flags) -> Call:
    from openfeature import api
    from openfeature.contrib.provider.flagd import FlagdProvider
    from openfeature.contrib.provider.flagd.config import ResolverType
    from openfeature.evaluation_context import EvaluationContext

    provider = FlagdProvider(
        resolver_type=ResolverType.FILE, offline_flag_source_path=file(document(flags))
    )
    api.set_provider_and_wait(provider)
    ask = api.get_client().get_boolean_value
    return lambda key, subject, attributes: ask(key, False, EvaluationContext(subject, attributes))
