"""What the suite puts into stores: each is small, and the same arguments give the same one."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from phasegate.core.event import START_OF_CHAIN, Event, Json, chain
from phasegate.core.evidence import Arm, Finding, Outcome, Position, Tally
from phasegate.core.plan import Mode, Role
from phasegate.flags.document import FlagState
from phasegate.ports import Fence, Reach, Sighting, Store, Token

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
NOON_S = int(NOON.timestamp())
NOON_MS = NOON_S * 1000
START = Position()


def event(number: int, previous: str = START_OF_CHAIN, log: str = "checkout-1") -> Event:
    """Return a small event; the same arguments always give the same one."""
    body: dict[str, Json] = {"phase": "alpha", "share": 0.1, "reasons": ["ripe", None, True]}
    return chain(
        log=log,
        number=number,
        at=NOON + timedelta(seconds=number),
        kind="advanced",
        actor="Ada",
        body=body,
        previous=previous,
    )


def tally(sequence: int, writer: str = "server-1", run: str = "checkout-1") -> Tally:
    """Return a tally in which no two numbers are alike."""
    return Tally(
        run=run,
        phase="alpha",
        component="cart",
        attempt=1,
        series="error_rate",
        arm=Arm.TREATMENT,
        bucket=NOON_S,
        seen=90,
        bad=9,
        subjects=80,
        subjects_bad=8,
        at_risk=70,
        newly_bad=7,
        again_bad=6,
        total=1234.5,
        writer=writer,
        sequence=sequence,
    )


def sighting(subjects: bytes, phase: str = "alpha") -> Sighting:
    """Return a sighting of packed subjects, none of them ill."""
    return Sighting(
        run="checkout-1",
        phase=phase,
        component="cart",
        attempt=1,
        series="error_rate",
        subjects=subjects,
        ill=b"",
    )


FINDING = Finding(
    run="checkout-1",
    phase="alpha",
    step="check database",
    attempt=1,
    outcome=Outcome.FAIL,
    exercised=3,
    bad=1,
    seen="one of three replicas lags",
    remedy="wait until it has caught up",
    at=NOON,
    took_ms=12.5,
)
CART = FlagState(key="cart", exposure=2500, on_trial=True)
BASKET = FlagState(key="basket", exposure=100, mode=Mode.SHADOW)
REACH = Reach(
    environment="production",
    version=7,
    streams={"checkout": 7, "basket": -1},
    lost={"kiosk": 6},
    leased_ms=60_000,
)
ADAS = Token(hash="a" * 64, name="Ada", role=Role.OPERATOR, created=NOON)
BENS = Token(hash="b" * 64, name="Ben", role=Role.APPROVER, created=NOON)


def fence(number: int, log: str = "checkout-1") -> Fence:
    """Return the fence of one event."""
    return Fence(log=log, number=number)


def grow(store: Store, count: int) -> str:
    """Append `count` events to an empty log and return the last one's hash."""
    head = START_OF_CHAIN
    for number in range(1, count + 1):
        added = event(number, head)
        store.append(added)
        head = added.hash
    return head


def together(act: Callable[[int], int], count: int) -> list[int]:
    """Act in `count` threads at once; return what each got."""
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(act, range(count)))
