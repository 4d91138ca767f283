"""How a source is reached: its address from the plan, its secrets from the environment.

A plan is read by many and kept for ever, so no secret stands in it. For an endpoint called
`warehouse` the server's environment may hold PHASEGATE_WAREHOUSE_USER and _PASSWORD, or _TOKEN, and
_CA_FILE with the certificates of whoever signed the endpoint's own.
"""

from __future__ import annotations

import os
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx

from phasegate.core.plan import Metric
from phasegate.ports import Unavailable

TIMEOUT_S = 5.0


@dataclass(frozen=True, kw_only=True)
class Reached:
    """An endpoint's address with its secrets, which are never shown."""

    url: str
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)
    ca_file: str | None = None

    def client(self) -> httpx.Client:
        """Return an HTTP client for the endpoint. Raises Unavailable for an unreadable CA file."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        auth = (self.user, self.password or "") if self.user else None
        return httpx.Client(
            headers=headers,
            auth=auth,
            verify=self._verify() if self.url.startswith("https:") else False,
            timeout=TIMEOUT_S,
            trust_env=False,
        )

    def _verify(self) -> ssl.SSLContext:
        try:
            return ssl.create_default_context(cafile=self.ca_file)
        except (OSError, ssl.SSLError) as error:
            raise Unavailable(f"the CA file {self.ca_file} cannot be read") from error


def reach(name: str, url: str, environment: Mapping[str, str] | None = None) -> Reached:
    """Return how an endpoint is reached."""
    known = os.environ if environment is None else environment
    prefix = f"PHASEGATE_{re.sub('[^A-Z0-9]', '_', name.upper())}"
    return Reached(
        url=url,
        user=known.get(f"{prefix}_USER"),
        password=known.get(f"{prefix}_PASSWORD"),
        token=known.get(f"{prefix}_TOKEN"),
        ca_file=known.get(f"{prefix}_CA_FILE"),
    )


def endpoint_of(metric: Metric, endpoints: Mapping[str, str]) -> Reached:
    """Return how a metric's source is reached. Raises Unavailable where it has no address."""
    name = metric.endpoint or metric.source
    if name not in endpoints:
        raise Unavailable(f"{metric.name}: no endpoint is called {name}; give the run one")
    return reach(name, endpoints[name])
