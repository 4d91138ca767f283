from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

SHELLS = ("bash", "zsh", "fish")


def completed(shell: str, words: str) -> list[str]:
    """Return what the program offers to a shell in the place of the last word."""
    *_, begun = words.split(" ")
    asked = {"COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    if shell == "fish":
        asked["COMP_CWORD"] = begun
    done = subprocess.run(
        [sys.executable, "-m", "phasegate.cli.main"],
        env={**os.environ, **asked, "_PHASEGATE_COMPLETE": f"{shell}_complete"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    if shell == "zsh":
        return lines[1::3]
    return [line.split(",")[1].split("\t")[0] for line in lines if "," in line]


@pytest.mark.parametrize("shell", SHELLS)
def test_a_script_calls_phasegate_back(shell: str, alone: Callable[..., Result]) -> None:
    result = alone("completion", shell)

    assert result.exit_code == 0
    assert f"_PHASEGATE_COMPLETE={shell}_complete" in result.stdout


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("phasegate st", ["store"]),
        ("phasegate dr", ["drill"]),
        ("phasegate run s", ["start", "status", "sign-off"]),
        ("phasegate store ", ["backup", "compact", "restore", "verify"]),
        ("phasegate plan re", ["rehearse"]),
        ("phasegate drill st", ["store-gone", "stalled-server"]),
        (
            "phasegate explain store-f",
            ["store-failed", "store-flawed", "store-foreign", "store-full"],
        ),
        ("phasegate token create ada --role app", ["approver", "application"]),
        ("phasegate serve --otlp", ["--otlp-grpc-port"]),
    ],
)
def test_what_was_begun_is_completed(shell: str, words: str, offered: list[str]) -> None:
    assert sorted(completed(shell, words)) == sorted(offered)


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_bash_completes_with_the_script(tmp_path: Path, alone: Callable[..., Result]) -> None:
    script = tmp_path / "script"
    script.write_text(alone("completion", "bash").stdout, "utf-8")
    program = tmp_path / "phasegate"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m phasegate.cli.main "$@"\n', "utf-8")
    program.chmod(0o755)
    line = (
        f'. "{script}"; COMP_WORDS=(phasegate run st); COMP_CWORD=2; '
        f'_phasegate_completion "{program}"; echo "${{COMPREPLY[@]}}"'
    )

    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["start", "status"]


def test_an_unknown_shell_is_wrong_usage(alone: Callable[..., Result]) -> None:
    assert alone("completion", "cmd").exit_code == 2
