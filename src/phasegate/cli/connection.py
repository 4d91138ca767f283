"""The server as commands reach it: JSON in, JSON out, and every failure is a `Failed`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import TracebackType
from typing import Any  # JSON is untyped until phasegate.cli.shapes has read it
from urllib.parse import urlsplit

import httpx

from phasegate.adapters.unanswered import why
from phasegate.cli.failing import Failed, Misused, OutOfReach, unexpected

Raw = dict[str, Any]

DEADLINE_S = 15.0
OK = 200


class Connection:
    """A server's HTTP API. Proxies of the environment are not used: the server is ours."""

    def __init__(self, url: str, token: str) -> None:
        """Take the server's URL; nothing is sent yet."""
        self.place = _place(url)
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._client = httpx.Client(
            base_url=url, headers=headers, timeout=DEADLINE_S, trust_env=False
        )

    def __enter__(self) -> Connection:
        """Use the connection for a command."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Release it."""
        self._client.close()

    def get(self, path: str, **query: str | int) -> Raw:
        """Return what the server answers. Raises Failed."""
        return self._answered(*self.ask("GET", path, query=query))

    def post(self, path: str, body: Mapping[str, object], **query: str | int) -> Raw:
        """Send a body and return what the server answers. Raises Failed."""
        return self._answered(*self.ask("POST", path, body, query))

    def ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, object] | None = None,
        query: Mapping[str, str | int] | None = None,
    ) -> tuple[int, Raw]:
        """Return (status, content), whatever the status. Raises Failed if nobody answers."""
        try:
            answer = self._client.request(method, path, json=body, params=query)
        except httpx.HTTPError as error:
            raise OutOfReach(
                "server-unreachable",
                f"no answer from {self.place}: {why(error)}",
                "Start it with `phasegate serve`, or name it: --server URL or PHASEGATE_URL.",
            ) from error
        return answer.status_code, _content(answer)

    def _answered(self, status: int, content: Raw) -> Raw:
        if OK <= status < 300:
            return content
        error = content.get("error")
        if not isinstance(error, dict) or "code" not in error:
            raise unexpected(f"HTTP status {status}")
        message, remedy = error.get("message", ""), error.get("remedy", "")
        if error["code"] == "no-token":
            raise self._unknown()
        raise Failed.told(str(error["code"]), str(message), str(remedy))

    def _unknown(self) -> Failed:
        """Say what to do about a token in the words of the command line, not of HTTP."""
        sent = "Authorization" in self._client.headers
        return Failed(
            "no-token",
            f"{self.place} does not know this token" if sent else f"{self.place} wants a token",
            "Set PHASEGATE_TOKEN, or give --token; make one on the server's machine: "
            "phasegate token create NAME --role ROLE.",
        )


def _content(answer: httpx.Response) -> Raw:
    try:
        content = answer.json()
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise unexpected(f"HTTP status {answer.status_code} without JSON") from error
    if not isinstance(content, dict):
        raise unexpected("no JSON object")
    return content


def _place(url: str) -> str:
    """Return scheme, host and port: what may be shown of a URL."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if host is None or parts.scheme not in ("http", "https"):
        raise Misused(
            "server-url",
            "--server or PHASEGATE_URL is no HTTP address",
            "Give it like http://127.0.0.1:8080.",
        )
    return f"{parts.scheme}://{host}" + (f":{port}" if port else "")
