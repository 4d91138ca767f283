"""`phasegate run watch`: a run followed live on a terminal, or event by event in a pipe."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from phasegate.cli import options, runs, shapes
from phasegate.cli.connection import Connection
from phasegate.cli.failing import Failed, Misused, OutOfReach
from phasegate.cli.printing import console
from phasegate.cli.values import EVENT, duration
from phasegate.cli.wording import event_line
from phasegate.core.canonical import plain
from phasegate.core.event import Event
from phasegate.core.problem import suggestion
from phasegate.core.run import CHANGES, Status

if TYPE_CHECKING:
    from rich.live import Live

FORGIVEN_S = 15.0
"""How long the server may be away, as when it is restarted, before watching fails."""

Show = Callable[[shapes.RunView, Sequence[Event]], None]


@click.command()
@options.run_argument
@click.option(
    "--until",
    metavar="WHAT",
    help="`completed`, `rolled-back`, or a kind of event; exit code 1 if the run ends otherwise.",
)
@click.option("--after", type=EVENT, default=0, help="Only events behind number N.")
@click.option("--timeout", callback=duration, metavar="DURATION", help="Fail after this long.")
@click.option(
    "--every",
    callback=duration,
    metavar="DURATION",
    default="500ms",
    show_default=True,
    help="How often to look.",
)
@options.as_json
@options.connected
def watch(
    *,
    api: Connection,
    run: str | None,
    until: str | None,
    after: int,
    timeout: timedelta | None,
    every: timedelta,
    as_json: bool,
) -> None:
    """Follow a run until it ends: live on a terminal, a line for each event otherwise.

    With --until it ends when the log holds that event, also if it was there before; --after
    leaves out what is known already. Without --until the exit code does not say how a run ended.

    \b
    Examples:
      phasegate run watch
      phasegate run watch --until completed --timeout 30m
      phasegate run watch checkout-3f09aa --until rollback_confirmed --after 12
    """
    goal = _goal(until)
    name = runs.resolve(api, run)
    deadline = None if timeout is None else time.monotonic() + timeout.total_seconds()
    with _display(as_json) as live:
        show = _line if live is None else _Screen(live).show
        if as_json:
            show = _json
        try:
            _follow(_Follower(api, name, after), show, goal, deadline, every.total_seconds())
        except KeyboardInterrupt:
            # Who only looks may stop looking; who waits for something has not seen it.
            if until is not None:
                raise


class _Follower:
    """Looks at a run again and again; forgives a server that is away for a moment."""

    def __init__(self, api: Connection, run: str, after: int) -> None:
        self._api = api
        self.run = run
        self._number = after
        self._away_since: float | None = None

    def look(self) -> tuple[shapes.RunView, tuple[Event, ...]] | None:
        """Return the run and its new events; None while the server is away."""
        try:
            # The view first: events are then at least as new as it, and none is missed at the end.
            view = runs.view(self._api, self.run)
            fresh = runs.events(self._api, self.run, self._number)
        except Failed as failed:
            if not self._forgives(failed):
                raise
            return None
        self._away_since = None
        self._number = fresh[-1].number if fresh else self._number
        return view, fresh

    def _forgives(self, failed: Failed) -> bool:
        if not isinstance(failed, OutOfReach) and failed.code != "unavailable":
            return False
        now = time.monotonic()
        self._away_since = self._away_since or now
        return now - self._away_since < FORGIVEN_S


def _follow(
    follower: _Follower,
    show: Show,
    goal: Callable[[Event | None, Status], bool],
    deadline: float | None,
    every_s: float,
) -> None:
    while True:
        seen = follower.look()
        if seen is not None:
            view, fresh = seen
            show(view, fresh)
            if _reached(goal, view, fresh):
                return
        if deadline is not None and time.monotonic() > deadline:
            raise Failed(
                "watch-timeout",
                f"{follower.run} has not come there in the time given",
                f"See why: phasegate run why {follower.run}.",
            )
        time.sleep(every_s)


def _reached(
    goal: Callable[[Event | None, Status], bool], view: shapes.RunView, fresh: Sequence[Event]
) -> bool:
    if any(goal(event, view.status) for event in fresh) or goal(None, view.status):
        return True
    if view.ended:
        raise Failed(
            "ended-otherwise",
            f"{view.run} has ended otherwise: {view.status.value}",
            f"See why: phasegate run why {view.run}.",
        )
    return False


def _goal(until: str | None) -> Callable[[Event | None, Status], bool]:
    """Return what ends the watch: asked of every new event, and once of None for the status."""
    if until is None:
        return lambda event, status: event is None and status in shapes.ENDED
    if until == "completed":
        return lambda event, status: event is None and status is Status.COMPLETED
    if until == "rolled-back":
        return lambda event, status: event is None and status is Status.ROLLED_BACK
    if until not in CHANGES:
        known = ("completed", "rolled-back", *sorted(CHANGES.keys() - {"completed"}))
        raise Misused("unknown-goal", f"no run comes to {until!r}", suggestion(until, known))
    return lambda event, _: event is not None and event.kind == until


def _display(as_json: bool) -> AbstractContextManager[Live | None]:
    if as_json or not sys.stdout.isatty():
        return nullcontext()
    from rich.live import Live

    return Live(console=console(), auto_refresh=False, screen=False, vertical_overflow="crop")


class _Screen:
    """Draws the run anew at each look, with its last events."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._events: list[Event] = []

    def show(self, view: shapes.RunView, fresh: Sequence[Event]) -> None:
        """Draw."""
        from phasegate.cli.screen import screen

        self._events += fresh
        width, height = self._live.console.size
        self._live.update(screen(view, self._events, height, width), refresh=True)


def _line(_: shapes.RunView, fresh: Sequence[Event]) -> None:
    for event in fresh:
        click.echo(event_line(event))
    sys.stdout.flush()


def _json(_: shapes.RunView, fresh: Sequence[Event]) -> None:
    for event in fresh:
        click.echo(json.dumps(plain(event), ensure_ascii=False))
    sys.stdout.flush()
