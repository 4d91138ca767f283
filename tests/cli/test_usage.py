from __future__ import annotations

from collections.abc import Callable

import pytest
from click.testing import Result


@pytest.mark.parametrize(
    ("call", "meant"),
    [
        ("rnu", "run"),
        ("run strat", "start"),
        ("store bakup", "backup"),
        ("flag kil", "kill"),
        ("rollback emergncy", "emergency"),
        ("plan chekc", "check"),
        ("run list --jsn", "--json"),
        ("drill server-kiled", "server-killed"),
        ("run watch --until complete", "completed"),
    ],
)
def test_a_mistyped_word_is_told_with_the_one_that_was_meant(
    call: str, meant: str, alone: Callable[..., Result]
) -> None:
    result = alone(*call.split())

    assert result.exit_code == 2
    assert f"    Did you mean {meant}? " in result.stderr


@pytest.mark.parametrize(
    ("call", "code"),
    [
        ("deploy", "unknown-command"),
        ("run list --colour", "unknown-option"),
        ("run start", "value-missing"),
        ("run pause", "value-missing"),
        ("run list --server", "option-value"),
        ("run list --json=1", "option-value"),
        ("run list all of them", "too-many-words"),
        ("completion cmd", "bad-value"),
        ("flag set new_cart half --reason pilot", "share-form"),
        ("serve --port http", "bad-value"),
    ],
)
def test_wrong_usage_has_the_form_of_every_error_and_one_code(
    call: str, code: str, alone: Callable[..., Result]
) -> None:
    result = alone(*call.split())

    message, remedy = result.stderr.splitlines()
    assert message.startswith("error: ")
    assert remedy.startswith("    ")
    assert remedy.endswith(f"  [{code}]")
    assert result.stderr.count("[") == 1
    assert (result.exit_code, result.stdout) == (2, "")


def test_what_is_missing_is_told_with_what_it_means(alone: Callable[..., Result]) -> None:
    assert alone("run", "pause").stderr == (
        "error: phasegate run pause needs --reason\n"
        "    Why; it is written into the log. See phasegate run pause --help.  [value-missing]\n"
    )


@pytest.mark.parametrize("port", ["http", "70000", "-1", "80.5", ""])
def test_what_is_no_port_is_told_what_a_port_is(port: str, alone: Callable[..., Result]) -> None:
    result = alone("serve", "--port", port)

    assert f"{port!r} is no port. A port is a whole number from 1 to 65535" in result.stderr
    assert result.exit_code == 2


@pytest.mark.parametrize("pace", ["fast", "nan", "inf"])
def test_what_is_no_number_starts_nothing(pace: str, alone: Callable[..., Result]) -> None:
    result = alone("run", "start", "plan.yaml", "--pace", pace)

    assert f"{pace!r} is no number, like 60" in result.stderr


@pytest.mark.parametrize("call", ["", "run", "store"])
def test_a_word_without_its_command_is_answered_with_help(
    call: str, alone: Callable[..., Result]
) -> None:
    assert "Commands:\n" in alone(*call.split()).output
