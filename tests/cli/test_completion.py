from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable

import pytest
from click.testing import Result


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_script_calls_phasegate_back(shell: str, alone: Callable[..., Result]) -> None:
    result = alone("completion", shell)

    assert result.exit_code == 0
    assert f"_PHASEGATE_COMPLETE={shell}_complete" in result.stdout


def test_commands_of_a_noun_are_completed() -> None:
    asked = {"COMP_WORDS": "phasegate run s", "COMP_CWORD": "2"}
    environment = {**os.environ, **asked, "_PHASEGATE_COMPLETE": "bash_complete"}

    done = subprocess.run(
        [sys.executable, "-m", "phasegate.cli.main"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout.split() == ["plain,start", "plain,status", "plain,sign-off"]


def test_an_unknown_shell_is_wrong_usage(alone: Callable[..., Result]) -> None:
    assert alone("completion", "cmd").exit_code == 2
