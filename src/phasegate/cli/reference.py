"""The reference page of the command line, written from the commands themselves."""

from __future__ import annotations

from collections.abc import Iterator
from inspect import cleandoc

import click

INTRODUCTION = """\
# Command line

<!-- Written by scripts/docs from the commands; change their help, not this page. -->

Every command has `--help`.
Every command that answers has `--json`.
Errors are told on stderr either way, with a code that `phasegate explain` knows.

| exit code | means |
|---|---|
| 0 | done; what was asked for holds |
| 1 | refused, or a check failed |
| 2 | wrong usage |
| 3 | the server did not answer |

Where a command takes `RUN` or `--run`, it may be left out while exactly one run is under way.
"""


def page(root: click.Command, name: str = "phasegate") -> str:
    """Return the whole page as Markdown."""
    return "\n".join([INTRODUCTION, *_sections(root, click.Context(root, info_name=name))])


def leaves(
    root: click.Command, ctx: click.Context
) -> Iterator[tuple[click.Context, click.Command]]:
    """Yield every command that is no group, with its context."""
    if not isinstance(root, click.Group):
        yield ctx, root
        return
    for name in root.list_commands(ctx):
        command = root.get_command(ctx, name)
        if command is not None:
            yield from leaves(command, click.Context(command, info_name=name, parent=ctx))


def _sections(root: click.Command, ctx: click.Context) -> Iterator[str]:
    last = ""
    for below, command in leaves(root, ctx):
        noun = below.command_path.split()[1]
        if noun != last:
            yield f"## {noun}\n"
            last = noun
        yield from _section(below, command)


def _section(ctx: click.Context, command: click.Command) -> Iterator[str]:
    usage = " ".join([ctx.command_path, *command.collect_usage_pieces(ctx)])
    yield f"### `{usage.replace(' [OPTIONS]', '')}`\n"
    yield from _prose(command.help or "")
    rows = [row for row in map(_option, command.params) if row]
    if rows:
        yield "\n".join(["| option | means |", "|---|---|", *rows, ""])


def _prose(text: str) -> Iterator[str]:
    """Paragraphs one by one; what click is told to leave as it is becomes code."""
    for paragraph in cleandoc(text).split("\n\n"):
        if paragraph.startswith("\b\n"):
            lines = [line.strip(" ") for line in paragraph.splitlines()[2:]]
            yield "\n".join(["```sh", *lines, "```", ""])
        else:
            yield " ".join(paragraph.split()).replace(". ", ".\n") + "\n"


def _option(parameter: click.Parameter) -> str:
    if not isinstance(parameter, click.Option):
        return ""
    value = "" if parameter.is_flag else f" {_metavar(parameter)}"
    names = ", ".join(f"`{option}{value}`" for option in parameter.opts).replace("|", "\\|")
    return f"| {names} | {_means(parameter)} |"


def _means(option: click.Option) -> str:
    notes = ["required"] if option.required else []
    if option.show_default:
        words = isinstance(option.show_default, str)
        notes.append(f"default {option.show_default if words else f'`{option.default}`'}")
    if isinstance(option.envvar, str):
        notes.append(f"environment `{option.envvar}`")
    text = (option.help or "").replace("|", "\\|")
    return f"{text} ({', '.join(notes)})".strip() if notes else text


def _metavar(option: click.Option) -> str:
    if option.metavar:
        return option.metavar
    if isinstance(option.type, click.Choice):
        return "|".join(str(choice) for choice in option.type.choices)
    return option.type.name.upper()
