"""The traffic driver: visits arrive when they arrive, however slowly the clinic answers.

Only where a bound is asked for are visits turned away that would come on top of so many.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field

import msgspec

from clinic.records import Patient
from clinic.traffic.http1 import Client, Unreachable
from clinic.traffic.people import People

PROGRESS_EVERY_S = 5.0
GRACE_S = 5.0
BOOKING_SHARE = 0.03


@dataclass(frozen=True, kw_only=True)
class Profile:
    """What traffic to make. rate: visits per second. unhappy_share: content patients who rate
    as if they were not; unhappy_with: only those who got the new version of this component.
    most_at_once: visits under way beyond which patients are turned away; 0: never.
    """

    url: str
    rate: float = 60.0
    duration_s: float = 120.0
    patients: int = 2000
    seed: int = 1
    rating_share: float = 0.6
    rating_delay_s: float = 2.0
    unhappy_share: float = 0.0
    unhappy_with: str = ""
    silent_share: float = 0.0
    most_at_once: int = 0


@dataclass
class Counts:
    """What happened so far; took_ms has one figure per answered request to /consultations."""

    visits: int = 0
    turned_away: int = 0
    answered: int = 0
    refused: int = 0
    failed: int = 0
    unreachable: int = 0
    emergencies: int = 0
    new_patients: int = 0
    bookings: int = 0
    booked_already: int = 0
    ratings: int = 0
    content_ratings: int = 0
    took_ms: list[float] = field(default_factory=list)
    with_new: dict[str, int] = field(default_factory=dict)


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What the driver reads of an answer; id None means that nothing can be rated."""

    id: int | None = None
    status: str = "failed"
    emergency: bool = False
    versions: dict[str, str] = msgspec.field(default_factory=dict)


class Driver:
    """Runs one profile; `stop` ends it early and cleanly."""

    def __init__(self, profile: Profile, say: Callable[[str], None]) -> None:
        self.profile = profile
        self.counts = Counts()
        self._say = say
        self._people = People(profile.seed, profile.silent_share)
        self._client = Client(profile.url)
        self._known: list[Patient] = []
        self._drawn = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._visits: set[asyncio.Task[None]] = set()
        self._stopped = asyncio.Event()

    def stop(self) -> None:
        """Let no more visits begin; those under way are finished."""
        self._stopped.set()

    async def run(self) -> dict[str, object]:
        """Drive for the whole duration and return the summary."""
        began = time.monotonic()
        reporter = asyncio.create_task(self._report(began))
        await self._arrivals(began)
        lasted = time.monotonic() - began
        await self._finish()
        reporter.cancel()
        self._client.close()
        return self.summary(lasted)

    def summary(self, lasted_s: float) -> dict[str, object]:
        """Sum up; quantiles in ms, None where nothing was answered."""
        counts = self.counts
        took = sorted(counts.took_ms)
        return {
            **{name: value for name, value in vars(counts).items() if isinstance(value, int)},
            "seconds": round(lasted_s, 1),
            "visits_per_second": round(counts.visits / lasted_s, 1) if lasted_s else 0.0,
            "p50_ms": _quantile(took, 0.5),
            "p95_ms": _quantile(took, 0.95),
            "p99_ms": _quantile(took, 0.99),
            "with_new": dict(sorted(counts.with_new.items())),
        }

    async def _arrivals(self, began: float) -> None:
        profile = self.profile
        due = began
        while not self._stopped.is_set() and due < began + profile.duration_s:
            pause = due - time.monotonic()
            if pause > 0:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._stopped.wait(), pause)
            if not self._stopped.is_set():
                self._arrive()
            due += self._people.dice.expovariate(profile.rate)

    async def _finish(self) -> None:
        patience = GRACE_S if self._stopped.is_set() else GRACE_S + 2 * self.profile.rating_delay_s
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=patience)
        late = list(self._tasks)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    def _arrive(self) -> None:
        if 0 < self.profile.most_at_once <= len(self._visits):
            self.counts.turned_away += 1
            return
        visit = self._start(self._visit())
        self._visits.add(visit)
        visit.add_done_callback(self._visits.discard)

    def _start(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _visit(self) -> None:
        self.counts.visits += 1
        try:
            patient = await self._who()
            asked = msgspec.json.encode(self._people.visit(patient))
            began = time.perf_counter()
            status, body = await self._client.request("POST", "/consultations", asked)
        except Unreachable:
            self.counts.unreachable += 1
            return
        self.counts.took_ms.append((time.perf_counter() - began) * 1000)
        reply = msgspec.json.decode(body, type=Reply) if status in (201, 500) else Reply()
        self._count(reply)
        if self._people.dice.random() < BOOKING_SHARE:
            self._start(self._book(patient))
        if reply.id is not None and self._people.dice.random() < self.profile.rating_share:
            self._start(self._rate(reply))

    async def _who(self) -> Patient:
        """Return a new patient until all have come; each time, returning ones as likely."""
        profile, dice = self.profile, self._people.dice
        expected = max(1.0, profile.rate * profile.duration_s)
        new_share = min(1.0, profile.patients / expected)
        if self._known and (self._drawn >= profile.patients or dice.random() >= new_share):
            return dice.choice(self._known)
        self._drawn += 1
        patient = self._people.patient(self._drawn)
        await self._client.request("POST", "/patients", msgspec.json.encode(patient))
        self.counts.new_patients += 1
        self._known.append(patient)
        return patient

    def _count(self, reply: Reply) -> None:
        counts = self.counts
        counts.answered += reply.status == "answered"
        counts.refused += reply.status == "refused"
        counts.failed += reply.status == "failed"
        counts.emergencies += reply.emergency
        for component, version in reply.versions.items():
            counts.with_new[component] = counts.with_new.get(component, 0) + (version == "new")

    async def _book(self, patient: Patient) -> None:
        dice = self._people.dice
        wish = {
            "patient": patient.id,
            "provider": f"room {dice.randint(1, 20)}",
            "starts": 1_893_456_000 + 900 * dice.randint(0, 4000),
        }
        try:
            body = msgspec.json.encode(wish)
            status, _ = await self._client.request("POST", "/appointments", body)
        except Unreachable:
            self.counts.unreachable += 1
            return
        self.counts.bookings += status == 201
        self.counts.booked_already += status == 409

    async def _rate(self, reply: Reply) -> None:
        await asyncio.sleep(self.profile.rating_delay_s * self._people.dice.uniform(0.5, 1.5))
        rating = self._people.rating(content=self._is_content(reply))
        body = msgspec.json.encode({"rating": rating})
        try:
            status, _ = await self._client.request(
                "POST", f"/consultations/{reply.id}/rating", body
            )
        except Unreachable:
            self.counts.unreachable += 1
            return
        self.counts.ratings += status == 201
        self.counts.content_ratings += status == 201 and rating >= 4

    def _is_content(self, reply: Reply) -> bool:
        profile = self.profile
        if reply.status != "answered":
            return False
        touched = not profile.unhappy_with or reply.versions.get(profile.unhappy_with) == "new"
        return not (touched and self._people.dice.random() < profile.unhappy_share)

    async def _report(self, began: float) -> None:
        while True:
            await asyncio.sleep(PROGRESS_EVERY_S)
            counts = self.counts
            self._say(
                f"{time.monotonic() - began:6.0f} s  visits {counts.visits}"
                f"  answered {counts.answered}  refused {counts.refused}  failed {counts.failed}"
                f"  unreachable {counts.unreachable}  ratings {counts.ratings}"
                f"  under way {len(self._tasks)}"
            )


def _quantile(took: list[float], level: float) -> float | None:
    return round(took[min(len(took) - 1, int(level * len(took)))], 2) if took else None
