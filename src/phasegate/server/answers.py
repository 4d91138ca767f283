"""What the control API answers: JSON, and every error with a code, what happened, what to do."""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import Response


class Answer(Exception):
    """Ends a request with an error: HTTP status, code, message, remedy."""

    def __init__(self, status: int, code: str, message: str, remedy: str) -> None:
        super().__init__(message)
        self._status = status
        self._content = {"error": {"code": code, "message": message, "remedy": remedy}}

    def response(self) -> Response:
        """Return it as it is sent."""
        return as_json(self._content, self._status)


def as_json(content: object, status: int = 200) -> Response:
    """Answer with JSON."""
    return Response(msgspec.json.encode(content), status, media_type="application/json")


async def no_route(request: Request, _: Exception) -> Response:
    """Answer for a path that is nothing."""
    path = request.url.path
    remedy = "Routes begin with /api/v1/, /flags/v1/, /ofrep/v1/, /v1/ or /health/."
    return Answer(404, "no-such-route", f"{path} is nothing here", remedy).response()


async def no_method(request: Request, error: Exception) -> Response:
    """Answer for a method that a path does not take."""
    allowed = (getattr(error, "headers", None) or {}).get("Allow", "")
    message = f"{request.url.path} does not take {request.method}"
    answer = Answer(405, "no-such-method", message, f"It takes: {allowed}.").response()
    answer.headers["allow"] = allowed
    return answer


async def broke(_: Request, error: Exception) -> Response:
    """Answer for a bug; the server writes its trace to the log."""
    message = f"the server itself broke ({type(error).__name__})"
    remedy = "See what the run's events say was done; report this with the server's log."
    return Answer(500, "server-broke", message, remedy).response()
