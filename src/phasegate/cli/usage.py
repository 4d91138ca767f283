"""Wrong usage, told as every other error is: what is wrong, what was meant, and a code."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import click

from phasegate.cli.failing import Misused
from phasegate.core.problem import meant


class UnknownCommand(Misused):
    """There is no such command under a word."""

    def __init__(self, path: str, name: str, known: Iterable[str]) -> None:
        """path: the words before the name."""
        super().__init__(
            "unknown-command",
            f"{path} has no command {name!r}",
            f"{meant(name, known)}List all: {path} --help.",
        )


@contextmanager
def explained() -> Iterator[None]:
    """Turn what click finds wrong with a call into a Misused."""
    try:
        yield
    except click.UsageError as error:
        raise _misused(error) from error


def _misused(error: click.UsageError) -> click.ClickException:
    path = error.ctx.command_path if error.ctx else "phasegate"
    more, said = f"See {path} --help.", error.message.rstrip(".")
    match error:
        case click.NoSuchOption():
            name = error.option_name
            near = meant(name, _options(error.ctx))
            return Misused("unknown-option", f"{path} has no option {name}", f"{near}{more}")
        case click.MissingParameter():
            return _missing(error.param, path, more)
        case click.BadParameter():
            name = f"{_named(error.param)}: " if error.param else ""
            return Misused.told("bad-value", f"{path}: {name}{said}", more)
        case click.BadOptionUsage():
            # click does not say of which command.
            takes = "needs a value" if "requires" in said else "takes no value"
            return Misused(
                "option-value", f"{error.option_name} {takes}", "Its command's --help says more."
            )
    if type(error) is click.UsageError:
        return Misused("too-many-words", f"{path}: {said[:1].lower()}{said[1:]}", more)
    return error  # a word without its command: what follows is its help


def _missing(parameter: click.Parameter | None, path: str, more: str) -> Misused:
    name = _named(parameter) if parameter else "a value"
    means = parameter.help if isinstance(parameter, click.Option) else None
    return Misused("value-missing", f"{path} needs {name}", f"{means} {more}" if means else more)


def _named(parameter: click.Parameter) -> str:
    """Return an option as it is written, an argument as the usage line has it."""
    if isinstance(parameter, click.Option):
        return max(parameter.opts, key=len)
    return parameter.human_readable_name


def _options(ctx: click.Context | None) -> list[str]:
    parameters = ctx.command.get_params(ctx) if ctx else []
    return [name for parameter in parameters for name in parameter.opts if name[:1] == "-"]
