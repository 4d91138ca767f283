"""What the control API takes: the bodies of its requests, and what people may ask of a run."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Any, TypeVar  # Any: a definition is JSON

import msgspec
from starlette.requests import Request

from phasegate.core import command as core
from phasegate.server.answers import Answer

MOST_BODY = 1024 * 1024

LONGEST_WAIVER_S = 366 * 24 * 3600.0

T = TypeVar("T")


class StartBody(msgspec.Struct, forbid_unknown_fields=True):
    """What `POST /api/v1/runs` takes."""

    plan: str
    origin: str = "plan.yaml"
    environment: str | None = None
    pace: float = 1.0
    endpoints: dict[str, str] = {}


class CommandBody(msgspec.Struct, forbid_unknown_fields=True):
    """What the commands on a run take; each uses the fields it needs."""

    reason: str = ""
    phase: str = "current"
    components: list[str] = []
    meaning: str = ""
    plan_hash: str = ""
    what: str = ""
    lasts_s: Annotated[float, msgspec.Meta(gt=0, le=LONGEST_WAIVER_S)] = 3600.0


class FlagBody(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """What changes of a flag by hand take; each uses the fields it needs.

    exposure   basis points.   at: when a scheduled one begins, with its offset from UTC.
    scheduled  number of the event that is taken off the schedule; without it all are.
    expires    the day by which the flag should be gone from code; empty: no such day.
    requires   keys of flags that must be on for it to be on.
    definition a whole flagd flag, instead of a rollout.
    """

    reason: str
    exposure: int | None = None
    at: str | None = None
    scheduled: int | None = None
    owner: str | None = None
    about: str | None = None
    expires: str | None = None
    requires: list[str] | None = None
    definition: dict[str, Any] | None = None
    hashing: str | None = None


REQUESTS: dict[str, Callable[[CommandBody], core.Request]] = {
    "pause": lambda body: core.Pause(reason=body.reason),
    "resume": lambda body: core.Resume(reason=body.reason),
    "sign-off": lambda body: core.SignOff(
        phase=body.phase, meaning=body.meaning, plan_hash=body.plan_hash
    ),
    "waive": lambda body: core.Waive(
        phase=body.phase,
        what=body.what,
        reason=body.reason,
        lasts=timedelta(seconds=body.lasts_s),
    ),
    "rollback": lambda body: core.RollBack(
        phase=body.phase, components=tuple(body.components), reason=body.reason
    ),
    "emergency": lambda body: core.RollBack(
        phase=body.phase, components=tuple(body.components), reason=body.reason, emergency=True
    ),
    "retry": lambda body: core.Retry(components=tuple(body.components), reason=body.reason),
}

FLAG_CHANGES = {
    "create": "flag_created",
    "define": "flag_defined",
    "describe": "flag_described",
    "require": "flag_required",
    "set": "flag_set",
    "schedule": "flag_scheduled",
    "unschedule": "flag_unscheduled",
    "kill": "flag_killed",
    "revive": "flag_revived",
    "archive": "flag_archived",
    "restore": "flag_restored",
}
"""Events by the word that asks for them."""


async def body_of(request: Request, kind: type[T]) -> T:
    """Read a body. Raises Answer if it is too large or of another shape."""
    raw = b""
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > MOST_BODY:
            remedy = f"Send at most {MOST_BODY} bytes."
            raise Answer(413, "body-too-large", "the body is larger than the limit", remedy)
    try:
        return msgspec.json.decode(raw or b"{}", type=kind)
    except msgspec.MsgspecError as error:
        raise Answer(400, "malformed", str(error), "Send JSON of the documented shape.") from error
