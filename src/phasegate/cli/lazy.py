"""A command group whose parts are imported when they are called, so that every start is quick."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module

import click

from phasegate.cli.usage import UnknownCommand, explained


class Commands(click.Group):
    """Commands under one word. A mistyped one is told with the one that was meant."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that is named. Raises UnknownCommand."""
        name, known = args[0], self.list_commands(ctx)
        if name not in known and not name.startswith("-") and not ctx.resilient_parsing:
            raise UnknownCommand(ctx.command_path, name, known)
        return super().resolve_command(ctx, args)


class LazyGroup(Commands):
    """Knows its commands by name and one line of help; `places` are `module:attribute`."""

    places: Mapping[str, tuple[str, str]] = {}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order they are meant to be read."""
        return [*self.places, *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command now that somebody asks for it."""
        if cmd_name not in self.places:
            return super().get_command(ctx, cmd_name)
        module, _, attribute = self.places[cmd_name][0].partition(":")
        command = getattr(import_module(module), attribute)
        if not isinstance(command, click.Command):
            raise AssertionError(f"{module}:{attribute} is no command")
        return command

    def format_commands(self, _: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing any of them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in self.places.items()])


class Program(LazyGroup):
    """The outermost group: wrong usage of anything below is told as every other error is."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: object,
    ) -> click.Context:
        """Read what stands before the first noun."""
        with explained():
            return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> object:
        """Read the rest, and carry the command out."""
        with explained():
            return super().invoke(ctx)


def lazily(places: Mapping[str, tuple[str, str]]) -> Callable[[click.Group], click.Group]:
    """Give a lazy group its commands: name → (`module:attribute`, one line of help)."""

    def give(group: click.Group) -> click.Group:
        if not isinstance(group, LazyGroup):
            raise AssertionError(f"{group.name} is not lazy")
        group.places = places
        return group

    return give
