"""GrowthBook."""

from __future__ import annotations

from peers.asked import NEAR, PLAIN, ROLLOUT, RULE, VERSION, Call, Flags


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
