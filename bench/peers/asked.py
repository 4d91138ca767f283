"""What is asked of every library: three flags, and how a call looks."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping
from typing import Any

PLAIN, ROLLOUT, RULE = "plain", "rollout 25 %", "rule + rollout"
NEAR = ["MY", "SG", "EG", "ID", "TH"]
VERSION = "2.3.0"
Call = Callable[[str, str, dict[str, Any]], object]
Flags = Mapping[str, str]
NOWHERE = "http://127.0.0.1:9"


def file(content: object) -> str:
    """Write what a library reads from a file, and return its path."""
    with tempfile.NamedTemporaryFile("w", suffix=".json", delete=False) as written:
        json.dump(content, written)
    return written.name


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
