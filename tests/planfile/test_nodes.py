from __future__ import annotations

import pytest
import yaml

from phasegate.planfile import nodes
from phasegate.planfile.nodes import Listing, Scalar, Table
from phasegate.planfile.notes import Notes

LOADERS = [nodes.LOADER, yaml.SafeLoader]


@pytest.mark.parametrize("loader", LOADERS, ids=["fast", "pure"])
def test_every_value_is_text_that_knows_its_line(loader: type[yaml.SafeLoader]) -> None:
    notes = Notes()

    root = nodes.read('week: 1\nrisk: no\nsign_off:\n  - ""\n  -\n', notes, loader)

    assert notes.problems == []
    assert isinstance(root, Table)
    assert root.key_lines == {"week": 1, "risk": 2, "sign_off": 3}
    assert root.entries["week"] == Scalar(text="1", line=1, quoted=False)
    assert root.entries["risk"] == Scalar(text="no", line=2, quoted=False)
    sign_off = root.entries["sign_off"]
    assert isinstance(sign_off, Listing)
    assert [item.empty for item in sign_off.items if isinstance(item, Scalar)] == [False, True]


@pytest.mark.parametrize("loader", LOADERS, ids=["fast", "pure"])
@pytest.mark.parametrize(
    "text",
    ['"\\UFFFFFFFF"', "\x00", "\ud800", "%YAML 9", "[" * 5000, "a: " * 5000, "? [a]\n: b", ""],
    ids=["escape", "null", "half", "version", "deep", "colons", "key", "empty"],
)
def test_text_that_upsets_yaml_readers_is_a_problem_with_either(
    text: str, loader: type[yaml.SafeLoader]
) -> None:
    notes = Notes()

    assert nodes.read(text, notes, loader) is None
    assert len(notes.problems) == 1
    assert notes.problems[0].line == 1


def test_the_line_of_half_a_character_is_found() -> None:
    notes = Notes()

    nodes.read("plan: checkout\nauthor: \ud800\n", notes)

    assert notes.problems[0].line == 2


def test_a_path_that_the_file_lacks_has_the_line_of_what_is_above_it() -> None:
    lines = {"phases": 1, "phases.alpha": 2, "phases.alpha.before": 4, "phases.alpha.before[0]": 5}

    assert nodes.line_of("phases.alpha.before[0]", lines) == 5
    assert nodes.line_of("phases.alpha.before[7]", lines) == 4
    assert nodes.line_of("phases.alpha.pass_when", lines) == 2
    assert nodes.line_of("nowhere", lines) == 1
