"""ConfigCat, from a file."""

from __future__ import annotations

from typing import Any

from peers.asked import NEAR, PLAIN, ROLLOUT, RULE, VERSION, Call, Flags, file


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
    path = file({"p": {"s": "c2FsdA=="}, "f": settings})
    overrides = LocalFileFlagOverrides(path, OverrideBehaviour.LocalOnly)
    client = configcatclient.get(
        f"{'x' * 22}/{'y' * 22}", ConfigCatOptions(flag_overrides=overrides)
    )
    return lambda key, subject, attributes: client.get_value(
        key, False, User(subject, custom=attributes)
    )
