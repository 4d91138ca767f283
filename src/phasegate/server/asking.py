"""Whoever asks the control API: people only, and what goes wrong becomes an answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps

from starlette.requests import Request
from starlette.responses import Response

from phasegate.core.command import Person, Refusal
from phasegate.core.event import Event
from phasegate.core.plan import Role
from phasegate.ports import Unavailable
from phasegate.server.access import PERSON, UNCHANGED
from phasegate.server.answers import Answer

Handler = Callable[[Request], Awaitable[Response]]


def guarded(handler: Handler) -> Handler:
    """Keep applications out, and turn what goes wrong into an answer."""

    @wraps(handler)
    async def answering(request: Request) -> Response:
        try:
            if person_of(request).role is Role.APPLICATION:
                raise Answer(
                    403,
                    "may-not",
                    "an application's token opens flags and telemetry only",
                    "Use a person's token: phasegate token create NAME --role operator.",
                )
            return await handler(request)
        except Answer as answer:
            return answer.response()
        except KeyError as missing:
            name = request.path_params.get("run")
            if missing.args != (name,):
                raise
            remedy = "List them: phasegate run list."
            return Answer(404, "unknown-run", f"there is no run {name}", remedy).response()
        except Unavailable as error:
            return Answer(503, "unavailable", str(error), UNCHANGED).response()

    return answering


def person_of(request: Request) -> Person:
    """Return who asks."""
    person: Person = request.scope[PERSON]
    return person


def written_event(answer: Event | Refusal) -> Event:
    """Return the event that was written. Raises Answer for a refusal."""
    if isinstance(answer, Refusal):
        code = 403 if answer.code in ("may-not", "own-work") else 409
        raise Answer(code, answer.code, answer.message, answer.remedy)
    return answer
