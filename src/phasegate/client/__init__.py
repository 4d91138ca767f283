"""What an application installs: flags in memory, the OpenFeature provider, the telemetry hook.

Names are loaded when they are first used, so that importing the package costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from phasegate.client.client import FlagClient
    from phasegate.client.fast import FastClient, get_client
    from phasegate.client.hook import TelemetryHook
    from phasegate.client.provider import PhasegateProvider

__all__ = ["FastClient", "FlagClient", "PhasegateProvider", "TelemetryHook", "get_client"]

_HOMES = {
    "FlagClient": "phasegate.client.client",
    "PhasegateProvider": "phasegate.client.provider",
    "FastClient": "phasegate.client.fast",
    "get_client": "phasegate.client.fast",
    "TelemetryHook": "phasegate.client.hook",
}


def __getattr__(name: str) -> object:
    """Load a public name."""
    if name not in _HOMES:
        raise AttributeError(f"phasegate.client has no {name}; it has {', '.join(__all__)}")
    return getattr(import_module(_HOMES[name]), name)
