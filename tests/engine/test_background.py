"""Work in the background: a few things at a time, none of which a server waits for."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial

import pytest

from phasegate.engine.background import Background, tell_bug


def test_what_is_submitted_is_carried_out_and_its_result_kept() -> None:
    background = Background(2, "test")

    futures = [background.submit(divmod, number, 3) for number in range(5)]

    assert [future.result(30) for future in futures] == [divmod(number, 3) for number in range(5)]
    assert background.end(30)


def test_no_more_is_carried_out_at_once_than_there_are_threads(
    until: Callable[..., None],
) -> None:
    background, go, begun = Background(2, "few at once"), threading.Event(), []

    futures = [background.submit(lambda: (begun.append(1), go.wait(60))) for _ in range(4)]
    until(lambda: len(begun) >= 2)
    threads = [one for one in threading.enumerate() if one.name.startswith("few at once")]
    at_once = len(begun)
    go.set()
    for future in futures:
        future.result(30)

    assert (at_once, len(threads), len(begun)) == (2, 2, 4)
    assert background.end(30)


def test_what_breaks_is_told_and_the_next_thing_is_carried_out(
    capsys: pytest.CaptureFixture[str],
) -> None:
    background = Background(1, "test")

    broken = background.submit(divmod, 1, 0)
    broken.add_done_callback(partial(tell_bug, "checkout-1", "check database"))
    after = background.submit(divmod, 1, 1)

    assert after.result(30) == (1, 0)
    assert isinstance(broken.exception(), ZeroDivisionError)
    assert "observer_broke" in capsys.readouterr().out
    assert background.end(30)


def test_an_end_begins_nothing_more_and_waits_no_longer_than_it_may() -> None:
    background, go, begun = Background(1, "test"), threading.Event(), threading.Event()
    background.submit(lambda: (begun.set(), go.wait(60)))
    assert begun.wait(30)
    waiting = background.submit(divmod, 1, 1)

    ended = background.end(0.1)  # had it waited for all, it would say that all has ended
    go.set()

    assert not ended
    assert not waiting.running()
    assert not waiting.done()
    assert background.end(30)
