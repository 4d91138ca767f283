"""PostHog, evaluated locally."""

from __future__ import annotations

import warnings
from typing import Any

from peers.asked import NEAR, NOWHERE, PLAIN, ROLLOUT, RULE, VERSION, Call, Flags


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
