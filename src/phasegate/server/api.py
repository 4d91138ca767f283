"""The control API: runs, flags and health, as JSON over HTTP."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import wraps
from typing import Any, TypeVar  # Any: flag documents and request bodies are JSON

import msgspec
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from phasegate import planfile, service
from phasegate.core import command as core
from phasegate.core.audit import verify
from phasegate.core.command import Draft, Person, Refusal
from phasegate.core.event import Event
from phasegate.core.plan import Role
from phasegate.core.problem import Problem
from phasegate.ports import Store, Unavailable
from phasegate.server import views
from phasegate.server.access import PERSON
from phasegate.server.openmetrics import exposition
from phasegate.wiring import Engine

MOST_BODY = 1024 * 1024


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
    lasts_s: float = 3600.0


class FlagBody(msgspec.Struct, forbid_unknown_fields=True):
    """What changes of a flag by hand take. exposure: basis points."""

    reason: str
    exposure: int | None = None


class Answer(Exception):
    """Ends a request with an error: HTTP status, code, message, remedy."""

    def __init__(self, status: int, code: str, message: str, remedy: str) -> None:
        super().__init__(message)
        self.status = status
        self.content = {"error": {"code": code, "message": message, "remedy": remedy}}


Handler = Callable[[Request], Awaitable[Response]]
T = TypeVar("T")


class Api:
    """The routes over one engine. Blocking work happens in threads."""

    def __init__(self, engine: Engine, clock: Callable[[], datetime]) -> None:
        self._engine = engine
        self._store: Store = engine.store
        self._clock = clock

    def app(self) -> Starlette:
        """Return the API as an ASGI application."""
        return Starlette(
            routes=[
                Route("/health/live", self.live),
                Route("/health/ready", self.ready),
                Route("/metrics", _guarded(self.metrics)),
                Route("/api/v1/plans/check", _guarded(self.check_plan), methods=["POST"]),
                Route("/api/v1/runs", _guarded(self.list_runs), methods=["GET"]),
                Route("/api/v1/runs", _guarded(self.start_run), methods=["POST"]),
                Route("/api/v1/runs/{run}", _guarded(self.show_run), methods=["GET"]),
                Route("/api/v1/runs/{run}/events", _guarded(self.events), methods=["GET"]),
                Route("/api/v1/runs/{run}/audit", _guarded(self.audit), methods=["GET"]),
                Route("/api/v1/runs/{run}/{command}", _guarded(self.command), methods=["POST"]),
                Route("/api/v1/flags", _guarded(self.list_flags), methods=["GET"]),
                Route("/api/v1/flags/{flag}/{change}", _guarded(self.change), methods=["POST"]),
                Route("/api/v1/telemetry", _guarded(self.telemetry), methods=["GET"]),
            ]
        )

    async def live(self, _: Request) -> Response:
        """The process answers."""
        return _json({"status": "live"})

    async def ready(self, _: Request) -> Response:
        """The store answers and somebody is deciding."""
        trouble = await run_in_threadpool(self._engine.trouble)
        status = "ready" if trouble is None else "not ready"
        return _json({"status": status, "why": trouble}, 200 if trouble is None else 503)

    async def metrics(self, request: Request) -> Response:
        """What this server says of itself in numbers."""
        measures = await run_in_threadpool(lambda: list(self._engine.measures()))
        kind, body = exposition(measures, request.headers.get("accept", ""))
        return Response(body, media_type=kind)

    async def check_plan(self, request: Request) -> Response:
        """Say everything that is wrong with a plan."""
        body = await _body(request, StartBody)
        parsed = planfile.parse(body.plan, body.origin)
        hashed = parsed.plan.hash if parsed.plan else None
        return _json({"plan_hash": hashed, "problems": [_problem(p) for p in parsed.problems]})

    async def list_runs(self, _: Request) -> Response:
        """Every run, oldest first."""
        found = await run_in_threadpool(service.runs, self._store)
        return _json({"runs": [views.summary(run) for run in found]})

    async def start_run(self, request: Request) -> Response:
        """Start a run of the plan in the body."""
        body = await _body(request, StartBody)
        asked = service.StartRequest(
            text=body.plan,
            origin=body.origin,
            environment=body.environment,
            pace=body.pace,
            endpoints=body.endpoints,
        )
        person = _person(request)
        answer = await run_in_threadpool(service.start, self._store, asked, person, self._clock())
        if isinstance(answer, service.Rejected):
            return _json({"problems": [_problem(p) for p in answer.problems]}, 422)
        return self._written(answer, 201)

    async def show_run(self, request: Request) -> Response:
        """Where a run is and why."""
        view = await run_in_threadpool(self._engine.look, request.path_params["run"])
        return _json(views.full(view))

    async def events(self, request: Request) -> Response:
        """A run's log, from `?after=`."""
        after = _count(request.query_params.get("after", "0"))
        name = request.path_params["run"]
        found = await run_in_threadpool(self._store.events, name, after)
        return _json({"events": [views.event(entry) for entry in found]})

    async def audit(self, request: Request) -> Response:
        """Whether the log's hash chain holds."""
        found = await run_in_threadpool(self._store.events, request.path_params["run"])
        flaws = verify(found)
        return _json({"events": len(found), "flaws": [str(flaw) for flaw in flaws]})

    async def command(self, request: Request) -> Response:
        """pause, resume, sign-off, waive, rollback, emergency or retry."""
        name = request.path_params["command"]
        build = REQUESTS.get(name)
        if build is None:
            known = ", ".join(REQUESTS)
            raise Answer(404, "unknown-command", f"there is no command {name}", f"Known: {known}.")
        asked = build(await _body(request, CommandBody))
        run, person = request.path_params["run"], _person(request)
        answer = await run_in_threadpool(
            service.command, self._store, run, asked, person, self._clock()
        )
        return self._written(answer, 200)

    async def list_flags(self, request: Request) -> Response:
        """The flag document that applications are served."""
        environment = self._environment(request)
        _, document = await run_in_threadpool(self._engine.target.document, environment)
        return _json(document)

    async def change(self, request: Request) -> Response:
        """Set, kill or revive a flag."""
        kind = FLAG_CHANGES.get(request.path_params["change"])
        if kind is None:
            known = ", ".join(FLAG_CHANGES)
            raise Answer(404, "unknown-command", "no such change of a flag", f"Known: {known}.")
        body = await _body(request, FlagBody)
        content: dict[str, Any] = {"flag": request.path_params["flag"], "reason": body.reason}
        if body.exposure is not None:
            content["exposure"] = body.exposure
        environment, person = self._environment(request), _person(request)
        draft = Draft(kind=kind, body=content)
        answer = await run_in_threadpool(
            service.change_flag, self._store, environment, draft, person, self._clock()
        )
        await run_in_threadpool(self._engine.target.publish, environment)
        return self._written(answer, 200)

    async def telemetry(self, _: Request) -> Response:
        """What the receiver counted: received, joined, dropped and why."""
        return _json(self._engine.counters())

    def _environment(self, request: Request) -> str:
        return request.query_params.get("environment", self._engine.settings.environment)

    def _written(self, answer: Event | Refusal, status: int) -> Response:
        if isinstance(answer, Refusal):
            forbidden = answer.code in ("may-not", "own-work")
            code = 403 if forbidden else 409
            raise Answer(code, answer.code, answer.message, answer.remedy)
        self._engine.wake()
        return _json(views.event(answer), status)


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

FLAG_CHANGES = {"set": "flag_set", "kill": "flag_killed", "revive": "flag_revived"}


def _guarded(handler: Handler) -> Handler:
    """Keep applications out, and turn what goes wrong into an answer."""

    @wraps(handler)
    async def guarded(request: Request) -> Response:
        try:
            if _person(request).role is Role.APPLICATION:
                raise Answer(
                    403,
                    "may-not",
                    "an application's token opens flags and telemetry only",
                    "Use a person's token: phasegate token create NAME --role operator.",
                )
            return await handler(request)
        except Answer as answer:
            return _json(answer.content, answer.status)
        except KeyError:
            name = request.path_params.get("run", "")
            remedy = "List them: phasegate run list."
            return _json(Answer(404, "unknown-run", f"there is no run {name}", remedy).content, 404)
        except Unavailable as error:
            remedy = "Nothing was changed; try again when it is back."
            return _json(Answer(503, "unavailable", str(error), remedy).content, 503)

    return guarded


def _person(request: Request) -> Person:
    person: Person = request.scope[PERSON]
    return person


async def _body(request: Request, kind: type[T]) -> T:
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


def _count(text: str) -> int:
    if not text.isdigit():
        raise Answer(400, "malformed", f"{text!r} is no event number", "Give ?after=NUMBER.")
    return int(text)


def _problem(problem: Problem) -> dict[str, Any]:
    return {
        "path": problem.path,
        "line": problem.line,
        "code": problem.code,
        "severity": problem.severity.value,
        "message": problem.message,
        "remedy": problem.remedy,
    }


def _json(content: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(content), status, media_type="application/json")
