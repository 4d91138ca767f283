"""`phasegate flag check` and `references`: flags in files, without a server or beside it."""

from __future__ import annotations

from pathlib import Path

import click

from phasegate.cli import options
from phasegate.cli.connection import Connection
from phasegate.cli.failing import Failed, Misused
from phasegate.cli.flags import environment, query
from phasegate.cli.printing import print_json, print_table


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@options.as_json
def check(file: Path, as_json: bool) -> None:
    """Say everything that is wrong with a flagd document, in JSON or YAML. Needs no server.

    Ends with 1 where anything is: what our engine bears in silence, another one may not.

    \b
    Examples:
      phasegate flag check flags.yaml
    """
    from phasegate.flags.compile import compile_document
    from phasegate.flags.problem import BrokenDocument
    from phasegate.flags.reading import read_document

    try:
        flags = compile_document(read_document(file.read_text("utf-8")))
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise Misused("flag-file", f"{file}: {why}", "Name a file that can be read.") from error
    except (BrokenDocument, UnicodeDecodeError) as error:
        remedy = "See docs/reference/flags.md for what a document is."
        raise Failed("flag-document-broken", f"{file}: {error}", remedy) from error
    found = [{"path": p.path, "code": p.code, "text": p.text} for p in flags.problems]
    if as_json:
        print_json({"flags": len(flags.keys), "problems": found})
    else:
        for problem in flags.problems:
            click.echo(f"{problem.path}: {problem.text}  [{problem.code}]")
        click.echo(f"{len(flags.keys)} flags, {len(found)} problems")
    if found:
        raise click.exceptions.Exit(1)


@click.command()
@click.argument("tree", default=".", type=click.Path(path_type=Path))
@environment
@options.as_json
@options.connected
def references(api: Connection, tree: Path, environment: str | None, as_json: bool) -> None:
    """Find the flags of an environment in a tree of code, and those that are nowhere in it.

    A flag counts where its key stands whole and in quotes. Hidden folders, folders of
    dependencies, binary and very large files are left out.

    \b
    Examples:
      phasegate flag references src
    """
    from phasegate.cli.references import found_in
    from phasegate.flags.document import SHADOW

    if not tree.is_dir():
        raise Misused("no-tree", f"{tree} is no folder", "Name a folder of code.")
    document = api.get("/api/v1/flags", **query(environment))
    keys = [key for key in document.get("flags", {}) if not key.endswith(SHADOW)]
    found = found_in(tree, keys)
    nowhere = [key for key in keys if not found[key]]
    if as_json:
        print_json({"references": found, "nowhere": nowhere})
        return
    rows = [(key, place) for key in keys for place in found[key]]
    if rows:
        print_table(("flag", "place"), rows)
    if nowhere:
        click.echo(f"nowhere in {tree}: {', '.join(nowhere)}")
