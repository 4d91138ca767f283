from __future__ import annotations

import socket

import httpx
import pytest

from phasegate.adapters.unanswered import place, unanswered, why


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://ben:secret@clinic.example:8090/patients/17?token=secret", "clinic.example:8090"),
        ("https://clinic.example/health", "clinic.example"),
        ("http://[::1]:8090/", "[::1]:8090"),
        ("http://[::1", "an address without a host"),
        ("clinic", "an address without a host"),
        ("http://clinic:port/", "an address without a host"),
    ],
)
def test_of_an_address_host_and_port_are_shown(url: str, shown: str) -> None:
    assert place(url) == shown


def test_who_gave_no_answer_why_and_what_to_do_is_said() -> None:
    url = "http://127.0.0.1:9/health?token=secret"

    with pytest.raises(httpx.ConnectError) as caught:
        httpx.get(url, trust_env=False)

    assert unanswered(url, caught.value) == (
        "no answer from 127.0.0.1:9: nothing listens there; "
        "start it, or give the run another --endpoint [no-answer]"
    )


def test_a_service_that_is_slow_is_told_from_one_that_is_not_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        with pytest.raises(httpx.ReadTimeout) as caught:
            httpx.get(url, timeout=httpx.Timeout(30, read=0.1), trust_env=False)

    assert why(caught.value) == "it took too long"


def test_a_status_is_told_as_it_is() -> None:
    answer = httpx.Response(503, request=httpx.Request("GET", "http://127.0.0.1:9/"))

    with pytest.raises(httpx.HTTPStatusError) as caught:
        answer.raise_for_status()

    assert why(caught.value) == "it said HTTP 503"


def test_an_error_of_another_kind_is_named() -> None:
    assert why(RuntimeError("secret")) == "RuntimeError"
