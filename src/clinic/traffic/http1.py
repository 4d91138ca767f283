"""A small keep-alive HTTP/1.1 client: enough for a driver that must cost less than its target."""

from __future__ import annotations

import asyncio
from asyncio import StreamReader, StreamWriter
from urllib.parse import urlsplit

TIMEOUT_S = 30.0
BROKEN = (OSError, EOFError, asyncio.LimitOverrunError, TimeoutError, ValueError)


class Unreachable(Exception):
    """The service did not answer: refused, cut off, or too late."""


class Client:
    """Sends JSON to one service over connections that it keeps. One event loop only."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname:
            raise ValueError(f"{url} is not an http address like http://127.0.0.1:8090")
        self._host, self._port = parts.hostname, parts.port or 80
        self._idle: list[tuple[StreamReader, StreamWriter]] = []

    async def request(self, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
        """Return status and body. Raises Unreachable."""
        head = (
            f"{method} {path} HTTP/1.1\r\nhost: {self._host}:{self._port}\r\n"
            f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        ).encode()
        try:
            async with asyncio.timeout(TIMEOUT_S):
                return await self._exchange(head + body)
        except BROKEN as error:
            raise Unreachable(f"{method} {path}: {type(error).__name__}") from error

    def close(self) -> None:
        """Drop all idle connections."""
        while self._idle:
            self._idle.pop()[1].close()

    async def _exchange(self, message: bytes) -> tuple[int, bytes]:
        while self._idle:
            reader, writer = self._idle.pop()
            if not reader.at_eof() and not writer.is_closing():
                break
            writer.close()
        else:
            reader, writer = await asyncio.open_connection(self._host, self._port)
        try:
            writer.write(message)
            status, body = await _read(reader)
        except BaseException:
            writer.close()
            raise
        self._idle.append((reader, writer))
        return status, body


async def _read(reader: StreamReader) -> tuple[int, bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = 0
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name == b"content-length":
            length = int(value)
    return int(head[9:12]), await reader.readexactly(length)
