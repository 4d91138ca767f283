from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner

from phasegate import planfile
from phasegate.cli.main import cli
from phasegate.core.plan import Plan
from phasegate.core.review.foreseen import foreseen
from phasegate.report.power import Axis, drawn, svg

FILE = Path(__file__).parents[2] / "plans" / "checkout.yaml"
NS = {"s": "http://www.w3.org/2000/svg"}


@pytest.fixture(scope="module")
def plan() -> Plan:
    found = planfile.parse(FILE.read_text(), str(FILE)).plan
    assert found is not None
    return found


def test_the_axis_grows_by_the_logarithm_and_keeps_everything_on_it() -> None:
    axis = Axis(most=timedelta(seconds=10_000), length=100)

    assert axis.at(timedelta(seconds=1)) == 0
    assert axis.at(timedelta(seconds=100)) == pytest.approx(50)
    assert axis.at(timedelta(days=9)) == 100
    assert axis.at(timedelta(0)) == 0


def test_every_guard_and_gate_has_a_row_that_says_when_it_decides(plan: Plan) -> None:
    lines = foreseen(plan)

    image = ET.fromstring(svg(plan, lines))  # noqa: S314 our own image

    rows = image.findall("s:g", NS)
    assert len(rows) == len(lines)
    told = [row.findtext("s:title", "", NS) for row in rows]
    assert told[0].startswith("guard error_rate > 5% · new_cart: 40 s at best, ")
    assert image.get("role") == "img"
    assert "guard error_rate > 5%" in image.findtext("s:desc", "", NS)


def test_a_decision_that_comes_too_late_is_drawn_as_such(plan: Plan) -> None:
    lines = foreseen(plan)
    late = [line for line in lines if line.when is not None and not line.in_time]

    image = ET.fromstring(svg(plan, lines))  # noqa: S314 our own image

    circles = image.findall(".//s:circle[@class='late']", NS)
    assert len(circles) == len(late) > 0


def test_text_shows_the_same_on_a_terminal(plan: Plan) -> None:
    told = list(drawn(plan, foreseen(plan)))

    errors = next(line for line in told if "error_rate > 5%" in line)
    assert "●" in errors
    assert "┤" in errors
    assert "┊" in errors
    assert any("▶" in line and "later than the phase lasts" in line for line in told)


def test_text_fits_eighty_columns_and_says_what_its_signs_mean(plan: Plan) -> None:
    told = list(drawn(plan, foreseen(plan), 80))

    assert max(map(len, told)) <= 80
    row = told.index("  guard error_rate > 5% · new_cart")
    assert "●" in told[row + 1]
    assert told[row + 2].startswith("    40 s at best, ")
    assert told[-1].startswith("● at best  ┤ nine times in ten")


def test_the_command_writes_the_image_and_draws(tmp_path: Path) -> None:
    image = tmp_path / "power.svg"

    told = CliRunner().invoke(cli, ["plan", "power", str(FILE), "--svg", str(image)])
    drawing = CliRunner().invoke(cli, ["plan", "power", str(FILE), "--draw"])

    assert told.output == f"wrote {image}\n"
    assert image.read_text("utf-8").startswith("<svg")
    assert "guard error_rate > 5% · new_cart" in drawing.output


def test_an_image_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    told = CliRunner().invoke(
        cli, ["plan", "power", str(FILE), "--svg", str(tmp_path / "no" / "x")]
    )

    assert told.exit_code == 1
    assert "cannot be written: No such file or directory\n" in told.output
    assert "[image-unwritten]" in told.output
