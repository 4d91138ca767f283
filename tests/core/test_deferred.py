from __future__ import annotations

from dataclasses import dataclass, fields, replace

from phasegate.core.canonical import plain
from phasegate.core.deferred import Deferred


@dataclass(frozen=True, kw_only=True)
class Note:
    """Has a line that may be given as what writes it."""

    title: str
    line: Deferred[str] = Deferred("nothing")


class Writer:
    """Writes a line, and counts how often it was asked to."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self) -> str:
        self.asked += 1
        return "all is well"


def test_a_deferred_field_is_worked_out_when_it_is_read_and_once() -> None:
    write = Writer()

    note = Note(title="noon", line=write)

    assert write.asked == 0
    assert (note.line, note.line, write.asked) == ("all is well", "all is well", 1)


def test_a_deferred_field_may_be_given_its_value_or_be_left_out() -> None:
    assert Note(title="noon", line="said").line == "said"
    assert Note(title="noon").line == "nothing"


def test_a_deferred_field_is_compared_copied_and_written_down_like_any_other() -> None:
    note = Note(title="noon", line=Writer())

    assert note == Note(title="noon", line="all is well")
    assert replace(note, title="one").line == "all is well"
    assert plain(Note(title="noon", line=Writer())) == {"title": "noon", "line": "all is well"}
    assert [field.name for field in fields(note)] == ["title", "line"]
