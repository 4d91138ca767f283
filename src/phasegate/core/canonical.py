"""One byte form for every value that is hashed: sorted, compact JSON in UTF-8."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from datetime import datetime, timedelta
from enum import Enum
from typing import Any  # JSON leaves: this module is where values become plain data


def plain(value: Any) -> Any:
    """Reduce core values to JSON types: durations to seconds, moments to ISO 8601, enums to values.

    Fields that hold None are left out, so that a new optional field changes no old hash.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        pairs = ((field.name, getattr(value, field.name)) for field in dataclasses.fields(value))
        return {name: plain(item) for name, item in pairs if item is not None}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def canonical(value: Any) -> bytes:
    """Return the canonical JSON bytes of a core value (RFC 8785 in spirit: sorted, no spaces)."""
    text = json.dumps(plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode()


def digest(value: Any) -> str:
    """Return the SHA-256 of the canonical form, as 64 hex digits."""
    return hashlib.sha256(canonical(value)).hexdigest()
