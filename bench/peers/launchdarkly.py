"""LaunchDarkly, from files."""

from __future__ import annotations

from typing import Any

from peers.asked import NEAR, PLAIN, ROLLOUT, RULE, VERSION, Call, Flags, file


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

    path = file({"flags": {key: flag(key, kind) for key, kind in flags.items()}})
    source = Files.new_data_source(paths=[path])
    client = LDClient(Config("sdk", update_processor_class=source, send_events=False))

    def call(key: str, subject: str, attributes: dict[str, Any]) -> object:
        context = Context.builder(subject).set("country", attributes["country"])
        context.set("version", attributes["version"])
        return client.variation(key, context.build(), False)

    return call
