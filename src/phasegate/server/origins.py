"""Pages of other origins: what a browser asks before a page may evaluate flags here (CORS)."""

from __future__ import annotations

from collections.abc import Sequence

from phasegate.server.bare import App, Header, Message, Receive, Scope, Send, header, respond

EVERY = "*"

_ASKED = (
    (b"access-control-allow-methods", b"GET, POST"),
    (
        b"access-control-allow-headers",
        b"authorization, connect-protocol-version, connect-timeout-ms, content-type, "
        b"flagd-selector, if-none-match, x-api-key, x-user-agent",
    ),
    (b"access-control-max-age", b"600"),
)
_READ = ((b"access-control-expose-headers", b"etag, retry-after"),)


class Origins:
    """ASGI wrapper: answers preflights, and lets pages of allowed origins read the answers.

    It stands before whoever checks tokens, because a preflight carries none.
    """

    def __init__(self, app: App, allowed: Sequence[str], prefixes: tuple[str, ...]) -> None:
        """allowed: origins, or `*` for every one. prefixes: the paths that pages may use."""
        self._app = app
        self._allowed = frozenset(allowed)
        self._prefixes = prefixes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        origin = header(scope, b"origin") if scope["type"] == "http" else ""
        if not origin or not self._may(scope["path"], origin):
            await self._app(scope, receive, send)
            return
        named: Header = (b"access-control-allow-origin", origin.encode("latin-1"))
        vary: Header = (b"vary", b"origin")
        if scope["method"] == "OPTIONS":
            await respond(send, 204, headers=[named, vary, *_ASKED])
            return

        async def send_on(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], named, vary, *_READ]
            await send(message)

        await self._app(scope, receive, send_on)

    def _may(self, path: str, origin: str) -> bool:
        allowed = origin in self._allowed or EVERY in self._allowed
        return allowed and path.startswith(self._prefixes)
