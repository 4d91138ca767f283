"""What every OTLP transport does with a body: hold it within bounds, read it, count it.

HTTP and gRPC share one Receiver, so that they share one bound on memory, one way of reading, and
one answer to whoever sends too fast.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from phasegate.engine.measures import Kind, Measure, gauge, labelled
from phasegate.ports import Unavailable
from phasegate.server.otlp_answers import (
    EXHAUSTED,
    INVALID,
    UNAVAILABLE,
    Failure,
    Partly,
    logs_partly,
    metrics_partly,
    traces_partly,
)
from phasegate.telemetry import decode
from phasegate.telemetry.decode import Encoding, TooLarge
from phasegate.telemetry.limits import TOO_MUCH
from phasegate.telemetry.observation import Batch, Malformed, Observation, Point, Rejected
from phasegate.telemetry.wanted import Wanted

MOST_BYTES = 4 * 1024 * 1024
MOST_UNPACKED = 16 * 1024 * 1024
MOST_WAITING = 24 * 1024 * 1024
"""Bytes of bodies that are held at once; beyond, senders are asked to come again."""

READERS = 2
"""Threads that read bodies. A body becomes ten times its size while it is read, and more threads
share one interpreter lock, so that they would cost memory and bring nothing."""

STORE_AGAIN_S = 5
CROWD_AGAIN_S = 1
"""When to come again: the store may take a while to be back, a crowd is gone in a moment."""

REFUSALS = {400: "malformed", 413: "too large", 429: "crowded", 503: "not now"}
"""Why a body was refused, by the status that says so over HTTP."""
MISADDRESSED = "misaddressed"
"""Another path, method or encoding."""


class Intake(Protocol):
    """Where observations go. `phasegate.telemetry.intake.Intake` is the one that stores."""

    @property
    def wanted(self) -> Wanted | None:
        """Which attributes of requests are asked for; None: all of them."""

    def take(self, observations: Sequence[Observation], now: float) -> Rejected:
        """Take observations in; raises Unavailable when they have to be sent again later."""

    def read(self, points: Sequence[Point], now: float) -> Rejected:
        """Take data points in; raises Unavailable when they have to be sent again later."""


@dataclass(frozen=True, kw_only=True)
class Signal:
    """One kind of telemetry: how its body is read and how a partial success is written."""

    name: str
    read: Callable[[bytes, Encoding, Wanted | None], Batch]
    rejected_field: str
    partly: Partly


def _logs(body: bytes, encoding: Encoding, _: Wanted | None) -> Batch:
    return decode.logs(body, encoding)


def _metrics(body: bytes, encoding: Encoding, _: Wanted | None) -> Batch:
    return decode.metrics(body, encoding)


TRACES = Signal(
    name="traces", read=decode.traces, rejected_field="rejectedSpans", partly=traces_partly
)
LOGS = Signal(name="logs", read=_logs, rejected_field="rejectedLogRecords", partly=logs_partly)
METRICS = Signal(
    name="metrics", read=_metrics, rejected_field="rejectedDataPoints", partly=metrics_partly
)


class Place:
    """What one request holds of the bytes that may be held at once."""

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver
        self._held = 0

    def widen(self, size: int) -> None:
        """Hold that many bytes in all; raises Failure where too many are held already."""
        more = size - self._held
        if more <= 0:
            return
        if self._receiver.held + more > self._receiver.most_waiting:
            raise Failure(429, EXHAUSTED, _CROWDED, CROWD_AGAIN_S)
        self._receiver.held += more
        self._held = size

    def leave(self) -> None:
        """Hold nothing any more."""
        self._receiver.held -= self._held
        self._held = 0


class Receiver:
    """Reads bodies in threads of its own, so that a large one does not hold up flag evaluations.

    held  bytes of bodies that are held at present. All but the reading is for one event loop.
    """

    def __init__(
        self,
        intake: Intake,
        clock: Callable[[], float] = time.time,
        most_waiting: int = MOST_WAITING,
    ) -> None:
        self.most_waiting = most_waiting
        self.held = 0
        self._intake = intake
        self._clock = clock
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="phasegate-otlp")
        self._accepted: Counter[str] = Counter()
        self._rejected: Counter[str] = Counter()
        self._refused: Counter[str] = Counter()

    @contextmanager
    def place(self) -> Iterator[Place]:
        """Give a request a place as long as it is handled, and count why it fails if it does."""
        place = Place(self)
        try:
            yield place
        except Failure as failure:
            self._refused[REFUSALS.get(failure.status, MISADDRESSED)] += 1
            raise
        finally:
            place.leave()

    async def take(
        self, signal: Signal, body: bytes, encoding: Encoding, *, packed: bool = False
    ) -> Rejected:
        """Read and count a body, and say what was rejected of it; raises Failure."""
        run = asyncio.get_running_loop().run_in_executor
        records, rejected = await run(self._readers, self._take, signal, body, encoding, packed)
        self._accepted[signal.name] += records - rejected.count
        self._rejected[signal.name] += rejected.count
        return rejected

    def counts(self) -> Mapping[str, Mapping[str, int]]:
        """Return what became of records, by signal, and why whole bodies were refused."""
        every = (TRACES.name, LOGS.name, METRICS.name)
        return {
            "accepted": {name: self._accepted[name] for name in every},
            "rejected": {name: self._rejected[name] for name in every},
            "refused": dict.fromkeys((*REFUSALS.values(), MISADDRESSED), 0) | self._refused,
        }

    def measures(self) -> Iterator[Measure]:
        """Yield the same as numbers for whoever watches the watchers."""
        counts = self.counts()
        yield labelled(
            "phasegate_otlp_accepted",
            "Records that were taken in.",
            "signal",
            counts["accepted"],
            Kind.COUNTER,
        )
        yield labelled(
            "phasegate_otlp_rejected",
            "Records that were not taken, as a partial success said.",
            "signal",
            counts["rejected"],
            Kind.COUNTER,
        )
        yield labelled(
            "phasegate_otlp_refused",
            "Bodies that were refused as a whole; crowded and not now are sent again.",
            "why",
            counts["refused"],
            Kind.COUNTER,
        )
        yield gauge(
            "phasegate_otlp_held_bytes", "Bodies that are held at present.", self.held, "bytes"
        )

    def _take(
        self, signal: Signal, body: bytes, encoding: Encoding, packed: bool
    ) -> tuple[int, Rejected]:
        try:
            if packed:
                body = decode.unpacked(body, MOST_UNPACKED)
            batch = signal.read(body, encoding, self._intake.wanted)
            return batch.records, take(batch, self._intake, self._clock())
        except Malformed as error:
            raise Failure(400, INVALID, str(error)) from error
        except TooLarge as error:
            raise too_large(str(error)) from error
        except Unavailable as error:
            raise Failure(503, UNAVAILABLE, str(error), STORE_AGAIN_S) from error


def take(batch: Batch, intake: Intake, now: float) -> Rejected:
    """Hand a batch to the intake and say what was rejected; raises Unavailable."""
    told = intake.take(batch.observations, now)
    read = intake.read(batch.points, now) if batch.points else Rejected()
    reasons = (told.why, read.why, TOO_MUCH if batch.refused else "")
    return Rejected(
        # A record may tell several things that are rejected, and counts once.
        count=min(told.count + read.count + batch.refused, batch.records),
        why="; ".join(reason for reason in reasons if reason),
    )


def too_large(what: str) -> Failure:
    """Return the answer to a body beyond a limit."""
    return Failure(413, EXHAUSTED, f"{what}; make the exporter's batches smaller")


_CROWDED = (
    "telemetry comes faster than it is counted: send this again later, with less at once, or give "
    "the server more of its processor. [intake-crowded]"
)
