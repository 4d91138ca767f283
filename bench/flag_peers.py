"""The libraries that flags are compared with, each set up offline to decide the same three flags.

Every function takes flags by key and kind and returns call(key, subject, attributes) → truth. What
is not installed raises ImportError and is named as absent. No function may reach a network.
"""

from __future__ import annotations

import json
import tempfile
import warnings
from collections.abc import Callable, Mapping
from typing import Any

PLAIN, ROLLOUT, RULE = "plain", "rollout 25 %", "rule + rollout"

NEAR = ["MY", "SG", "EG", "ID", "TH"]
VERSION = "2.3.0"

Call = Callable[[str, str, dict[str, Any]], object]
Flags = Mapping[str, str]
NOWHERE = "http://127.0.0.1:9"


def _file(content: object) -> str:
    with tempfile.NamedTemporaryFile("w", suffix=".json", delete=False) as file:
        json.dump(content, file)
    return file.name


def document(flags: Flags) -> dict[str, Any]:
    """The flags as flagd has them."""
    share = {"fractional": [["on", 2500], ["off", 7500]]}
    wide = {
        "and": [
            {"in": [{"var": "country"}, NEAR]},
            {"sem_ver": [{"var": "version"}, ">=", VERSION]},
        ]
    }
    rules = {PLAIN: None, ROLLOUT: share, RULE: {"if": [wide, share]}}
    return {
        "flags": {
            key: {
                "state": "ENABLED",
                "variants": {"on": True, "off": False},
                "defaultVariant": "off",
                **({"targeting": rules[kind]} if rules[kind] else {}),
            }
            for key, kind in flags.items()
        }
    }


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
        resolver_type=ResolverType.FILE, offline_flag_source_path=_file(document(flags))
    )
    api.set_provider_and_wait(provider)
    ask = api.get_client().get_boolean_value
    return lambda key, subject, attributes: ask(key, False, EvaluationContext(subject, attributes))


def _unleash(flags: Flags) -> dict[str, Any]:
    conditions = [
        {"contextName": "country", "operator": "IN", "values": NEAR},
        {
            "contextName": "version",
            "operator": "SEMVER_LT",
            "value": VERSION,
            "inverted": True,
        },
    ]

    def feature(key: str, kind: str) -> dict[str, Any]:
        strategy = {
            "name": "flexibleRollout",
            "parameters": {"rollout": "25", "stickiness": "userId", "groupId": key},
            "constraints": conditions if kind == RULE else [],
        }
        strategies = [{"name": "default"}] if kind == PLAIN else [strategy]
        return {"name": key, "enabled": kind != PLAIN, "strategies": strategies}

    return {"version": 2, "features": [feature(key, kind) for key, kind in flags.items()]}


def unleash_engine(flags: Flags) -> Call:
    from yggdrasil_engine.engine import UnleashEngine

    engine = UnleashEngine()
    engine.take_state(json.dumps(_unleash(flags)))
    return lambda key, subject, attributes: (
        engine.is_enabled(key, {"userId": subject, "properties": attributes}).is_enabled
    )


def unleash_client(flags: Flags) -> Call:
    from UnleashClient import UnleashClient
    from UnleashClient.cache import FileCache

    cache = FileCache("bench", directory=tempfile.mkdtemp())
    cache.bootstrap_from_dict(_unleash(flags))
    client = UnleashClient(
        url=f"{NOWHERE}/api",
        app_name="bench",
        disable_metrics=True,
        disable_registration=True,
        cache=cache,
        refresh_interval=100_000,
    )
    client.initialize_client(fetch_toggles=False)
    return lambda key, subject, attributes: client.is_enabled(
        key, {"userId": subject, "properties": attributes}
    )


def growthbook(flags: Flags) -> Call:
    from growthbook import GrowthBook

    condition = {"country": {"$in": NEAR}, "version": {"$vgte": VERSION}}
    share = {"force": True, "coverage": 0.25, "hashAttribute": "id"}
    rules = {PLAIN: [], ROLLOUT: [share], RULE: [{"condition": condition, **share}]}
    features = {key: {"defaultValue": False, "rules": rules[kind]} for key, kind in flags.items()}
    # As its documentation shows: one object for each subject.
    return lambda key, subject, attributes: GrowthBook(
        attributes={"id": subject, **attributes}, features=features
    ).is_on(key)


def launchdarkly(flags: Flags) -> Call:
    from ldclient import Context, LDClient
    from ldclient.config import Config
    from ldclient.integrations import Files

    share = {
        "rollout": {
            "variations": [{"variation": 0, "weight": 25_000}, {"variation": 1, "weight": 75_000}]
        }
    }
    clauses = [
        {"attribute": "country", "op": "in", "values": NEAR},
        {"attribute": "version", "op": "semVerLessThan", "values": [VERSION], "negate": True},
    ]
    falls = {PLAIN: {"variation": 1}, ROLLOUT: share, RULE: {"variation": 1}}

    def flag(key: str, kind: str) -> dict[str, Any]:
        return {
            "key": key,
            "version": 1,
            "on": True,
            "variations": [True, False],
            "offVariation": 1,
            "fallthrough": falls[kind],
            "rules": [{"id": "1", "clauses": clauses, **share}] if kind == RULE else [],
            "salt": key,
            "targets": [],
            "prerequisites": [],
        }

    path = _file({"flags": {key: flag(key, kind) for key, kind in flags.items()}})
    source = Files.new_data_source(paths=[path])
    client = LDClient(Config("sdk", update_processor_class=source, send_events=False))

    def call(key: str, subject: str, attributes: dict[str, Any]) -> object:
        context = Context.builder(subject).set("country", attributes["country"])
        context.set("version", attributes["version"])
        return client.variation(key, context.build(), False)

    return call


def flagsmith(flags: Flags) -> Call:
    from flagsmith import Flagsmith
    from flagsmith.offline_handlers import LocalFileHandler

    split = {"operator": "PERCENTAGE_SPLIT", "property_": "", "value": "25"}
    wide = [
        {"operator": "IN", "property_": "country", "value": ",".join(NEAR)},
        {
            "operator": "GREATER_THAN_INCLUSIVE",
            "property_": "version",
            "value": f"{VERSION}:semver",
        },
    ]

    def state(number: int, key: str, *, on: bool) -> dict[str, Any]:
        return {
            "feature": {"id": number, "name": key, "type": "STANDARD"},
            "enabled": on,
            "django_id": number,
            "feature_segment": None,
            "featurestate_uuid": f"00000000-0000-4000-8000-{number:012d}",
            "feature_state_value": None,
            "multivariate_feature_state_values": [],
        }

    def segment(number: int, key: str, kind: str) -> dict[str, Any]:
        conditions = [*(wide if kind == RULE else []), split]
        rule = {"type": "ALL", "conditions": conditions, "rules": []}
        return {
            "id": number,
            "name": key,
            "rules": [{"type": "ALL", "conditions": [], "rules": [rule]}],
            "feature_states": [state(number, key, on=True)],
        }

    numbered = list(enumerate(flags.items(), start=1))
    environment = {
        "id": 1,
        "api_key": "x",
        "name": "bench",
        "project": {
            "id": 1,
            "name": "bench",
            "organisation": {
                "id": 1,
                "name": "bench",
                "feature_analytics": False,
                "stop_serving_flags": False,
                "persist_trait_data": False,
            },
            "hide_disabled_flags": False,
            "segments": [segment(n, key, kind) for n, (key, kind) in numbered if kind != PLAIN],
        },
        "feature_states": [state(n, key, on=False) for n, (key, _) in numbered],
        "identity_overrides": [],
    }
    client = Flagsmith(offline_mode=True, offline_handler=LocalFileHandler(_file(environment)))
    return lambda key, subject, attributes: client.get_identity_flags(
        subject, traits=attributes
    ).is_feature_enabled(key)


def posthog(flags: Flags) -> Call:
    from posthog import Posthog

    warnings.simplefilter("ignore", DeprecationWarning)
    wide = [
        {"key": "country", "value": NEAR, "operator": "exact", "type": "person"},
        {"key": "version", "value": VERSION, "operator": "semver_gte", "type": "person"},
    ]
    shares = {PLAIN: 0, ROLLOUT: 25, RULE: 25}

    def flag(number: int, key: str, kind: str) -> dict[str, Any]:
        properties = wide if kind == RULE else []
        group = {"properties": properties, "rollout_percentage": shares[kind]}
        return {"id": number, "key": key, "active": True, "filters": {"groups": [group]}}

    client = Posthog(
        "phc_x",
        host=NOWHERE,
        personal_api_key="x",
        enable_local_evaluation=False,
        disable_geoip=True,
        sync_mode=True,
    )
    client.feature_flags = [
        flag(number, key, kind) for number, (key, kind) in enumerate(flags.items(), start=1)
    ]
    return lambda key, subject, attributes: client.feature_enabled(
        key,
        subject,
        person_properties=attributes,
        only_evaluate_locally=True,
        send_feature_flag_events=False,
    )


def statsig(flags: Flags) -> Call:
    from statsig_python_core import Statsig, StatsigOptions, StatsigUser
    from statsig_python_core.data_store import DataStore, DataStoreResponse

    def condition(kind: str, field: str | None, operator: str | None, target: object) -> Any:
        return {
            "type": kind,
            "targetValue": target,
            "operator": operator,
            "field": field,
            "additionalValues": {},
            "isDeviceBased": False,
            "idType": "userID",
        }

    needs = {PLAIN: ["all"], ROLLOUT: ["all"], RULE: ["country", "version"]}

    def gate(key: str, kind: str) -> dict[str, Any]:
        rule = {
            "name": "r",
            "groupName": "r",
            "passPercentage": 0 if kind == PLAIN else 25,
            "conditions": needs[kind],
            "returnValue": True,
            "id": "r",
            "salt": "r",
            "idType": "userID",
        }
        return {
            "type": "feature_gate",
            "salt": key,
            "enabled": True,
            "defaultValue": False,
            "rules": [rule],
            "idType": "userID",
            "entity": "feature_gate",
            "version": 1,
        }

    specs = {
        "feature_gates": {key: gate(key, kind) for key, kind in flags.items()},
        "condition_map": {
            "all": condition("public", None, None, None),
            "country": condition("user_field", "country", "any", NEAR),
            "version": condition("user_field", "version", "version_gte", VERSION),
        },
        "dynamic_configs": {},
        "layer_configs": {},
        "layers": {},
        "has_updates": True,
        "time": 1_700_000_000_000,
        "id_lists": {},
        "sdk_configs": {},
        "sdk_flags": {},
        "app_id": "x",
        "company_id": "x",
        "diagnostics": {},
        "default_environment": None,
        "experiment_to_layer": {},
    }

    class Store(DataStore):
        def get(self, _: str) -> DataStoreResponse:
            return DataStoreResponse(result=json.dumps(specs), time=specs["time"])

    options = StatsigOptions(
        data_store=Store(),
        disable_network=True,
        disable_all_logging=True,
        disable_country_lookup=True,
        wait_for_country_lookup_init=False,
        output_log_level="none",
        disable_disk_access=True,
    )
    core = Statsig("secret-x", options)
    core.initialize().wait()
    return lambda key, subject, attributes: core.check_gate(
        StatsigUser(
            subject, country=attributes["country"], custom={"version": attributes["version"]}
        ),
        key,
    )


def configcat(flags: Flags) -> Call:
    import configcatclient
    from configcatclient.configcatoptions import ConfigCatOptions
    from configcatclient.localfiledatasource import LocalFileFlagOverrides
    from configcatclient.overridedatasource import OverrideBehaviour
    from configcatclient.user import User

    shares = [{"p": 25, "v": {"b": True}}, {"p": 75, "v": {"b": False}}]
    wide = [
        {"u": {"a": "country", "c": 0, "l": NEAR}},
        {"u": {"a": "version", "c": 9, "s": VERSION}},
    ]
    parts: dict[str, dict[str, Any]] = {
        PLAIN: {},
        ROLLOUT: {"p": shares},
        RULE: {"r": [{"c": wide, "p": shares}]},
    }
    settings = {key: {"t": 0, "v": {"b": False}, **parts[kind]} for key, kind in flags.items()}
    path = _file({"p": {"s": "c2FsdA=="}, "f": settings})
    overrides = LocalFileFlagOverrides(path, OverrideBehaviour.LocalOnly)
    client = configcatclient.get(
        f"{'x' * 22}/{'y' * 22}", ConfigCatOptions(flag_overrides=overrides)
    )
    return lambda key, subject, attributes: client.get_value(
        key, False, User(subject, custom=attributes)
    )


def eppo(flags: Flags) -> Call:
    import eppo_client

    condition = [
        {"attribute": "country", "operator": "ONE_OF", "value": NEAR},
        {"attribute": "version", "operator": "GTE", "value": VERSION},
    ]

    def split(key: str, variant: str, start: int, end: int) -> dict[str, Any]:
        shard = {"salt": key, "ranges": [{"start": start, "end": end}]}
        return {"variationKey": variant, "shards": [shard]}

    def flag(key: str, kind: str) -> dict[str, Any]:
        splits = [split(key, "on", 0, 2500), split(key, "off", 2500, 10_000)]
        allocation = {
            "key": "a",
            "rules": [{"conditions": condition}] if kind == RULE else [],
            "splits": [{"variationKey": "off", "shards": []}] if kind == PLAIN else splits,
            "doLog": False,
        }
        variations = {
            "on": {"key": "on", "value": True},
            "off": {"key": "off", "value": False},
        }
        return {
            "key": key,
            "enabled": True,
            "variationType": "BOOLEAN",
            "variations": variations,
            "allocations": [allocation],
            "totalShards": 10_000,
        }

    content = {
        "createdAt": "2024-01-01T00:00:00.000Z",
        "format": "SERVER",
        "environment": {"name": "bench"},
        "flags": {key: flag(key, kind) for key, kind in flags.items()},
    }
    held = eppo_client.Configuration(flags_configuration=json.dumps(content).encode())
    client = eppo_client.init(
        eppo_client.ClientConfig(
            api_key="x",
            base_url=NOWHERE,
            assignment_logger=eppo_client.AssignmentLogger(),
            initial_configuration=held,
            poll_interval_seconds=None,
        )
    )
    return lambda key, subject, attributes: client.get_boolean_assignment(
        key, subject, attributes, False
    )


def phasegate_leased(flags: Flags) -> Call:
    ask = _client(flags, on_trial=True).boolean
    return lambda key, subject, attributes: ask(key, False, subject, attributes)


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
PEERS: Mapping[str, tuple[str, Callable[[Flags], Call]]] = {
    "flagd core": ("openfeature-flagd-core", flagd_core),
    "flagd provider, file mode": ("openfeature-provider-flagd", flagd_provider),
    "Unleash engine (Rust)": ("yggdrasil-engine", unleash_engine),
    "UnleashClient": ("UnleashClient", unleash_client),
    "GrowthBook": ("growthbook", growthbook),
    "LaunchDarkly": ("launchdarkly-server-sdk", launchdarkly),
    "Flagsmith, local": ("flagsmith", flagsmith),
    "PostHog, local": ("posthog", posthog),
    "Statsig core (Rust)": ("statsig-python-core", statsig),
    "ConfigCat": ("configcat-client", configcat),
    "Eppo (Rust)": ("eppo-server-sdk", eppo),
}
"""By name: the package on PyPI, and what sets it up."""
