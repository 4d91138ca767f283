"""One server span per request, named by its route, marked ERROR when the answer is a 5xx."""

from __future__ import annotations

from opentelemetry.trace import SpanKind, Status, StatusCode, Tracer
from starlette.types import ASGIApp, Message, Receive, Scope, Send

ERROR_TYPE = "clinic.error_type"
"""Where an error handler leaves the name of what went wrong, in the ASGI scope."""


class ServerSpans:
    """ASGI middleware; a request that ends in an exception counts as 500."""

    def __init__(self, app: ASGIApp, tracer: Tracer) -> None:
        self._app = app
        self._tracer = tracer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request inside its span."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        method: str = scope["method"]
        status = 500

        async def watched_send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        with self._tracer.start_as_current_span(
            method, kind=SpanKind.SERVER, set_status_on_exception=False
        ) as span:
            try:
                await self._app(scope, receive, watched_send)
            except Exception as error:
                scope[ERROR_TYPE] = type(error).__qualname__
                raise
            finally:
                route = getattr(scope.get("route"), "path", "")
                span.update_name(f"{method} {route}".rstrip())
                span.set_attribute("http.request.method", method)
                span.set_attribute("http.route", route)
                span.set_attribute("http.response.status_code", status)
                if status >= 500:
                    span.set_attribute("error.type", scope.get(ERROR_TYPE, str(status)))
                    span.set_status(Status(StatusCode.ERROR))
