"""Eppo: its engine in Rust."""

from __future__ import annotations

import json
from typing import Any

from peers.asked import NEAR, NOWHERE, PLAIN, RULE, VERSION, Call, Flags


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
