"""Tells a run as a story: events one after another, each chained to the one before."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from phasegate.core.event import ENGINE, START_OF_CHAIN, Event, Json, chain
from phasegate.core.judge.versions import METHODS
from phasegate.core.plan import Plan
from phasegate.core.run import Run, replay
from phasegate.testing.checkout import NOON

RUN = "checkout-1"


class Story:
    """Events of one run in order; `run` is their fold. Time passes only by `later`."""

    def __init__(self, plan: Plan) -> None:
        """Begin with Ada starting the plan at noon."""
        self.plan = plan
        self.now = NOON
        self.events: list[Event] = []
        started: dict[str, Json] = {
            "plan": plan.name,
            "plan_hash": plan.hash,
            "author": plan.author,
            "environment": plan.environment,
            "pace": 1.0,
            "endpoints": {},
        }
        self.tell("run_started", started, actor="Ada")

    @property
    def run(self) -> Run:
        """The run as its events have it."""
        return replay(self.events)

    def tell(self, kind: str, body: Mapping[str, Json] | None = None, actor: str = ENGINE) -> Event:
        """Add the next event."""
        event = chain(
            log=RUN,
            number=len(self.events) + 1,
            at=self.now,
            kind=kind,
            actor=actor,
            body=body or {},
            previous=self.events[-1].hash if self.events else START_OF_CHAIN,
        )
        self.events.append(event)
        return event

    def later(self, span: timedelta) -> datetime:
        """Let time pass."""
        self.now += span
        return self.now

    def exposed(
        self,
        phase: str,
        stage: int = 0,
        *,
        confirmed: bool = True,
        methods: Mapping[str, int] = METHODS,
    ) -> None:
        """Expose all components of a phase at a stage, and confirm it.

        methods  the versions in which whoever exposed them knew the judging methods.
        """
        items: list[Json] = [
            {
                "component": component.name,
                "phase": phase,
                "flag": component.flag,
                "exposure": component.stage(stage).exposure,
                "mode": component.stage(stage).mode.value,
                "attempt": 1,
            }
            for component in self.plan.phase(phase).components
        ]
        body: dict[str, Json] = {"phase": phase, "stage": stage, "components": items}
        event = self.tell("exposed", {**body, "methods": dict(methods)})
        if confirmed:
            self.tell("exposure_confirmed", {"exposed": event.number})

    def rolled_back(self, phase: str, *components: str, confirmed: bool = True) -> None:
        """Withdraw components, and confirm it."""
        body: dict[str, Json] = {"phase": phase, "components": list(components), "reasons": []}
        event = self.tell("rollback_started", body)
        if confirmed:
            self.tell("rollback_confirmed", {"rollback": event.number})
