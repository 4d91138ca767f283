"""Shadows: the old answer is served whatever the new path does, and both are told."""

from __future__ import annotations

import asyncio
import contextvars
import threading
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
    made = Shadows(told, workers=2, waiting=2, patience_s=60.0)
    yield made
    made.close()


@pytest.fixture
def impatient(told: Told) -> Iterator[Shadows]:
    """For new paths that are meant to be late; on a busy machine any may be."""
    made = Shadows(told, workers=2, waiting=2, patience_s=0.02)
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
    impatient: Shadows, told: Told, until: Until
) -> None:
    let_go, over = threading.Event(), threading.Event()

    def slow() -> str:
        let_go.wait(60)
        over.set()
        return "urgent"

    def late() -> list[Answered[Any]]:
        return [new for old, new, _ in told.pairs if old.value == "urgent"]

    served = run(impatient, lambda: "urgent", slow)
    delayed = over.is_set()
    until(lambda: run(impatient, lambda: "later", lambda: "later") and late())
    let_go.set()
    until(lambda: over.is_set() and not impatient._running)

    assert (served, delayed) == ("urgent", False)
    assert [new.error for new in late()] == ["TimeoutError"]
    assert late()[0].duration_ms > 20


def test_what_does_not_fit_is_left_out_and_counted(shadows: Shadows, until: Until) -> None:
    let_go = threading.Event()
    begun: list[int] = []

    def hang() -> None:
        begun.append(1)
        let_go.wait(60)

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


async def until_async(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not holds():
            await asyncio.sleep(0.002)


async def run_async(shadows: Shadows, told: Told, old: Any, new: Any) -> Any:
    """Return what was served, once the new path was told as well."""
    try:
        return await shadows.run_async("triage", "patient-1", old, new)
    finally:
        await until_async(lambda: told.pairs)


@pytest.mark.parametrize(
    ("new", "agrees", "error"),
    [
        (lambda: answered("urgent"), True, None),
        (lambda: answered("routine"), False, None),
        (failing, False, "LookupError"),
    ],
    ids=["agrees", "differs", "raises"],
)
def test_coroutines_are_shadowed_as_well(
    shadows: Shadows, told: Told, new: Any, agrees: bool, error: str | None
) -> None:
    served = asyncio.run(run_async(shadows, told, lambda: answered("urgent"), new))

    ((old, other, agreed),) = told.pairs
    assert (served, old.error, agreed, other.error) == ("urgent", None, agrees, error)


def test_a_coroutine_that_is_late_is_told_as_an_error(impatient: Shadows, told: Told) -> None:
    late = asyncio.run(
        run_async(impatient, told, lambda: answered("urgent"), lambda: answered("urgent", 100))
    )

    ((_, new, agrees),) = told.pairs
    assert (late, new.error, agrees) == ("urgent", "TimeoutError", False)


def test_a_slow_coroutine_delays_nobody(shadows: Shadows, told: Told) -> None:
    async def story() -> tuple[str, int]:
        let_go = asyncio.Event()

        async def slow() -> str:
            await let_go.wait()
            return "urgent"

        served = await shadows.run_async("triage", "patient-1", lambda: answered("urgent"), slow)
        told_before = len(told.pairs)
        let_go.set()
        await until_async(lambda: told.pairs)
        return served, told_before

    assert asyncio.run(story()) == ("urgent", 0)
    assert [agrees for _, _, agrees in told.pairs] == [True]


def test_what_an_old_coroutine_raises_is_the_callers(shadows: Shadows, told: Told) -> None:
    with pytest.raises(LookupError):
        asyncio.run(run_async(shadows, told, failing, lambda: answered("urgent")))

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
    assert client.wait_ready(30)
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
    client: FlagClient, logs: InMemoryLogRecordExporter
) -> None:
    async def ask() -> str:
        served = await client.shadow_async("triage", lambda: answered("old"), failing, "patient-1")
        await until_async(lambda: len(logs.get_finished_logs()) == 2)
        return served

    assert asyncio.run(ask()) == "old"


def test_a_flag_that_is_not_in_shadow_runs_the_old_path_alone(client: FlagClient) -> None:
    assert asyncio.run(client.shadow_async("cart", lambda: answered("old"), failing, "p")) == "old"
    assert client.shadow("new_cart", lambda: "old", fail, "patient-1") == "old"
    assert client.shadows_left_out == 0
