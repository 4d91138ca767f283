"""`phasegate drill`: faults brought about on purpose, each promise checked and timed."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import click

from phasegate.cli import options
from phasegate.cli.failing import Failed, Misused
from phasegate.cli.printing import print_json, print_table
from phasegate.core.problem import suggestion

if TYPE_CHECKING:
    from phasegate.drills.drill import Drill
    from phasegate.drills.stage import Figure
    from phasegate.testing.postgres import Cluster


def _names(_: click.Context, __: click.Parameter, begun: str) -> list[str]:
    from phasegate.drills.all import DRILLS

    return [name for name in (*DRILLS, "all") if name.startswith(begun)]


@click.command()
@click.argument("name", required=False, shell_complete=_names)
@click.option("--list", "listed", is_flag=True, help="List all drills, as no NAME does.")
@options.as_json
def drill(name: str | None, listed: bool, as_json: bool) -> None:
    """Bring a fault about and check what is promised of it; without NAME, list all drills.

    A drill starts servers, applications and a PostgreSQL of its own, on loopback and in folders
    that go with them. It touches nothing that runs already. NAME `all` carries out every drill.

    \b
    Examples:
      phasegate drill --list
      phasegate drill server-killed
      phasegate drill all --json
    """
    from phasegate.drills.all import DRILLS

    if listed or name is None:
        _list(list(DRILLS.values()), as_json=as_json)
        return
    chosen = list(DRILLS.values()) if name == "all" else [DRILLS[name]] if name in DRILLS else []
    if not chosen:
        known = suggestion(name, (*DRILLS, "all"))
        raise Misused("unknown-drill", f"there is no drill {name}", known)
    _carry_out(chosen, as_json=as_json)


def _list(drills: Sequence[Drill], *, as_json: bool) -> None:
    if as_json:
        told = [{"name": d.name, "fault": d.fault, "promise": d.promise} for d in drills]
        print_json({"drills": told})
    else:
        print_table(("drill", "fault"), [(each.name, each.fault) for each in drills])


def _carry_out(drills: Sequence[Drill], *, as_json: bool) -> None:
    results: list[dict[str, object]] = []
    with _databases() as cluster:
        for number, each in enumerate(drills, start=1):
            head = f"{each.name} ({number} of {len(drills)})" if len(drills) > 1 else each.name
            with showing(head, show=not as_json):
                result, figures = _one(each, cluster)
            results.append(result)
            if not as_json:
                _tell(each, figures, result)
    failed = [str(result["drill"]) for result in results if result["broken"]]
    if as_json:
        print_json({"drills": results})
    if failed:
        raise Failed(
            "drill-failed",
            f"a promise did not hold: {', '.join(failed)}",
            "What went wrong is said beside the drill; carry it out again by its name.",
        )


def _one(drill: Drill, cluster: _Lender) -> tuple[dict[str, object], Sequence[Figure]]:
    from phasegate.drills.drill import carry_out
    from phasegate.drills.processes import Broken
    from phasegate.testing.postgres import NoPostgres

    began, broken = time.perf_counter(), ""
    figures: Sequence[Figure] = ()
    try:
        figures = carry_out(drill, cluster)
    except NoPostgres as missing:
        raise Failed("postgres-missing", str(missing), "Install it, and try again.") from missing
    except Broken as found:
        broken = str(found)
    took = time.perf_counter() - began
    told = {
        "drill": drill.name,
        "promise": drill.promise,
        "broken": broken,
        "took_s": round(took, 1),
        "figures": [
            {"what": f.what, "value": round(f.value, 3), "unit": f.unit, "most": f.most}
            for f in figures
        ],
    }
    return told, figures


def _tell(drill: Drill, figures: Sequence[Figure], result: Mapping[str, object]) -> None:
    broken = result["broken"]
    click.echo(f"{drill.name}: {'BROKEN' if broken else 'kept'} ({result['took_s']} s)")
    click.echo(f"  fault    {drill.fault}")
    click.echo(f"  promise  {drill.promise}")
    for each in figures:
        allowed = "" if each.most is None else f"  (at most {each.most:g})"
        click.echo(f"  {each.value:9.3f} {each.unit:<5} {each.what}{allowed}")
    if broken:
        click.echo(f"  BROKEN   {broken}")


@contextmanager
def showing(head: str, *, show: bool) -> Iterator[None]:
    """Show on stderr what a drill is about: one line that changes, or many where nobody looks."""
    if not show:
        yield
        return
    from rich.console import Console

    from phasegate.drills.processes import progress

    console = Console(stderr=True, highlight=False, markup=False)
    with ExitStack() as stack:
        if console.is_terminal:
            status = stack.enter_context(console.status(head))
            handler = _Teller(lambda said: status.update(f"{head}: {said}"))
        else:
            handler = _Teller(lambda said: click.echo(f"{head}: {said}", err=True))
        stack.callback(progress.removeHandler, handler)
        progress.addHandler(handler)
        progress.setLevel(logging.INFO)
        yield


class _Teller(logging.Handler):
    """Hands on what is told, each thing once in a row."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        super().__init__()
        self._tell, self._last = tell, ""

    def emit(self, record: logging.LogRecord) -> None:
        said = record.getMessage()
        if said != self._last:
            self._last = said
            self._tell(said)


class _Lender:
    """Lends one PostgreSQL to all drills, started when the first one asks."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._cluster: Cluster | None = None

    def __call__(self) -> Cluster:
        from phasegate.drills.processes import progress
        from phasegate.testing.postgres import Cluster

        if self._cluster is None:
            progress.info("a PostgreSQL starts")
            self._cluster = self._stack.enter_context(Cluster())
        return self._cluster


@contextmanager
def _databases() -> Iterator[_Lender]:
    # Applications of a drill lose their server on purpose; that is no news.
    logging.getLogger("phasegate.client").setLevel(logging.ERROR)
    with ExitStack() as stack:
        yield _Lender(stack)
