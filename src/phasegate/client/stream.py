"""The connection to the control plane: a thread that listens, acknowledges and comes back."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import random
import secrets
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Protocol

import httpx
from httpx_sse import EventSource, SSEError

SOONEST_RETRY_S = 0.1
LATEST_RETRY_S = 5.0

SILENCE_S = 25.0
"""The server speaks at least every 10 s; after so long without a word the connection is dead."""

_log = logging.getLogger("phasegate.client")


class Listener(Protocol):
    """Who is told what the stream brings. Called on the stream's thread only."""

    def connected(self) -> None:
        """Expect a new server's clock: its document follows, and then its lease."""

    def document(self, version: int, document: dict[str, object]) -> None:
        """Put a document in force before returning.

        Raises BrokenDocument to refuse it, and Outdated where the server has nothing new.
        """

    def lease(self, remaining_ms: float | None, sent_ms: float | None) -> None:
        """Renew the lease from a heartbeat."""

    def unusable(self) -> None:
        """End what is on trial: what cannot be used may have been a withdrawal."""

    def lost(self, reason: str) -> None:
        """Note that the server is not heard any more; another attempt follows by itself."""


class Outdated(Exception):
    """The server has older flags than are in force here: it is cut off from its store."""


class Stream:
    """Keeps one stream open until closed; reconnects with growing pauses.

    Nothing that a server does ends the thread: what cannot be used counts as a lost server.
    """

    def __init__(
        self, url: str, environment: str, token: str | None, name: str, listener: Listener
    ) -> None:
        """Prepare; `start` connects."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        timeout = httpx.Timeout(5.0, read=SILENCE_S)
        self._http = httpx.Client(
            base_url=f"{url.rstrip('/')}/flags/v1/", headers=headers, timeout=timeout
        )
        self._asked = {"environment": environment, "name": unique(name)}
        self._listener = listener
        self._closing = threading.Event()
        self._parted = threading.Event()
        self._thread = threading.Thread(target=self._run, name="phasegate-flags", daemon=True)
        self._id: str | None = None
        self._socket: socket.socket | None = None

    def start(self) -> None:
        """Connect in the background."""
        self._thread.start()

    def close(self, timeout_s: float = 2.0) -> None:
        """Say goodbye and stop; returns after timeout_s at the latest, connected or not."""
        if self._closing.is_set():
            return
        self._closing.set()
        try:
            self._say_goodbye(timeout_s)
        finally:
            self._parted.set()
        self._hang_up()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(timeout_s)

    def _run(self) -> None:
        with self._http:
            waits = pauses()
            while not self._closing.is_set():
                try:
                    for in_force in self._listen():
                        if in_force:
                            waits = pauses()
                    self._lost("the server ended the stream")
                except (httpx.HTTPError, SSEError, OSError) as error:
                    self._lost(_reason(error))
                except Outdated as error:
                    # What was in force stays, and its lease with it: another server may be up.
                    self._lost(f"the server is behind: {error}")
                except (ValueError, TypeError, KeyError, RecursionError) as error:
                    self._listener.unusable()
                    self._lost(f"the server sent what cannot be used: {error}")
                self._closing.wait(next(waits))
            # Ended during a goodbye, which ends the stream, its connection would stay open.
            self._parted.wait()

    def _listen(self) -> Iterator[bool]:
        """Take part in one connection; yields after each event, True for a document in force."""
        headers = {"Accept": "text/event-stream", "Cache-Control": "no-store"}
        with self._http.stream("GET", "stream", params=self._asked, headers=headers) as response:
            response.raise_for_status()
            self._socket = response.extensions["network_stream"].get_extra_info("socket")
            for event in EventSource(response).iter_sse():
                if self._closing.is_set():
                    return
                yield self._take(event.event, json.loads(event.data))

    def _take(self, event: str, data: dict[str, object]) -> bool:
        match event:
            case "hello":
                self._id = str(data["stream"])
                self._listener.connected()
            case "lease":
                self._listener.lease(_number(data["remaining_ms"]), _number(data.get("sent_ms")))
            case "document":
                self._apply(data["version"], data["document"])
                return True
            case _:
                _log.debug("event %s is not known to this client and ignored", event)
        return False

    def _apply(self, version: object, document: object) -> None:
        if not isinstance(version, int) or not isinstance(document, dict):
            raise TypeError("a document event has a version and a document")
        self._listener.document(version, document)
        answer = self._http.post(f"streams/{self._id}/ack", json={"version": version}, timeout=5.0)
        answer.raise_for_status()

    def _lost(self, reason: str) -> None:
        self._socket, self._id = None, None
        if not self._closing.is_set():
            _log.warning("flag stream lost: %s; the last flags stay, trying again", reason)
            self._listener.lost(reason)

    def _say_goodbye(self, timeout_s: float) -> None:
        if self._id is not None:
            # A server that cannot hear it lets the lease run out instead.
            with contextlib.suppress(httpx.HTTPError):
                self._http.delete(f"streams/{self._id}", timeout=timeout_s)

    def _hang_up(self) -> None:
        """Wake the thread from reading: closing a socket does not, shutting it down does."""
        held = self._socket
        if held is not None:
            with contextlib.suppress(OSError):
                held.shutdown(socket.SHUT_RDWR)


def unique(name: str) -> str:
    """Return a name that no other process has, and that people recognise."""
    return f"{name or socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"


def pauses(drawn: Callable[[float, float], float] = random.uniform) -> Iterator[float]:
    """Yield growing pauses with jitter, so that many clients do not come back at once.

    drawn: a number between two; by chance.
    """
    pause = SOONEST_RETRY_S
    while True:
        yield drawn(pause / 2, pause)
        pause = min(2 * pause, LATEST_RETRY_S)


def _number(value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError("a heartbeat holds numbers or null")
    return value


def _reason(error: Exception) -> str:
    """Say what went wrong without the address, which may hold secrets."""
    if isinstance(error, httpx.HTTPStatusError):
        return f"the server answered {error.response.status_code}"
    return type(error).__name__
