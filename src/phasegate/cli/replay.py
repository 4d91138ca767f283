"""`phasegate replay`: every decision of a run derived again from the stored evidence."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from phasegate.cli import options
from phasegate.cli.failing import Failed
from phasegate.cli.printing import print_json
from phasegate.core.problem import suggestion

if TYPE_CHECKING:
    from phasegate.engine.rederive import Replayed


@click.command()
@click.argument("run")
@options.store
@options.as_json
def replay(run: str, data: str, store: str, as_json: bool) -> None:
    """Derive every decision of RUN again and compare; exit code 1 if one differs.

    Works offline on the store itself: tallies, findings and events are read, nothing is written,
    and no server is needed. A judging method that has changed since is named.

    \b
    Examples:
      phasegate replay checkout-3f09aa
      phasegate replay checkout-3f09aa --data /var/lib/phasegate --json
    """
    from phasegate.core.canonical import plain

    found = _replayed(run, Path(data), store)
    if as_json:
        print_json({**plain(found), "same": found.same})
    else:
        for line in found.methods:
            click.echo(f"method changed: {line}")
    if not found.same:
        raise Failed(
            "replay-differs",
            f"{run} is not derived as it was written: "
            + "; ".join(difference.sentence for difference in found.differences),
            _remedy(found),
        )
    if not as_json:
        click.echo(f"{run}: {found.decisions} decisions of {found.events} events derived alike")


def _replayed(run: str, data: Path, store: str) -> Replayed:
    from phasegate.cli.token import opened
    from phasegate.engine.memory import OtherPlan
    from phasegate.engine.rederive import rederive

    if store == "sqlite" and not data.is_dir():
        raise Failed("no-store", f"there is no store in {data}", "Name it: --data DIR.")
    with opened(data, store) as kept:
        try:
            return rederive(kept, run)
        except KeyError as error:
            known = suggestion(run, kept.logs())
            raise Failed("unknown-run", f"there is no run {run}", known) from error
        except OtherPlan as error:
            raise Failed(
                "plan-read-differently", str(error), "Replay it with that version."
            ) from error


def _remedy(found: Replayed) -> str:
    if found.methods:
        return (
            "Methods have changed since (named above): replay it with the version of that time "
            "to tell a changed method from changed evidence."
        )
    return "Check the log (phasegate audit verify) and who has written to the store."
