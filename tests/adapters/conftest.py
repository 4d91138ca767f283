"""A small HTTP server that answers by a script."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

Reply = Callable[[Any], tuple[int, Any]]


class Endpoint:
    """Answers by path with (status, content); what is no text is sent as JSON.

    asked holds what was posted, headers what came with it. An unknown path is 404.
    """

    def __init__(self) -> None:
        self.replies: dict[str, Reply] = {}
        self.asked: list[Any] = []
        self.headers: list[dict[str, str]] = []
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}"

    def on(self, path: str, content: Any, status: int = 200) -> str:
        """Answer a path always alike; returns the URL."""
        self.replies[path] = lambda _: (status, content)
        return self.url + path

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def _serve(self) -> None:
                length = int(self.headers.get("content-length", 0))
                posted = content_of(self.rfile.read(length)) if length else None
                endpoint.asked.append(posted)
                endpoint.headers.append(dict(self.headers))
                reply = endpoint.replies.get(self.path, lambda _: (404, "nothing here"))
                status, content = reply(posted)
                body = (content if isinstance(content, str) else json.dumps(content)).encode()
                self.send_response(status)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                with suppress(BrokenPipeError):
                    self.wfile.write(body)

            do_GET = do_POST = _serve

            def log_message(self, *_: object) -> None:
                pass

        return Handler


def content_of(body: bytes) -> Any:
    with suppress(ValueError):
        return json.loads(body)
    return body.decode()


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    """An HTTP endpoint of an application."""
    started = Endpoint()
    thread = threading.Thread(target=started.http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield started
    started.http.shutdown()
    thread.join()
    started.http.server_close()
