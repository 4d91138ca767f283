"""Single evaluations over OFREP, answered as soon as they have come, at a fraction of the cost.

Parsing a request into an ASGI scope and running a task for its answer costs four times what the
answer itself does. An application asks with the same head again and again, so a head is read once,
by the same parser as all others, and looked up from then on. Whatever is out of the ordinary takes
the long way, and so does the first request of every head: both ways have the same answers.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple  # Any: uvicorn's own signature

import httptools
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from phasegate.core.command import Person
from phasegate.server.access import secret_of
from phasegate.server.bare import Header
from phasegate.server.ofrep import BODY_LIMIT, PREFIX, Ofrep

MOST_HEADS = 4_096
"""Heads that are remembered; then they are forgotten and read anew."""

LONGEST_HEAD = 2_048

_END = b"\r\n\r\n"
_TRACE = re.compile(
    rb"\r\ntraceparent: [0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}(?=\r\n|$)", re.IGNORECASE
)
"""The one header that differs with every request of a traced application; nothing asks for it."""

_START = f"POST {PREFIX}/".encode()
_UNUSUAL = frozenset((b"expect", b"origin", b"transfer-encoding", b"upgrade"))
"""Headers that ask for more than an answer."""


class Head(NamedTuple):
    """What the head of a request asks. length: bytes of its body. scope: its headers, as ASGI."""

    key: str
    secret: str
    length: int
    scope: dict[str, object]


class Quick:
    """Answers whole requests for one flag by callers who were let in a moment ago."""

    def __init__(self, ofrep: Ofrep, known: Callable[[str], Person | None]) -> None:
        """known: whose secret it is, as far as that is remembered."""
        self._ofrep = ofrep
        self._known = known
        self._heads: dict[bytes, Head] = {}
        self._default: list[Header] = []
        self._prefix = b""

    def answer(self, request: bytes, default: list[Header]) -> bytes | None:
        """Return the response to one request; None: it takes the long way; empty: more is to come.

        default: headers that every response has.
        """
        start, end, body = request.partition(_END)
        if not end:
            return None
        if b"raceparent" in start:
            start = _TRACE.sub(b"", start, count=1)
        head = self._heads.get(start)
        if head is None:
            head = self._read(start)
        if head is None or len(body) > head.length:
            return None
        person = self._known(head.secret)
        if person is not None and len(body) < head.length:
            return b""
        answer = self._ofrep.at_once(person, head.key, head.scope, body) if person else None
        if answer is None:
            return None
        if default is not self._default:
            lines = (b"%b: %b\r\n" % line for line in default)
            self._default = default
            self._prefix = b"HTTP/1.1 200 OK\r\n%bcontent-length: " % b"".join(lines)
        size = str(len(answer)).encode()
        return b"".join((self._prefix, size, _BEFORE_BODY, answer))

    def _read(self, start: bytes) -> Head | None:
        """Read a head and keep it; None where it is unusual or not by somebody known."""
        head = _Reading(start + _END).head if len(start) <= LONGEST_HEAD else None
        if head is None or self._known(head.secret) is None:
            return None
        if len(self._heads) >= MOST_HEADS:
            self._heads.clear()
        self._heads[start] = head
        return head


_BEFORE_BODY = b"\r\ncontent-type: application/json\r\n\r\n"


class _Reading:
    """A head, read by the parser that reads all others. head: None where it is unusual."""

    def __init__(self, head: bytes) -> None:
        self.head: Head | None = None
        self._url = b""
        self._headers: list[Header] = []
        self._whole = False
        parser = httptools.HttpRequestParser(self)
        try:
            parser.feed_data(head)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            return
        if self._whole and parser.get_http_version() == "1.1":
            self.head = _head(self._url, self._headers)

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        self._whole = True


def _head(url: bytes, headers: list[Header]) -> Head | None:
    said, names = dict(headers), [name for name, _ in headers]
    key = url.removeprefix(f"{PREFIX}/".encode())
    plain = key.isascii() and key and not any(sign in key for sign in b"%?#/")
    if not plain or _UNUSUAL & said.keys() or names.count(b"content-length") != 1:
        return None
    staying = said.get(b"connection")
    if names.count(b"connection") > 1 or (staying and staying.lower() != b"keep-alive"):
        return None
    length = int(said[b"content-length"])
    scope: dict[str, object] = {"headers": headers}
    return Head(key.decode(), secret_of(scope), length, scope) if length <= BODY_LIMIT else None


class QuickProtocol(HttpToolsProtocol):
    """uvicorn's protocol, which looks first whether a request can be answered at once."""

    quick: ClassVar[Quick]
    """Answers what it can; the rest goes as without it."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        """Serve one connection; uvicorn makes these."""
        super().__init__(config, server_state, app_state, _loop)
        self._midway = False
        self._held = b""

    def data_received(self, data: bytes) -> None:
        """Answer at once, where this ends one whole request and no other is under way."""
        if self._held:
            data, self._held = self._held + data, b""
        if data.startswith(_START) and self._is_idle():
            answer = self.quick.answer(data, self.server_state.default_headers)
            if answer:
                self.transport.write(answer)
                self.on_response_complete()
                return
            if answer is not None:
                # Many clients send head and body apart.
                self._unset_keepalive_if_required()
                self._held = data
                return
        super().data_received(data)

    def on_message_begin(self) -> None:
        """Note that a request has begun, of which more may come."""
        self._midway = True
        super().on_message_begin()

    def on_message_complete(self) -> None:
        """Note that nothing of a request is left to come."""
        self._midway = False
        super().on_message_complete()

    def _is_idle(self) -> bool:
        answered = self.cycle is None or self.cycle.response_complete
        return answered and not (
            self._midway or self.flow.write_paused or self.transport.is_closing()
        )
