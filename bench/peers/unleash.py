"""Unleash: its engine in Rust, and its client."""

from __future__ import annotations

import json
import tempfile
from typing import Any

from peers.asked import NEAR, NOWHERE, PLAIN, RULE, VERSION, Call, Flags


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
