"""Shadows: the old answer is served whatever the new path does, and both are told."""

from __future__ import annotations

import asyncio
import contextvars
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor

from phasegate.client import FlagClient
from phasegate.client.shadow import Answered, Shadows
from phasegate.client.tracking import SHADOW
from phasegate.core.plan import Mode
from phasegate.flags.document import FlagState
from phasegate.telemetry.observation import SHADOW_EVENT

Until = Callable[..., None]


class Told:
    """Remembers what was told."""

    def __init__(self) -> None:
        self.pairs: list[tuple[Answered[Any], Answered[Any], bool]] = []

    def __call__(
        self, flag: str, subject: str, old: Answered[Any], new: Answered[Any], *, agrees: bool
    ) -> None:
        assert (flag, subject) == ("triage", "patient-1")
        self.pairs.append((old, new, agrees))


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def shadows(told: Told) -> Iterator[Shadows]:
    made = Shadows(told, workers=2, waiting=2, patience_s=0.05)
    yield made
    made.close()


def run(shadows: Shadows, old: Callable[[], Any], new: Callable[[], Any], **how: Any) -> Any:
    return shadows.run("triage", "patient-1", old, new, **how)


def fail() -> str:
    raise LookupError("the new path is broken")


def leave() -> str:
    raise SystemExit(3)


def test_the_old_answer_is_served_and_agreement_is_told(
    shadows: Shadows, told: Told, until: Until
) -> None:
    assert run(shadows, lambda: "urgent", lambda: "urgent") == "urgent"
    assert run(shadows, lambda: "urgent", lambda: "routine") == "urgent"

    until(lambda: len(told.pairs) == 2)
    assert sorted(agrees for _, _, agrees in told.pairs) == [False, True]
    assert all(old.duration_ms >= 0 and new.duration_ms >= 0 for old, new, _ in told.pairs)


@pytest.mark.parametrize(("new", "error"), [(fail, "LookupError"), (leave, "SystemExit")])
def test_what_the_new_path_raises_is_told_and_never_reaches_the_caller(
    shadows: Shadows, told: Told, until: Until, new: Callable[[], str], error: str
) -> None:
    assert run(shadows, lambda: "urgent", new) == "urgent"

    until(lambda: told.pairs)
    assert (told.pairs[0][1].error, told.pairs[0][2]) == (error, False)


def test_what_the_old_path_raises_is_the_callers_and_is_told(
    shadows: Shadows, told: Told, until: Until
) -> None:
    with pytest.raises(LookupError):
        run(shadows, fail, lambda: "urgent")
    with pytest.raises(LookupError):
        run(shadows, fail, fail)

    until(lambda: len(told.pairs) == 2)
    assert sorted((old.error, agrees) for old, _, agrees in told.pairs) == [
        ("LookupError", False),
        ("LookupError", True),
    ]


def test_a_slow_new_path_delays_nobody_and_is_told_once(
    shadows: Shadows, told: Told, until: Until
) -> None:
    let_go = threading.Event()
    start = time.monotonic()

    assert run(shadows, lambda: "urgent", lambda: let_go.wait(10)) == "urgent"
    assert time.monotonic() - start < 5
    time.sleep(0.08)
    run(shadows, lambda: "urgent", lambda: "urgent")
    until(lambda: len(told.pairs) == 2)
    let_go.set()
    shadows.close()

    late = next(new for _, new, _ in told.pairs if new.error)
    assert late.error == "TimeoutError"
    assert late.duration_ms > 50
    assert len(told.pairs) == 2


def test_what_does_not_fit_is_left_out_and_counted(shadows: Shadows, until: Until) -> None:
    let_go = threading.Event()
    begun: list[int] = []

    def hang() -> None:
        begun.append(1)
        let_go.wait(10)

    for _ in range(2):
        run(shadows, lambda: None, hang)
    until(lambda: len(begun) == 2)
    for _ in range(5):
        assert run(shadows, lambda: "urgent", hang) == "urgent"
    let_go.set()

    assert shadows.left_out == 3


def test_the_new_path_sees_the_callers_context(shadows: Shadows, told: Told, until: Until) -> None:
    ward = contextvars.ContextVar("ward", default="none")
    ward.set("ICU")

    run(shadows, ward.get, ward.get)

    until(lambda: told.pairs)
    assert told.pairs[0][1].value == "ICU"


def test_answers_are_compared_as_the_caller_says(
    shadows: Shadows, told: Told, until: Until
) -> None:
    def close_enough(old: float, new: float) -> bool:
        return abs(old - new) < 0.1

    run(shadows, lambda: 1.0, lambda: 1.05, same=close_enough)
    until(lambda: len(told.pairs) == 1)
    run(shadows, lambda: 1.0, lambda: "no number", same=close_enough)
    until(lambda: len(told.pairs) == 2)

    assert [agrees for _, _, agrees in told.pairs] == [True, False]


def test_telling_may_fail_without_harm(until: Until) -> None:
    asked: list[int] = []

    def refuse(*_: object, **__: object) -> None:
        asked.append(1)
        raise ConnectionError

    shadows = Shadows(refuse, workers=1)
    assert [run(shadows, lambda: 1, lambda: 1) for _ in range(3)] == [1, 1, 1]
    until(lambda: len(asked) == 3)
    shadows.close()


def test_after_the_end_only_the_old_path_runs(shadows: Shadows) -> None:
    shadows.close()

    assert run(shadows, lambda: "urgent", fail) == "urgent"
    assert shadows.left_out == 1


async def answered(value: str, after_s: float = 0.0) -> str:
    await asyncio.sleep(after_s)
    return value


async def failing() -> str:
    raise LookupError("the new path is broken")


async def run_async(shadows: Shadows, old: Any, new: Any) -> tuple[Any, float]:
    """Return what was served and after how long, and let the new path finish."""
    start = time.monotonic()
    try:
        return await shadows.run_async("triage", "patient-1", old, new), time.monotonic() - start
    finally:
        await asyncio.sleep(0.2)


@pytest.mark.parametrize(
    ("new", "agrees", "error"),
    [
        (lambda: answered("urgent"), True, None),
        (lambda: answered("routine"), False, None),
        (failing, False, "LookupError"),
        (lambda: answered("urgent", after_s=10), False, "TimeoutError"),
    ],
    ids=["agrees", "differs", "raises", "is late"],
)
def test_coroutines_are_shadowed_as_well(
    shadows: Shadows, told: Told, new: Any, agrees: bool, error: str | None
) -> None:
    served, after_s = asyncio.run(run_async(shadows, lambda: answered("urgent"), new))

    ((old, other, agreed),) = told.pairs
    assert (served, old.error, agreed, other.error) == ("urgent", None, agrees, error)
    assert after_s < 5


def test_what_an_old_coroutine_raises_is_the_callers(shadows: Shadows, told: Told) -> None:
    with pytest.raises(LookupError):
        asyncio.run(run_async(shadows, failing, lambda: answered("urgent")))

    assert [(old.error, agrees) for old, _, agrees in told.pairs] == [("LookupError", False)]


def test_coroutines_that_do_not_fit_are_left_out(shadows: Shadows) -> None:
    async def many() -> list[str]:
        calls = (
            shadows.run_async("triage", "p", lambda: answered("old"), lambda: answered("new", 1))
            for _ in range(5)
        )
        return await asyncio.gather(*calls)

    assert asyncio.run(many()) == ["old"] * 5
    assert shadows.left_out == 3


@pytest.fixture
def logs() -> InMemoryLogRecordExporter:
    return InMemoryLogRecordExporter()


@pytest.fixture
def client(
    plane: Any, connect: Callable[..., FlagClient], logs: InMemoryLogRecordExporter
) -> FlagClient:
    plane.publish(1, FlagState(key="triage", exposure=10_000, mode=Mode.SHADOW))
    provider = LoggerProvider(shutdown_on_exit=False)
    provider.add_log_record_processor(SimpleLogRecordProcessor(logs))
    client = connect(logger_provider=provider)
    assert client.wait_ready(5)
    return client


def test_a_flag_in_shadow_runs_both_and_tells_of_both(
    client: FlagClient, logs: InMemoryLogRecordExporter, until: Until
) -> None:
    served = client.shadow("triage", lambda: "urgent", fail, "patient-1")

    until(lambda: len(logs.get_finished_logs()) == 2)
    old, new = (dict(one.log_record.attributes) for one in logs.get_finished_logs())
    names = {one.log_record.event_name for one in logs.get_finished_logs()}
    assert served == "urgent"
    assert names == {SHADOW} == {SHADOW_EVENT}
    assert old.pop("duration") >= 0
    assert new.pop("duration") >= 0
    common = {
        "feature_flag.key": "triage",
        "feature_flag.context.id": "patient-1",
        "feature_flag.set.id": "production",
        "agrees": False,
    }
    assert old == {**common, "feature_flag.result.variant": "off", "error": False}
    assert new == {
        **common,
        "feature_flag.result.variant": "on",
        "error": True,
        "error.type": "LookupError",
    }


def test_a_flag_in_shadow_runs_both_coroutines(
    client: FlagClient, logs: InMemoryLogRecordExporter, until: Until
) -> None:
    async def ask() -> str:
        served = await client.shadow_async("triage", lambda: answered("old"), failing, "patient-1")
        await asyncio.sleep(0.01)
        return served

    assert asyncio.run(ask()) == "old"
    until(lambda: len(logs.get_finished_logs()) == 2)


def test_a_flag_that_is_not_in_shadow_runs_the_old_path_alone(client: FlagClient) -> None:
    assert asyncio.run(client.shadow_async("cart", lambda: answered("old"), failing, "p")) == "old"
    assert client.shadow("new_cart", lambda: "old", fail, "patient-1") == "old"
    assert client.shadows_left_out == 0
