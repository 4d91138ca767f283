"""Pages of allowed origins may evaluate flags from a browser, others may not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from phasegate.flags.document import FlagState, document
from phasegate.server.board import FlagBoard
from phasegate.server.ofrep import Ofrep
from phasegate.server.origins import Origins

PAGE = "https://clinic.example"
PREFLIGHT = {"Origin": PAGE, "Access-Control-Request-Method": "POST"}


@pytest.fixture
def flags() -> Ofrep:
    board = FlagBoard()
    states = [FlagState(key="new_cart", exposure=10_000)]
    board.publish("production", 1, document("production", 1, states))
    return Ofrep(board, "production")


@pytest.fixture
def url(flags: Ofrep, serve: Callable[..., Any]) -> str:
    return f"{serve(Origins(flags, [PAGE], ('/ofrep/',))).url}/ofrep/v1/evaluate/flags"


def test_a_preflight_is_answered_before_any_token_is_asked_for(url: str) -> None:
    answer = httpx.options(url, headers=PREFLIGHT)

    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == PAGE
    assert "authorization" in answer.headers["access-control-allow-headers"]


def test_a_page_may_read_the_answer_and_its_etag(url: str) -> None:
    answer = httpx.post(url, headers={"Origin": PAGE})

    assert answer.headers["access-control-allow-origin"] == PAGE
    assert answer.headers["access-control-expose-headers"] == "etag, retry-after"
    assert answer.headers["vary"] == "origin"


def test_a_page_of_another_origin_may_not(url: str) -> None:
    elsewhere = {"Origin": "https://elsewhere.example"}

    assert httpx.options(url, headers=elsewhere).status_code == 405
    assert "access-control-allow-origin" not in httpx.post(url, headers=elsewhere).headers


def test_other_paths_are_closed_to_every_page(flags: Ofrep, serve: Callable[..., Any]) -> None:
    url = serve(Origins(flags, ["*"], ("/elsewhere/",))).url

    answer = httpx.post(f"{url}/ofrep/v1/evaluate/flags", headers={"Origin": PAGE})

    assert "access-control-allow-origin" not in answer.headers
