"""Finding the run that is meant, and asking the server about it."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from phasegate.cli import shapes
from phasegate.cli.connection import Connection, Raw
from phasegate.cli.failing import Failed
from phasegate.core.event import Event


def path(run: str, below: str = "") -> str:
    """Return a run's address, or that of something below it."""
    return f"/api/v1/runs/{quote(run, safe='')}" + (f"/{below}" if below else "")


def resolve(api: Connection, run: str | None) -> str:
    """Return the run that is meant: the named one, or the only one under way."""
    if run:
        return run
    lines = shapes.run_lines(api.get("/api/v1/runs"))
    under_way = [line for line in lines if not line.ended]
    if len(under_way) == 1:
        return under_way[0].run
    if not under_way:
        raise _none(lines)
    names = ", ".join(f"{line.run} ({line.environment})" for line in under_way)
    raise Failed("several-runs", f"{len(under_way)} runs are under way", f"Name one: {names}.")


def view(api: Connection, run: str) -> shapes.RunView:
    """Return where a run is."""
    return shapes.run_view(api.get(path(run)))


def events(api: Connection, run: str, after: int = 0) -> tuple[Event, ...]:
    """Return a run's events behind number `after`; a run without any does not exist."""
    found = shapes.events(api.get(path(run, "events"), after=after))
    if not found and not after:
        raise unknown(run)
    return found


def raw_events(api: Connection, run: str, after: int = 0) -> Raw:
    """Return the same as the server sent it."""
    events(api, run, after)
    return api.get(path(run, "events"), after=after)


def unknown(run: str) -> Failed:
    """There is no such run."""
    return Failed("unknown-run", f"there is no run {run}", "List them: phasegate run list.")


def _none(lines: Sequence[shapes.RunLine]) -> Failed:
    latest = f" The latest that ended is {lines[-1].run}." if lines else ""
    return Failed(
        "no-run",
        "no run is under way",
        f"Name one, or start one: phasegate run start PLAN.{latest}",
    )
