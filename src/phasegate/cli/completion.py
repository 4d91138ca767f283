"""`phasegate completion`: what a shell needs to complete commands."""

from __future__ import annotations

import click

from phasegate.cli import options
from phasegate.cli.printing import print_json

SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
@options.as_json
def completion(shell: str, as_json: bool) -> None:
    """Print a completion script for a shell.

    \b
    Examples:
      eval "$(phasegate completion bash)"
      phasegate completion fish > ~/.config/fish/completions/phasegate.fish
    """
    from click.shell_completion import get_completion_class

    from phasegate.cli.main import cli

    kind = get_completion_class(shell)
    if kind is None:
        raise AssertionError(f"click knows no {shell}")
    script = kind(cli, {}, "phasegate", "_PHASEGATE_COMPLETE").source()
    if as_json:
        print_json({"shell": shell, "script": script})
    else:
        click.echo(script)
