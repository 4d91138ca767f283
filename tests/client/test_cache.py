"""Flags that are kept on disk: an application starts while the server is away."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from openfeature import api
from openfeature.evaluation_context import EvaluationContext
from openfeature.event import EventDetails, ProviderEvent
from openfeature.provider import ProviderStatus

from phasegate.client import FlagClient, PhasegateProvider
from phasegate.client.cache import Cache
from phasegate.client.inforce import News, Notice
from phasegate.flags.document import FlagState
from phasegate.flags.resolution import Reason

Until = Callable[..., None]

ON = FlagState(key="new_cart", exposure=10_000)
TRIAL = FlagState(key="new_search", exposure=10_000, on_trial=True)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "kept" / "flags.json"


def filled(plane: Any, connect: Callable[..., FlagClient], file: Path) -> None:
    """Have a first client write the file, and take the server away."""
    plane.publish(3, ON, TRIAL)
    plane.board.beat("production", 60_000)
    client = connect(cache=file)
    assert client.wait_ready(30)
    client.close()
    plane.go_down()


def test_a_start_without_a_server_has_the_last_flags(
    plane: Any, connect: Callable[..., FlagClient], file: Path, until: Until
) -> None:
    filled(plane, connect, file)
    heard: list[Notice] = []

    client = connect(cache=file, on_news=heard.append)
    until(lambda: heard)

    assert client.boolean("new_cart", False, "patient-1") is True
    assert (client.version, client.connected, client.wait_ready(0)) == (3, False, True)
    assert heard[0].news is News.STALE


def test_what_was_on_trial_is_off_without_a_server(
    plane: Any, connect: Callable[..., FlagClient], file: Path
) -> None:
    filled(plane, connect, file)

    outcome = connect(cache=file).evaluate("new_search", "patient-1")

    assert (outcome.value, outcome.reason) == (False, Reason.STALE)
    assert outcome.metadata["lease"] == "expired"


def test_a_server_that_comes_back_replaces_what_was_kept(
    plane: Any, connect: Callable[..., FlagClient], file: Path, until: Until
) -> None:
    filled(plane, connect, file)
    heard: list[Notice] = []
    client = connect(cache=file, on_news=heard.append)
    until(lambda: heard)

    plane.publish(4, FlagState(key="new_cart", exposure=0))
    plane.come_back()
    until(lambda: client.connected)
    until(lambda: heard[-1].news is News.CHANGED)

    assert client.boolean("new_cart", True, "patient-1") is False
    assert heard[-1].changed == ("new_cart", "new_search")
    assert json.loads(file.read_text())["version"] == 4


UNUSABLE = {
    "cut off": '{"environment": "production", "ver',
    "of another environment": '{"environment": "staging", "version": 1, "document": {}}',
    "of another shape": '{"environment": "production", "version": "1", "document": {}}',
    "a list": "[]",
    "no flags": '{"environment": "production", "version": 1, "document": {"flags": 1}}',
}


@pytest.mark.parametrize("content", UNUSABLE.values(), ids=UNUSABLE)
def test_a_file_that_cannot_be_used_is_as_good_as_none(
    plane: Any, connect: Callable[..., FlagClient], file: Path, content: str
) -> None:
    plane.go_down()
    file.parent.mkdir()
    file.write_text(content)

    client = connect(cache=file)

    assert client.boolean("new_cart", True) is True
    assert client.wait_ready(0) is False


def test_a_folder_that_cannot_be_written_disturbs_nothing(
    plane: Any, connect: Callable[..., FlagClient], tmp_path: Path
) -> None:
    plane.publish(1, ON)
    (tmp_path / "file").touch()

    client = connect(cache=tmp_path / "file" / "flags.json")

    assert client.wait_ready(30)
    assert client.boolean("new_cart", False, "patient-1") is True


def test_a_reader_never_sees_a_part(file: Path) -> None:
    cache = Cache(file, "production")

    cache.keep(1, {"flags": {}})
    cache.keep(2, {"flags": {"a": {}}})

    assert cache.read() == (2, {"flags": {"a": {}}})
    assert list(file.parent.iterdir()) == [file]
    assert file.stat().st_mode & 0o077 == 0


def test_a_provider_starts_stale_and_becomes_ready(
    plane: Any, connect: Callable[..., FlagClient], file: Path, until: Until
) -> None:
    filled(plane, connect, file)
    heard: list[EventDetails] = []
    provider = PhasegateProvider(plane.url, "production", cache=file, ready_within_s=0.05)

    api.set_provider_and_wait(provider, "cached")
    client = api.get_client("cached")
    client.add_handler(ProviderEvent.PROVIDER_READY, heard.append)
    until(lambda: client.get_provider_status() is ProviderStatus.STALE)
    kept = client.get_boolean_value("new_cart", False, EvaluationContext("patient-1"))
    plane.come_back()
    until(lambda: client.get_provider_status() is ProviderStatus.READY)

    assert kept is True
    provider.shutdown()
