"""Flagsmith, evaluated locally."""

from __future__ import annotations

from typing import Any

from peers.asked import NEAR, PLAIN, RULE, VERSION, Call, Flags, file


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
    client = Flagsmith(offline_mode=True, offline_handler=LocalFileHandler(file(environment)))
    return lambda key, subject, attributes: client.get_identity_flags(
        subject, traits=attributes
    ).is_feature_enabled(key)
