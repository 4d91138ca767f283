"""The control API: runs, flags and health, as JSON over HTTP."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Any  # Any: flag documents and request bodies are JSON

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from phasegate import planfile, service
from phasegate.core.audit import verify
from phasegate.core.canonical import plain
from phasegate.core.command import Refusal
from phasegate.core.event import Event
from phasegate.core.problem import Problem
from phasegate.engine.memory import OtherPlan
from phasegate.flags.journal import log_of
from phasegate.planfile.folder import folder_problems
from phasegate.ports import Store
from phasegate.server import views
from phasegate.server.answers import Answer, as_json, broke, no_method, no_route
from phasegate.server.asking import guarded, person_of, written_event
from phasegate.server.bodies import REQUESTS, CommandBody, StartBody, body_of
from phasegate.server.flagapi import FlagApi
from phasegate.server.openmetrics import exposition
from phasegate.server.receiving import Receiver
from phasegate.wiring import Engine

MOST_DIGITS = 18

Handler = Callable[[Request], Awaitable[Response]]


class Api:
    """The routes over one engine. Blocking work happens in threads."""

    def __init__(
        self, engine: Engine, clock: Callable[[], datetime], receiver: Receiver, plans: Path
    ) -> None:
        """plans: the folder below which plans may use their own."""
        self._plans = plans
        self._engine = engine
        self._receiver = receiver
        self._store: Store = engine.store
        self._clock = clock

    def app(self) -> Starlette:
        """Return the API as an ASGI application."""
        return Starlette(
            routes=[
                Route("/health/live", self.live),
                Route("/health/ready", self.ready),
                Route("/metrics", guarded(self.metrics)),
                Route("/api/v1/plans/check", guarded(self.check_plan), methods=["POST"]),
                Route("/api/v1/runs", guarded(self.list_runs), methods=["GET"]),
                Route("/api/v1/runs", guarded(self.start_run), methods=["POST"]),
                Route("/api/v1/runs/{run}", guarded(self.show_run), methods=["GET"]),
                Route("/api/v1/runs/{run}/events", guarded(self.events), methods=["GET"]),
                Route("/api/v1/runs/{run}/audit", guarded(self.audit), methods=["GET"]),
                Route("/api/v1/runs/{run}/{command}", guarded(self.command), methods=["POST"]),
                *FlagApi(self._engine, self._clock).routes(),
                Route("/api/v1/telemetry", guarded(self.telemetry), methods=["GET"]),
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
        measures.extend(self._receiver.measures())
        kind, body = exposition(measures, request.headers.get("accept", ""))
        return Response(body, media_type=kind)

    async def check_plan(self, request: Request) -> Response:
        """Say everything that is wrong with a plan."""
        body = await body_of(request, StartBody)
        beside = self._beside(body)
        parsed = await run_in_threadpool(planfile.parse, body.plan, body.origin, beside)
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
            beside=self._beside(body),
        )
        person = person_of(request)
        answer = await run_in_threadpool(service.start, self._store, asked, person, self._clock())
        if isinstance(answer, service.Rejected):
            return as_json({"problems": [_problem(p) for p in answer.problems]}, 422)
        return self._written(answer, 201)

    def _beside(self, body: StartBody) -> planfile.Look:
        return lambda plan: folder_problems(plan, body.origin, self._plans)

    async def show_run(self, request: Request) -> Response:
        """Where a run is and why."""
        try:
            view = await run_in_threadpool(self._engine.look, self._run(request))
        except OtherPlan as error:
            remedy = "`phasegate run events` shows what has happened so far."
            raise Answer(409, "plan-read-differently", str(error), remedy) from error
        waits = await run_in_threadpool(self._engine.unconfirmed, view.run)
        unseen = [plain(one) for one in self._engine.unseen(view)]
        return as_json({**views.full(view), "unconfirmed": list(waits), "unseen": unseen})

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
        run, person = self._run(request), person_of(request)
        answer = await run_in_threadpool(
            service.command, self._store, run, asked, person, self._clock()
        )
        return self._written(answer, 200)

    async def telemetry(self, _: Request) -> Response:
        """What the receiver counted: received, joined, dropped and why."""
        return as_json({**self._engine.counters(), "bodies": self._receiver.counts()})

    def _run(self, request: Request) -> str:
        """Return the run that the path names. Raises KeyError for the log of an environment."""
        name: str = request.path_params["run"]
        if name.startswith(log_of("")):
            raise KeyError(name)
        return name

    def _written(self, answer: Event | Refusal, status: int) -> Response:
        written = written_event(answer)
        self._engine.wake()
        return as_json(views.event(written), status)


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
