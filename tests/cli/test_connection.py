from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import Result


def test_a_server_out_of_reach_ends_with_three(alone: Callable[..., Result]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    result = alone("run", "list", "--server", f"http://127.0.0.1:{port}")

    assert result.exit_code == 3
    assert result.stdout == ""
    assert result.stderr == (
        f"error: no answer from http://127.0.0.1:{port}: nothing listens there\n"
        "    Start it with `phasegate serve`, or name it: --server URL or PHASEGATE_URL.  "
        "[server-unreachable]\n"
    )


@pytest.mark.parametrize("url", ["127.0.0.1:8080", "ftp://host", "http://", "http://[::1"])
def test_a_server_that_is_no_address_is_wrong_usage(url: str, alone: Callable[..., Result]) -> None:
    result = alone("run", "list", "--server", url)

    assert result.exit_code == 2
    assert "[server-url]" in result.stderr


def test_a_password_in_the_address_is_never_shown(alone: Callable[..., Result]) -> None:
    result = alone("run", "list", "--server", "http://ada:secret@127.0.0.1:9/x?key=secret")

    assert "secret" not in result.output


def test_a_refusal_is_told_with_code_message_and_remedy(
    server: Any, phasegate: Callable[..., Result]
) -> None:
    server.refuse("POST", "/api/v1/runs/checkout-1/pause", 409, "already-so")

    result = phasegate("run", "pause", "checkout-1", "--reason", "lunch")

    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr == "error: no such luck\n    Do otherwise.  [already-so]\n"


def test_the_token_goes_along(server: Any, phasegate: Callable[..., Result]) -> None:
    server.on("GET", "/api/v1/runs", {"runs": []})

    phasegate("run", "list")
    phasegate("run", "list", "--token", "pg_ben")

    assert server.tokens == ["Bearer pg_ada", "Bearer pg_ben"]


@pytest.mark.parametrize(
    ("status", "content"),
    [(200, []), (200, {"no": "runs"}), (502, {"oh": "dear"}), (200, {"runs": [{"run": 1}]})],
)
def test_an_answer_of_another_shape_is_an_error(
    status: int, content: Any, server: Any, phasegate: Callable[..., Result]
) -> None:
    server.on("GET", "/api/v1/runs", content, status=status)

    result = phasegate("run", "status")

    assert result.exit_code == 1
    assert "[unexpected-answer]" in result.stderr


def test_a_token_that_is_not_known_is_told_in_words_of_the_command_line(
    server: Any, phasegate: Callable[..., Result], alone: Callable[..., Result]
) -> None:
    server.refuse("GET", "/api/v1/runs", 401, "no-token")

    told = phasegate("run", "list").stderr
    without = alone("run", "list", "--server", server.url).stderr

    assert told.startswith(f"error: {server.url} does not know this token\n")
    assert "Set PHASEGATE_TOKEN, or give --token; make one" in told
    assert without.startswith(f"error: {server.url} wants a token\n")


def test_what_the_store_says_through_the_server_has_one_code(
    server: Any, phasegate: Callable[..., Result]
) -> None:
    message = "store db: it does not answer. [store-unreachable]"
    error = {"code": "unavailable", "message": message, "remedy": "Nothing was changed."}
    server.on("GET", "/api/v1/runs", {"error": error}, status=503)

    assert phasegate("run", "list").stderr == (
        "error: store db: it does not answer.\n    Nothing was changed.  [store-unreachable]\n"
    )


def test_several_flaws_keep_their_codes_under_one_for_all(
    server: Any, phasegate: Callable[..., Result]
) -> None:
    error = {"code": "flag-definition", "message": "a: x [flag-x]; b: y [flag-y]", "remedy": "Do."}
    server.on("GET", "/api/v1/runs", {"error": error}, status=409)

    assert phasegate("run", "list").stderr == (
        "error: a: x [flag-x]; b: y [flag-y]\n    Do.  [flag-definition]\n"
    )
