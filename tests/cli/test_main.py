from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version

import click
import pytest
from click.testing import Result

from phasegate.cli.main import cli
from phasegate.cli.reference import leaves

ROOT = click.Context(cli, info_name="phasegate")
PATHS = sorted(
    {
        " ".join(path.split()[:depth])
        for ctx, _ in leaves(cli, ROOT)
        for path in [ctx.command_path]
        for depth in range(1, 4)
    }
)
LEAVES = {ctx.command_path: command for ctx, command in leaves(cli, ROOT)}


def test_the_version_is_that_of_the_package(alone: Callable[..., Result]) -> None:
    result = alone("--version")

    assert result.stdout == f"phasegate {version('phasegate')}\n"
    assert result.exit_code == 0


def test_a_start_imports_nothing_that_takes_time() -> None:
    program = (
        "import sys; from phasegate.cli.main import cli;"
        "cli(['--version'], standalone_mode=False);"
        "print(sorted({'httpx', 'rich', 'yaml', 'asyncio', 'starlette'} & set(sys.modules)))"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert done.stdout.splitlines()[-1] == "[]"


def test_help_names_every_noun(alone: Callable[..., Result]) -> None:
    shown = alone("--help").stdout

    for noun in ("serve", "plan", "run", "flag", "rollback", "validate", "health", "audit"):
        assert f"\n  {noun} " in shown


def test_an_unknown_command_is_wrong_usage(alone: Callable[..., Result]) -> None:
    assert alone("deploy").exit_code == 2


@pytest.mark.parametrize("path", LEAVES)
def test_every_command_has_help_with_examples(path: str, alone: Callable[..., Result]) -> None:
    result = alone(*path.split()[1:], "--help")

    assert result.exit_code == 0
    assert "Examples:\n" in result.stdout


@pytest.mark.parametrize("path", PATHS)
def test_all_help_fits_eighty_columns(path: str, alone: Callable[..., Result]) -> None:
    shown = alone(*path.split()[1:], "--help").stdout

    assert [line for line in shown.splitlines() if len(line) > 80] == []


@pytest.mark.parametrize("path", sorted(LEAVES.keys() - {"phasegate plan schema"}))
def test_every_command_answers_programs_in_json(path: str) -> None:
    names = [option for parameter in LEAVES[path].params for option in parameter.opts]

    assert "--json" in names


@pytest.mark.parametrize("path", LEAVES)
def test_every_example_is_understood(
    path: str, understands: Callable[[str], click.Command]
) -> None:
    _, _, examples = (LEAVES[path].help or "").partition("Examples:\n")
    lines = examples.replace("\\\n", " ").strip().splitlines()

    assert lines
    for text in lines:
        call = "phasegate" + text.partition("phasegate")[2].partition(" > ")[0]
        call = call.removesuffix(')"').removesuffix(")")
        assert understands(call) is LEAVES[path]
