"""Statsig: its core in Rust."""

from __future__ import annotations

import json
from typing import Any

from peers.asked import NEAR, PLAIN, ROLLOUT, RULE, VERSION, Call, Flags


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
