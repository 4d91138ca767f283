from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from phasegate.adapters.stores.sqlite import open_in
from phasegate.core.plan import Role
from phasegate.server.access import hash_of

CREATE = ("token", "create", "ada", "--data", "pg")


def test_the_secret_alone_is_printed_and_only_its_hash_is_kept(
    alone: Callable[..., Result],
) -> None:
    secret = alone(*CREATE, "--role", "operator").stdout.strip()

    store = open_in(Path("pg"))
    kept = store.token(hash_of(secret))
    store.close()
    assert kept is not None
    assert (kept.name, kept.role) == ("ada", Role.OPERATOR)
    assert not any(secret.encode() in file.read_bytes() for file in Path("pg").iterdir())


def test_a_second_token_of_a_name_ends_the_first(alone: Callable[..., Result]) -> None:
    first = alone(*CREATE, "--role", "operator").stdout.strip()

    again = alone(*CREATE, "--role", "viewer", "--json")

    store = open_in(Path("pg"))
    assert store.token(hash_of(first)) is None
    assert store.token(hash_of(json.loads(again.stdout)["secret"])) is not None
    store.close()
    assert "the earlier token of ada ends with this" in again.stderr


def test_the_list_shows_names_and_roles_and_no_secret(alone: Callable[..., Result]) -> None:
    secret = alone(*CREATE, "--role", "safety_officer").stdout.strip()

    shown = alone("token", "list", "--data", "pg").stdout

    assert "ada" in shown
    assert "safety_officer" in shown
    assert secret not in shown


def test_listing_makes_no_store(alone: Callable[..., Result]) -> None:
    result = alone("token", "list", "--data", "typo")

    assert result.exit_code == 1
    assert not Path("typo").exists()


def test_an_unknown_role_is_wrong_usage_and_names_the_known(alone: Callable[..., Result]) -> None:
    result = alone(*CREATE, "--role", "boss")

    assert result.exit_code == 2
    assert "safety_officer" in result.stderr


def test_a_folder_that_cannot_be_used_is_told(alone: Callable[..., Result]) -> None:
    Path("pg").write_text("a file", "utf-8")

    result = alone(*CREATE, "--role", "viewer")

    assert result.exit_code == 1
    assert "[store-unavailable]" in result.stderr


def test_the_time_of_a_token_is_told_to_the_second(alone: Callable[..., Result]) -> None:
    alone(*CREATE, "--role", "operator")

    (shown,) = json.loads(alone("token", "list", "--data", "pg", "--json").stdout)["tokens"]

    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", shown["created"])


def test_a_database_that_cannot_be_reached_has_one_code(alone: Callable[..., Result]) -> None:
    told = alone("token", "list", "--store", "postgresql://pg@127.0.0.1:9/phasegate").stderr

    assert re.findall(r"\[[a-z-]+\]", told) == ["[store-unreachable]"]
    assert "127.0.0.1:9" in told


@pytest.mark.parametrize("name", ["", " ", "a\x1b[31mda", "a\nda", "a" * 81])
def test_a_name_that_cannot_be_read_is_refused(name: str, alone: Callable[..., Result]) -> None:
    result = alone("token", "create", name, "--role", "viewer", "--data", "pg")

    assert result.exit_code == 2
    assert "[token-name]" in result.stderr
    assert not Path("pg").exists()


def test_a_store_that_cannot_be_made_is_told_in_words(alone: Callable[..., Result]) -> None:
    Path("file").touch()

    told = alone("token", "create", "ada", "--role", "viewer", "--data", "file").stderr

    assert told.startswith("error: the store in file cannot be opened: file: File exists\n")
