"""The control API: runs, flags and health, as JSON over HTTP."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import wraps
from typing import Any  # Any: flag documents and request bodies are JSON

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from phasegate import planfile, service
from phasegate.core.audit import verify
from phasegate.core.command import Draft, Person, Refusal
from phasegate.core.event import Event
from phasegate.core.plan import Role
from phasegate.core.problem import Problem
from phasegate.flags.journal import log_of
from phasegate.ports import Store, Unavailable
from phasegate.server import views
from phasegate.server.access import PERSON, UNCHANGED
from phasegate.server.answers import Answer, as_json, broke, no_method, no_route
from phasegate.server.bodies import (
    FLAG_CHANGES,
    REQUESTS,
    CommandBody,
    FlagBody,
    StartBody,
    body_of,
)
from phasegate.server.openmetrics import exposition
from phasegate.wiring import Engine

MOST_DIGITS = 18

Handler = Callable[[Request], Awaitable[Response]]


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
            ],
            exception_handlers={404: no_route, 405: no_method, 500: broke},
        )

    async def live(self, _: Request) -> Response:
        """The process answers."""
        return as_json({"status": "live"})

    async def ready(self, _: Request) -> Response:
        """The store answers and somebody is deciding."""
        trouble = await run_in_threadpool(self._engine.trouble)
        status = "ready" if trouble is None else "not ready"
        return as_json({"status": status, "why": trouble}, 200 if trouble is None else 503)

    async def metrics(self, request: Request) -> Response:
        """What this server says of itself in numbers."""
        measures = await run_in_threadpool(lambda: list(self._engine.measures()))
        kind, body = exposition(measures, request.headers.get("accept", ""))
        return Response(body, media_type=kind)

    async def check_plan(self, request: Request) -> Response:
        """Say everything that is wrong with a plan."""
        body = await body_of(request, StartBody)
        parsed = await run_in_threadpool(planfile.parse, body.plan, body.origin)
        hashed = parsed.plan.hash if parsed.plan else None
        return as_json({"plan_hash": hashed, "problems": [_problem(p) for p in parsed.problems]})

    async def list_runs(self, _: Request) -> Response:
        """Every run, oldest first."""
        found = await run_in_threadpool(service.runs, self._store)
        return as_json({"runs": [views.summary(run) for run in found]})

    async def start_run(self, request: Request) -> Response:
        """Start a run of the plan in the body."""
        body = await body_of(request, StartBody)
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
            return as_json({"problems": [_problem(p) for p in answer.problems]}, 422)
        return self._written(answer, 201)

    async def show_run(self, request: Request) -> Response:
        """Where a run is and why."""
        view = await run_in_threadpool(self._engine.look, self._run(request))
        return as_json(views.full(view))

    async def events(self, request: Request) -> Response:
        """A run's log, from `?after=`."""
        after = _count(request.query_params.get("after", "0"))
        name = self._run(request)
        found = await run_in_threadpool(_events, self._store, name, after)
        return as_json({"events": [views.event(entry) for entry in found]})

    async def audit(self, request: Request) -> Response:
        """Whether the log's hash chain holds."""
        name = self._run(request)
        found = await run_in_threadpool(_events, self._store, name)
        flaws = verify(found)
        return as_json({"events": len(found), "flaws": [str(flaw) for flaw in flaws]})

    async def command(self, request: Request) -> Response:
        """pause, resume, sign-off, waive, rollback, emergency or retry."""
        name = request.path_params["command"]
        build = REQUESTS.get(name)
        if build is None:
            known = ", ".join(REQUESTS)
            raise Answer(404, "unknown-command", f"there is no command {name}", f"Known: {known}.")
        asked = build(await body_of(request, CommandBody))
        run, person = self._run(request), _person(request)
        answer = await run_in_threadpool(
            service.command, self._store, run, asked, person, self._clock()
        )
        return self._written(answer, 200)

    async def list_flags(self, request: Request) -> Response:
        """The flag document that applications are served."""
        environment = self._environment(request)
        _, document = await run_in_threadpool(self._engine.target.document, environment)
        return as_json(document)

    async def change(self, request: Request) -> Response:
        """Set, kill or revive a flag."""
        kind = FLAG_CHANGES.get(request.path_params["change"])
        if kind is None:
            known = ", ".join(FLAG_CHANGES)
            raise Answer(404, "unknown-command", "no such change of a flag", f"Known: {known}.")
        body = await body_of(request, FlagBody)
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
        return as_json(self._engine.counters())

    def _environment(self, request: Request) -> str:
        return request.query_params.get("environment") or self._engine.settings.environment

    def _run(self, request: Request) -> str:
        """Return the run that the path names. Raises KeyError for the log of an environment."""
        name: str = request.path_params["run"]
        if name.startswith(log_of("")):
            raise KeyError(name)
        return name

    def _written(self, answer: Event | Refusal, status: int) -> Response:
        if isinstance(answer, Refusal):
            forbidden = answer.code in ("may-not", "own-work")
            code = 403 if forbidden else 409
            raise Answer(code, answer.code, answer.message, answer.remedy)
        self._engine.wake()
        return as_json(views.event(answer), status)


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
            return answer.response()
        except KeyError as missing:
            name = request.path_params.get("run")
            if missing.args != (name,):
                raise
            remedy = "List them: phasegate run list."
            return Answer(404, "unknown-run", f"there is no run {name}", remedy).response()
        except Unavailable as error:
            return Answer(503, "unavailable", str(error), UNCHANGED).response()

    return guarded


def _person(request: Request) -> Person:
    person: Person = request.scope[PERSON]
    return person


def _events(store: Store, run: str, after: int = 0) -> list[Event]:
    """Return a run's events after a number. Raises KeyError if there is no such run."""
    found = store.events(run, after)
    if not found and not (after and store.events(run)):
        raise KeyError(run)
    return found


def _count(text: str) -> int:
    if not (text.isdecimal() and len(text) <= MOST_DIGITS):
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
