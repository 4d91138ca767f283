"""What the commands on a store share: lending it, telling what is wrong, showing how far it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from phasegate.cli.failing import Failed

if TYPE_CHECKING:
    from phasegate.adapters.stores.archive import Begun
    from phasegate.ports import Store


@contextmanager
def there(data: str, store: str) -> Iterator[Store]:
    """Lend a store that exists already; looking at one must not make it."""
    from phasegate.cli.token import opened

    if store == "sqlite" and not Path(data).is_dir():
        raise Failed("no-store", f"there is no store in {data}", "Name it: --data DIR.")
    with opened(Path(data), store) as kept:
        yield kept


@contextmanager
def failing() -> Iterator[None]:
    """Turn what keeps a store from being copied into a Failed."""
    from phasegate.adapters.stores.backup_file import Unreadable, Unwritable
    from phasegate.adapters.stores.sql_backup import NotEmpty, Unsound
    from phasegate.ports import Unavailable

    try:
        yield
    except NotEmpty as error:
        remedy = "Restore into a new folder or a new database; nothing was changed."
        raise Failed.told("store-not-empty", str(error), remedy) from error
    except Unsound as error:
        why = f"the backup is not what was written, and was not restored: {error}"
        raise Failed("backup-flawed", why, "Restore another backup.") from error
    except Unreadable as error:
        raise Failed.told("backup-unreadable", str(error), "Nothing was changed.") from error
    except Unwritable as error:
        raise Failed.told("backup-failed", str(error), "No backup was made.") from error
    except Unavailable as error:
        raise Failed.told("store-unavailable", str(error), "Nothing was half done.") from error


@contextmanager
def bar(what: str, *, show: bool) -> Iterator[Begun]:
    """Show on stderr how far something is, where somebody looks."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    hidden = not (show and console.is_terminal)
    with Progress(*columns, console=console, transient=True, disable=hidden) as bar:
        task = bar.add_task(what, total=None)

        def begun(total: int) -> Callable[[int], None]:
            bar.update(task, total=total or None)
            return lambda count: bar.advance(task, count)

        yield begun
