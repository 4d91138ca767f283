"""All libraries by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from peers.asked import Call, Flags
from peers.configcat import configcat
from peers.eppo import eppo
from peers.flagd import flagd_core, flagd_provider
from peers.flagsmith import flagsmith
from peers.growthbook import growthbook
from peers.launchdarkly import launchdarkly
from peers.posthog import posthog
from peers.statsig import statsig
from peers.unleash import unleash_client, unleash_engine

PEERS: Mapping[str, tuple[str, Callable[[Flags], Call]]] = {
    "flagd core": ("openfeature-flagd-core", flagd_core),
    "flagd provider, file mode": ("openfeature-provider-flagd", flagd_provider),
    "Unleash engine (Rust)": ("yggdrasil-engine", unleash_engine),
    "UnleashClient": ("UnleashClient", unleash_client),
    "GrowthBook": ("growthbook", growthbook),
    "LaunchDarkly": ("launchdarkly-server-sdk", launchdarkly),
    "Flagsmith, local": ("flagsmith", flagsmith),
    "PostHog, local": ("posthog", posthog),
    "Statsig core (Rust)": ("statsig-python-core", statsig),
    "ConfigCat": ("configcat-client", configcat),
    "Eppo (Rust)": ("eppo-server-sdk", eppo),
}
"""By name: the package on PyPI, and what sets it up."""
