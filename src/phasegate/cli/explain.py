"""`phasegate explain`: a paragraph on the code that stands at the end of a message."""

from __future__ import annotations

import click

from phasegate.cli import options
from phasegate.cli.codes import EXPLANATIONS
from phasegate.cli.failing import Failed
from phasegate.cli.flag_codes import FLAG_EXPLANATIONS
from phasegate.cli.printing import print_json
from phasegate.cli.store_codes import STORE_EXPLANATIONS
from phasegate.core.problem import meant


def _codes(_: click.Context, __: click.Parameter, begun: str) -> list[str]:
    return sorted(code for code in explanations() if code.startswith(begun))


@click.command()
@click.argument("code", required=False, shell_complete=_codes)
@options.as_json
def explain(code: str | None, as_json: bool) -> None:
    """Explain the code of a message; without one, list all codes.

    \b
    Examples:
      phasegate explain exposure-range
      phasegate explain
    """
    known = explanations()
    if code is None:
        if as_json:
            print_json(known)
        else:
            click.echo("\n".join(sorted(known)))
        return
    if code not in known:
        raise _unknown(code, known)
    if as_json:
        print_json({"code": code, "text": known[code]})
    else:
        click.echo(click.wrap_text(f"{code}: {known[code]}", width=80))


def explanations() -> dict[str, str]:
    """Return a paragraph for every code of the program, whoever says it."""
    from phasegate.core.explain import explanations as of_plans

    return {**EXPLANATIONS, **FLAG_EXPLANATIONS, **STORE_EXPLANATIONS, **of_plans}


def _unknown(code: str, known: dict[str, str]) -> Failed:
    remedy = f"{meant(code, known)}List all: phasegate explain."
    return Failed("unknown-code", f"no message has the code {code}", remedy)
