"""The power of a plan as a drawing: when each guard and gate decides, beside how long is watched.

One row for each line of `core.review.foreseen`, on one axis of time that grows by its logarithm:
from the soonest decision (everything fails, or nothing does) to that at the harm asked about.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from html import escape
from math import log10

from phasegate.core.plan import Phase, Plan
from phasegate.core.review.foreseen import Foreseen
from phasegate.core.wording import span

SECOND = timedelta(seconds=1)
LEAST = 1.0
"""Where the axis begins, in seconds."""

TICKS = tuple(
    timedelta(seconds=seconds)
    for seconds in (1, 10, 60, 600, 3600, 6 * 3600, 86_400, 7 * 86_400, 30 * 86_400, 365 * 86_400)
)
WIDTH, LABEL, ROW, HEAD = 1040, 430, 20, 64
MARGIN, BODY = 16, 36
"""Room around the drawing, and from the top of a phase to its first row."""
CELLS = 40
LEGEND = "● at best  ┤ nine times in ten  ▶ too late  ┊ shortest watch  · longest watch"

STYLE = """
text { font: 12px system-ui, sans-serif; fill: #1c2430 } .page { fill: #ffffff }
.title { font-weight: 600; font-size: 14px } .quiet { fill: #5c6773 }
.least { fill: #d8e6f5 } .most { fill: #eef3f8 } .grid { stroke: #c3ccd6; stroke-width: 1 }
.guard { stroke: #1f5fa8; fill: #1f5fa8 } .gate { stroke: #2a7a4b; fill: #2a7a4b }
.late { stroke: #b3261e; fill: #b3261e } .reach { stroke-width: 3 }
@media (prefers-color-scheme: dark) {
  text { fill: #e4e9ef } .quiet { fill: #9aa7b4 } .page { fill: #0f151c }
  .least { fill: #21364d } .most { fill: #18222d }
  .grid { stroke: #3a4653 } .guard { stroke: #7db4f0; fill: #7db4f0 }
  .gate { stroke: #6fcf97; fill: #6fcf97 } .late { stroke: #ff8a80; fill: #ff8a80 }
}
"""


@dataclass(frozen=True, kw_only=True)
class Axis:
    """A logarithmic axis of time from LEAST to `most` over `length` units."""

    most: timedelta
    length: float

    def at(self, moment: timedelta) -> float:
        """Return where a moment lies; what is beyond an end lies at that end."""
        seconds = min(max(moment / SECOND, LEAST), self.most / SECOND)
        return self.length * log10(seconds / LEAST) / log10(self.most / SECOND / LEAST)


def svg(plan: Plan, lines: Sequence[Foreseen]) -> str:
    """Return the drawing as an SVG image that stands alone, readable by screen readers as well."""
    parts: list[str] = []
    top = 70
    axis = Axis(most=_longest(plan), length=WIDTH - LABEL - 20)
    for phase in plan.phases:
        mine = _of(lines, phase)
        parts += _phase(axis, phase, mine, top)
        top += HEAD + ROW * len(mine)
    wide, high = WIDTH + 2 * MARGIN, top + 2 * MARGIN
    title = f"When the guards and gates of {escape(plan.name)} decide"
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="t d" '
            f'viewBox="{-MARGIN} {-MARGIN} {wide} {high}" width="{wide}" height="{high}">',
            f'<title id="t">{title}</title>',
            f'<desc id="d">{escape(" ".join(_told(line) for line in lines))}</desc>',
            f"<style>{STYLE}</style>",
            _box(-MARGIN, -MARGIN, wide, high, "page"),
            _text(0, 18, title, "title"),
            _text(
                0,
                38,
                "dot: decided at best; bar: nine times in ten, guards at twice what is allowed",
            ),
            _text(0, 56, "shaded: the shortest watch, and the longest; red: not in time", "quiet"),
            *parts,
            "</svg>\n",
        ]
    )


def drawn(plan: Plan, lines: Sequence[Foreseen], width: int = 200) -> Iterator[str]:
    """Yield the drawing as lines of text; in a narrow width labels stand above their rows."""
    axis = Axis(most=_longest(plan), length=CELLS - 1)
    wide = max((len(_label(line)) for line in lines), default=0)
    room = max((wide + CELLS + 6 + len(_when(line)) for line in lines), default=0)
    wide = wide if room <= width else 0
    for phase in plan.phases:
        yield f"{phase.name}: {phase.title}"
        scale = [" "] * CELLS
        for tick in TICKS:
            if tick <= axis.most:
                scale[round(axis.at(tick))] = "'"
        ends = f"{span(timedelta(seconds=LEAST))} to {span(axis.most)}, by the logarithm"
        yield f"  {'':{wide}}  {''.join(scale)}  {ends}"
        for line in _of(lines, phase):
            cells = _cells(axis, phase, line)
            if wide:
                yield f"  {_label(line):{wide}}  {cells}  {_when(line)}"
            else:
                yield from (f"  {_label(line)}", f"    {cells}", f"    {_when(line)}")
        yield ""
    yield LEGEND


def _phase(axis: Axis, phase: Phase, lines: Sequence[Foreseen], top: int) -> Iterator[str]:
    height = ROW * len(lines)
    least, most = axis.at(phase.lasts_least), axis.at(phase.lasts_most)
    yield _text(0, top + 14, f"{phase.name}: {phase.title}", "title")
    body = top + BODY
    yield _box(LABEL, body, most, height, "most")
    yield _box(LABEL, body, least, height, "least")
    for tick in TICKS:
        if tick <= axis.most:
            x = LABEL + axis.at(tick)
            yield f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{body}" y2="{body + height}"/>'
            yield _text(x, body - 4, span(tick), "quiet", anchor="middle")
    for number, line in enumerate(lines):
        yield from _row(axis, line, body + ROW * number + ROW // 2)


def _row(axis: Axis, line: Foreseen, y: int) -> Iterator[str]:
    kind = ("gate" if line.gate else "guard") if line.in_time else "late"
    yield f"<g><title>{escape(_told(line))}</title>"
    yield _text(0, y + 4, _label(line))
    soonest = LABEL + axis.at(line.earliest or timedelta(0))
    if line.earliest is not None:
        yield f'<circle class="{kind}" cx="{soonest:.1f}" cy="{y}" r="4"/>'
    if line.when is not None:
        at = LABEL + axis.at(line.when)
        yield f'<line class="{kind} reach" x1="{soonest:.1f}" x2="{at:.1f}" y1="{y}" y2="{y}"/>'
        yield f'<line class="{kind} reach" x1="{at:.1f}" x2="{at:.1f}" y1="{y - 6}" y2="{y + 6}"/>'
    yield "</g>"


def _cells(axis: Axis, phase: Phase, line: Foreseen) -> str:
    cells = ["·" if axis.at(phase.lasts_most) >= place else " " for place in range(CELLS)]
    cells[round(axis.at(phase.lasts_least))] = "┊"
    soonest = None if line.earliest is None else round(axis.at(line.earliest))
    if soonest is not None and line.when is not None:
        until = round(axis.at(line.when))
        cells[soonest : until + 1] = ["─"] * (until + 1 - soonest)
        cells[until] = "┤" if line.in_time else "▶"
    if soonest is not None:
        cells[soonest] = "●"
    return "".join(cells)


def _of(lines: Sequence[Foreseen], phase: Phase) -> list[Foreseen]:
    return [line for line in lines if line.phase == phase.name]


def _label(line: Foreseen) -> str:
    who = "" if line.component == "*" else f" · {line.component}"
    return f"{'gate ' if line.gate else 'guard'} {line.condition}{who}"


def _told(line: Foreseen) -> str:
    return f"{_label(line)}: {_when(line)}."


def _when(line: Foreseen) -> str:
    if line.when is None:
        return line.note or ("never" if line.alpha else "")
    late = "" if line.in_time else ", later than the phase lasts"
    soonest = "" if line.earliest is None else f"{span(line.earliest)} at best, "
    return f"{soonest}{span(line.when)} from {line.sample} subjects{late}"


def _longest(plan: Plan) -> timedelta:
    return max((phase.lasts_most for phase in plan.phases), default=TICKS[4]) * 2


def _text(x: float, y: float, text: str, kind: str = "", anchor: str = "start") -> str:
    named = f' class="{kind}"' if kind else ""
    return f'<text{named} x="{x:.1f}" y="{y}" text-anchor="{anchor}">{escape(text)}</text>'


def _box(x: float, y: float, width: float, height: float, kind: str) -> str:
    return f'<rect class="{kind}" x="{x}" y="{y}" width="{width:.1f}" height="{height}"/>'
