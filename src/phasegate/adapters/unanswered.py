"""What is said of a service that gives no answer: which one, why not, and what can be done.

Of an address only host and port are said: the rest may hold a secret or name a patient.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx

REMEDY = "start it, or give the run another --endpoint [no-answer]"

KINDS: tuple[tuple[type[BaseException], str], ...] = (
    (ConnectionRefusedError, "nothing listens there"),
    (socket.gaierror, "no machine is known by that name"),
    (ssl.SSLCertVerificationError, "its certificate is of nobody who is trusted here"),
    (ssl.SSLError, "it speaks no TLS that is understood here"),
    (httpx.ConnectTimeout, "it could not be reached in time"),
    (httpx.TimeoutException, "it took too long"),
    (httpx.InvalidURL, "that is no HTTP address"),
    (httpx.UnsupportedProtocol, "that is no HTTP address"),
    (httpx.ConnectError, "it cannot be reached"),
    (httpx.TooManyRedirects, "it sends from one address to the next"),
    (httpx.NetworkError, "the connection broke"),
    (httpx.RemoteProtocolError, "what it said is no HTTP"),
    (ValueError, "what it said is no JSON"),
)
"""Why there is no answer; the first kind that anything in the chain of causes is of."""


def unanswered(url: str, error: Exception) -> str:
    """Return the whole message for an error in asking an address."""
    return f"no answer from {place(url)}: {why(error)}; {REMEDY}"


def place(url: str) -> str:
    """Return host and port: what may be shown of a URL."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if host is None:
        return "an address without a host"
    shown = f"[{host}]" if ":" in host else host
    return f"{shown}:{port}" if port else shown


def why(error: Exception) -> str:
    """Say in a few words why nobody answered."""
    if isinstance(error, httpx.HTTPStatusError):
        return f"it said HTTP {error.response.status_code}"
    chain = list(_causes(error))
    for kind, told in KINDS:
        if any(isinstance(one, kind) for one in chain):
            return told
    return type(error).__name__


def _causes(error: BaseException) -> Iterator[BaseException]:
    found: BaseException | None = error
    while found is not None:
        yield found
        found = found.__cause__ or found.__context__
