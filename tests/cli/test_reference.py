from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from phasegate.cli.main import cli
from phasegate.cli.reference import page

DOCS = Path(__file__).resolve().parents[2] / "docs"
GUIDE = (DOCS / "guides/from-the-guide.md").read_text("utf-8")
CALLS = sorted(set(re.findall(r"`(phasegate [^`]+)`", GUIDE)))


def test_the_reference_is_current() -> None:
    assert (DOCS / "reference/cli.md").read_text("utf-8") == page(cli), "run scripts/docs"


@pytest.mark.parametrize("call", CALLS)
def test_every_command_of_the_guide_is_understood(
    call: str, understands: Callable[[str], click.Command]
) -> None:
    assert understands(call)
