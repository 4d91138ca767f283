"""Flags over the control API: what is served, every change by hand, and each flag's life."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any  # flag documents and event bodies are JSON

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from phasegate import service
from phasegate.core.command import Draft
from phasegate.flags.document import SHADOW
from phasegate.flags.journal import log_of
from phasegate.flags.prerequisites import dependents
from phasegate.flags.record import Record
from phasegate.flags.stale import DAYS
from phasegate.server import views
from phasegate.server.answers import Answer, as_json
from phasegate.server.asking import guarded, person_of, written_event
from phasegate.server.bodies import FLAG_CHANGES, FlagBody, body_of
from phasegate.wiring import Engine

BRINGS_ABOUT = ("flag_set", "flag_scheduled")
"""Changes that make a flag where there is none."""

TAKES_ALONG = ("flag_killed", "flag_archived")
"""Changes after which flags that require this one are off as well."""


class FlagApi:
    """The routes over one engine. Blocking work happens in threads."""

    def __init__(self, engine: Engine, clock: Callable[[], datetime]) -> None:
        self._engine = engine
        self._store = engine.store
        self._clock = clock

    def routes(self) -> list[Route]:
        """Return the routes, for the API to put among its own."""
        change = "/api/v1/flags/{flag}/{change}"
        return [
            Route("/api/v1/flags", guarded(self.document), methods=["GET"]),
            Route("/api/v1/flag-standings", guarded(self.standings), methods=["GET"]),
            Route("/api/v1/flag-hashing", guarded(self.hashing), methods=["POST"]),
            Route("/api/v1/flags/{flag}", guarded(self.show), methods=["GET"]),
            Route(change, guarded(self.change), methods=["POST"]),
        ]

    async def document(self, request: Request) -> Response:
        """The flag document that applications are served."""
        environment = self._environment(request)
        _, document = await run_in_threadpool(self._engine.target.document, environment)
        return as_json(document)

    async def show(self, request: Request) -> Response:
        """One flag: as it is served, as people left it, and every change of it by hand."""
        key, environment = request.path_params["flag"], self._environment(request)
        _, document = await run_in_threadpool(self._engine.target.document, environment)
        held = await run_in_threadpool(service.journal, self._store, environment)
        if key not in document["flags"]:
            known = ", ".join(document["flags"]) or "none"
            raise Answer(404, "unknown-flag", f"{environment} has no flag {key}", f"Known: {known}")
        events = await run_in_threadpool(self._store.events, log_of(environment))
        record = held.records.get(key)
        return as_json(
            {
                "flag": key,
                "served": document["flags"][key],
                "shadow": document["flags"].get(f"{key}{SHADOW}"),
                "record": _record(record) if record else None,
                "dependents": sorted(dependents(held.requires, {key})),
                "history": [views.event(one) for one in events if one.body.get("flag") == key],
            }
        )

    async def standings(self, request: Request) -> Response:
        """Every flag that is not archived, with what speaks for taking it out of the code."""
        days = request.query_params.get("days", str(DAYS))
        if not (days.isdecimal() and len(days) <= 5):
            raise Answer(400, "malformed", f"{days!r} is no number of days", "Give ?days=30.")
        environment = self._environment(request)
        found = await run_in_threadpool(
            service.flag_standings, self._store, environment, self._clock(), int(days)
        )
        told = [msgspec.to_builtins(one) for one in found]
        return as_json({"flags": told})

    async def change(self, request: Request) -> Response:
        """Create, set, schedule, kill, archive … a flag: any change is an event."""
        kind = FLAG_CHANGES.get(request.path_params["change"])
        if kind is None:
            known = ", ".join(FLAG_CHANGES)
            raise Answer(404, "unknown-command", "no such change of a flag", f"Known: {known}.")
        body = await body_of(request, FlagBody)
        key = request.path_params["flag"]
        return await self._changed(request, kind, {"flag": key, **_given(body)})

    async def hashing(self, request: Request) -> Response:
        """Choose how the environment's flags bucket their subjects."""
        body = await body_of(request, FlagBody)
        return await self._changed(request, "flags_hashed", _given(body))

    async def _changed(self, request: Request, kind: str, content: dict[str, Any]) -> Response:
        environment, person = self._environment(request), person_of(request)
        draft = Draft(kind=kind, body=content)
        answer = await run_in_threadpool(
            service.change_flag, self._store, environment, draft, person, self._clock()
        )
        written = written_event(answer)
        await run_in_threadpool(self._engine.target.publish, environment)
        self._engine.wake()
        told = views.event(written)
        if kind in BRINGS_ABOUT:
            told["new"] = await run_in_threadpool(self._is_new, environment, content["flag"])
        if kind in TAKES_ALONG:
            held = await run_in_threadpool(service.journal, self._store, environment)
            told["dependents"] = list(sorted(dependents(held.requires, {content["flag"]})))
        return as_json(told)

    def _is_new(self, environment: str, key: str) -> bool:
        """Say whether the latest change brought a flag about, as that of a misspelt key does."""
        events = self._store.events(log_of(environment))
        states = self._store.flag_states(environment)[1]
        changes = sum(event.body.get("flag") == key for event in events)
        return changes == 1 and all(state.key != key for state in states)

    def _environment(self, request: Request) -> str:
        """Return the environment that is asked about. Raises Answer for what cannot be one."""
        named = request.query_params.get("environment") or self._engine.settings.environment
        refusal = service.name_refused(named)
        if refusal:
            raise Answer(400, refusal.code, refusal.message, refusal.remedy)
        return named


def _given(body: FlagBody) -> dict[str, Any]:
    """Return the fields that were given."""
    told: dict[str, Any] = msgspec.to_builtins(body)
    return told


def _record(record: Record) -> dict[str, Any]:
    told: dict[str, Any] = {
        "owner": record.owner,
        "about": record.about,
        "expires": _iso(record.expires),
        "created": _iso(record.created),
        "created_by": record.created_by,
        "changed": _iso(record.changed),
        "exposure": record.exposure,
        "requires": list(record.requires),
        "killed": record.killed,
        "archived": record.archived,
        "scheduled": [
            {"number": one.number, "exposure": one.exposure, "at": _iso(one.at), "by": one.by}
            for one in record.scheduled
        ],
    }
    return told


def _iso(moment: date | None) -> str | None:
    return None if moment is None else moment.isoformat()
