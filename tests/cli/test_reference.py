from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from phasegate.cli.flag import COMMANDS
from phasegate.cli.main import cli
from phasegate.cli.reference import page
from phasegate.planfile import parse

DOCS = Path(__file__).resolve().parents[2] / "docs"
GUIDE = (DOCS / "guides/from-the-guide.md").read_text("utf-8")
CALLS = sorted(set(re.findall(r"`(phasegate [^`]+)`", GUIDE)))
FLAGS = (DOCS / "guides/flags.md").read_text("utf-8")
FLAG_CALLS = re.findall(r"^phasegate flag .*$", FLAGS, re.MULTILINE)

FIRST = (DOCS / "guides/first-plan.md").read_text("utf-8")
SHELL = "".join(re.findall(r"```sh\n(.*?)```", FIRST, re.DOTALL))
FIRST_CALLS = sorted(set(re.findall(r"(phasegate [^\n)]+)", SHELL)))


def test_the_reference_is_current() -> None:
    assert (DOCS / "reference/cli.md").read_text("utf-8") == page(cli), "run scripts/docs"


@pytest.mark.parametrize("call", [*CALLS, *FLAG_CALLS, *FIRST_CALLS])
def test_every_command_of_the_guide_is_understood(
    call: str, understands: Callable[[str], click.Command]
) -> None:
    assert understands(call)


def test_the_guide_of_flags_has_every_command_about_them() -> None:
    assert sorted(call.split()[2] for call in FLAG_CALLS) == sorted(COMMANDS)


def test_the_plan_and_the_program_of_the_first_guide_are_sound() -> None:
    (plan,) = re.findall(r"```yaml\n(.*?)```", FIRST, re.DOTALL)
    (program,) = re.findall(r"```python\n(.*?)```", FIRST, re.DOTALL)

    assert parse(plan).problems == ()
    compile(program, "shop.py", "exec")
