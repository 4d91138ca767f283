"""`phasegate store`: the control plane's own memory, kept safe and kept small."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from phasegate.cli import options, values
from phasegate.cli.failing import Failed
from phasegate.cli.lazy import Commands
from phasegate.cli.printing import print_json, print_table
from phasegate.cli.stores import bar, failing, there
from phasegate.core.canonical import plain

if TYPE_CHECKING:
    from phasegate.adapters.stores.archive import Found, Logs
    from phasegate.adapters.stores.backup_file import Head
    from phasegate.adapters.stores.sql_backup import Settle
    from phasegate.core.event import Event
    from phasegate.engine.restored import Plans
    from phasegate.ports import Settlement, Store

FILE = click.Path(dir_okay=False, path_type=Path)


@click.group(cls=Commands)
def store() -> None:
    """Back the store up, restore it, prove it, and keep it small. Works on the store itself."""


@store.command()
@click.argument("file", type=FILE)
@options.store
@options.as_json
def backup(file: Path, data: str, store: str, as_json: bool) -> None:
    """Write all that the store has to FILE, as it is at one moment.

    Servers go on meanwhile, and nothing is waited for. FILE is there whole or not at all, for its
    owner alone, and restores into either kind of store. It holds the key under which subjects are
    hashed, and no subject, secret of a token, or password. A key in a file `subjects.key` of your
    own is not in it: keep that beside.

    \b
    Examples:
      phasegate store backup monday.phasegate
      phasegate store backup /backups/monday.phasegate \\
        --store postgresql://pg@db/phasegate
    """
    from phasegate.adapters.stores.archive import back_up
    from phasegate.settings import Settings

    origin = Settings(data=Path(data), store=store).adapter
    with there(data, store) as kept, failing(), bar("backing up", show=not as_json) as begun:
        found = back_up(kept, file, origin, datetime.now(UTC).replace(microsecond=0), begun)
    _tell(found, f"{file}: {file.stat().st_size:,} bytes", as_json=as_json)


@store.command()
@click.argument("file", type=FILE)
@click.option(
    "--as-it-was",
    is_flag=True,
    help="Go on where the backup stopped. Only where no server decided anything since it was made.",
)
@click.option("--by", default="restore", metavar="NAME", show_default=True, help="Who does it.")
@options.store
@options.as_json
def restore(*, file: Path, as_it_was: bool, by: str, data: str, store: str, as_json: bool) -> None:
    """Put the backup FILE into an empty store, prove it, and only then keep it.

    What was decided after the backup is not known any more: a component may have been taken back.
    So all that was on trial is taken back, and runs are paused, until a person lets them go on
    (`phasegate run retry`, `phasegate run resume`). A rollback is confirmed once the applications
    of before cannot serve the old exposure any more, at the latest when their lease has ended.

    \b
    Examples:
      phasegate store restore monday.phasegate --data /var/lib/phasegate
      phasegate store restore moved.phasegate --as-it-was \\
        --store postgresql://pg@db/phasegate
    """
    from phasegate.adapters.stores import archive
    from phasegate.cli.token import opened

    with failing():
        made_at = archive.made_at(file)  # before a store is made for what is no backup
    added: list[Event] = []
    settle = _settling(file, made_at, by, added, as_it_was=as_it_was)
    with (
        opened(Path(data), store) as kept,
        failing(),
        bar("restoring", show=not as_json) as begun,
    ):
        head = archive.restore(kept, file, settle, begun)
    _tell_restored(head, added, as_json=as_json)


def _settling(file: Path, made_at: str, by: str, added: list[Event], *, as_it_was: bool) -> Settle:
    """Return what settles a restored store; the events that it adds are put on `added`."""
    from phasegate.adapters.stores.backup_file import Unreadable
    from phasegate.engine.restored import settlement

    def settle(logs: Logs, plans: Plans) -> Settlement:
        why = f"restored from a backup of {made_at}; what came since is not known"
        now = datetime.now(UTC)
        try:
            found = settlement(
                logs,
                plans,
                why=why,
                actor=by,
                now=now,
                made_at=datetime.fromisoformat(made_at),
                as_it_was=as_it_was,
            )
        except ValueError as error:
            raise Unreadable(f"this version does not know a log in {file}: {error}") from error
        added.extend(found.events)
        return found

    return settle


def _tell_restored(head: Head, added: list[Event], *, as_json: bool) -> None:
    if as_json:
        told = [{"log": each.log, "number": each.number, "kind": each.kind} for each in added]
        print_json({"made_at": head.made_at, "rows": dict(head.rows), "added": told})
        return
    click.echo(f"restored {sum(head.rows.values()):,} rows of {head.made_at}; every chain holds")
    for each in added:
        click.echo(f"  {each.log}: event {each.number} {each.kind}")
    click.echo("Flags that people changed are as they were then: phasegate flag list.")


@store.command()
@click.argument("file", type=FILE, required=False)
@options.store
@options.as_json
def verify(file: Path | None, data: str, store: str, as_json: bool) -> None:
    """Look at all of the store, or of the backup FILE; exit code 1 if anything is not sound.

    Every hash chain, every packed tally and every plan's text is looked at, nothing is changed,
    and servers go on. A log that was cut at its end shows only beside a number that is known from
    elsewhere, so the last number and hash of each log are printed.

    \b
    Examples:
      phasegate store verify
      phasegate store verify monday.phasegate
    """
    from phasegate.adapters.stores.archive import verify_file, verify_store

    with failing(), bar("verifying", show=not as_json) as begun:
        if file is not None:
            found = verify_file(file, begun)
        else:
            with there(data, store) as kept:
                found = verify_store(kept, datetime.now(UTC), begun)
    _tell(found, "sound", as_json=as_json)


@store.command()
@click.option(
    "--pack-minutes-after",
    metavar="DURATION",
    default="1h",
    show_default=True,
    callback=values.duration,
    help="Age at which tallies of seconds are packed by the minute.",
)
@click.option(
    "--pack-hours-after",
    metavar="DURATION",
    default="24h",
    show_default=True,
    callback=values.duration,
    help="Age at which those are packed by the hour.",
)
@click.option(
    "--shrink",
    is_flag=True,
    help="Give freed room back to the disk as well; servers wait meanwhile, so end them first.",
)
@options.store
@options.as_json
def compact(
    *,
    pack_minutes_after: timedelta,
    pack_hours_after: timedelta,
    shrink: bool,
    data: str,
    store: str,
    as_json: bool,
) -> None:
    """Pack old tallies, as servers do by themselves; no judgement changes by it.

    \b
    Examples:
      phasegate store compact
      phasegate store compact --pack-minutes-after 5m --pack-hours-after 1h \\
        --shrink
    """
    from phasegate.adapters.stores import archive

    with there(data, store) as kept, failing():
        packed = _pack(kept, pack_minutes_after, pack_hours_after, show=not as_json)
        if shrink:
            archive.shrink(kept)
    if as_json:
        print_json({"packed": packed, "shrunk": shrink})
    else:
        click.echo(f"{packed:,} tallies packed" + (", and room given back" if shrink else ""))


def _pack(kept: Store, minutes: timedelta, hours: timedelta, *, show: bool) -> int:
    from phasegate.engine.retention import STEP
    from phasegate.ports import Conflict

    now, packed = datetime.now(UTC), 0
    minutes_ms, hours_ms = (int((now - age).timestamp() * 1000) for age in (minutes, hours))
    with bar("packing", show=show) as begun:
        done = begun(0)
        while True:
            try:
                handled = kept.compact(minutes_ms, hours_ms, STEP)
            except Conflict:
                # A server packs as well; what it has done is not there any more the next time.
                continue
            if not handled:
                return packed
            packed += handled
            done(handled)


def _tell(found: Found, summary: str, *, as_json: bool) -> None:
    if as_json:
        heads = {log: {"number": n, "hash": h} for log, (n, h) in found.heads.items()}
        print_json({**cast("dict[str, object]", plain(found)), "heads": heads})
    if found.flaws:
        raise Failed(
            "store-flawed",
            "not everything is what was written: " + "; ".join(found.flaws),
            "Trust nothing that rests on it; restore a backup, and find out who wrote to it.",
        )
    if not as_json:
        if found.heads:
            rows = [(log, f"{number}", head) for log, (number, head) in found.heads.items()]
            print_table(("log", "events>", "hash of the last"), rows)
        click.echo(f"{summary}; {sum(found.rows.values()):,} rows, every chain holds")
