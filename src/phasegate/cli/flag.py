"""`phasegate flag`: the noun under which everything about flags is found."""

from __future__ import annotations

import click

from phasegate.cli.lazy import LazyGroup, lazily

COMMANDS = {
    "list": ("phasegate.cli.flag_look:list_flags", "List the flags that applications are served."),
    "show": ("phasegate.cli.flag_look:show", "Show one flag and every change of it by hand."),
    "stale": ("phasegate.cli.flag_look:stale", "List flags that have outlived their purpose."),
    "create": ("phasegate.cli.flag_life:create", "Bring a flag about, off for everyone."),
    "define": ("phasegate.cli.flag_life:define", "Give a flag a rule of its own."),
    "describe": ("phasegate.cli.flag_life:describe", "Say who owns a flag, and until when."),
    "require": ("phasegate.cli.flag_life:require", "Say which flags must be on for a flag."),
    "set": ("phasegate.cli.flag_change:set_flag", "Serve a flag to a share of everybody."),
    "schedule": ("phasegate.cli.flag_change:schedule", "Set a flag at a time to come."),
    "unschedule": ("phasegate.cli.flag_change:unschedule", "Take back what is scheduled."),
    "kill": ("phasegate.cli.flag_change:kill", "Serve a flag to nobody until it is revived."),
    "revive": ("phasegate.cli.flag_change:revive", "Serve a killed flag again."),
    "archive": ("phasegate.cli.flag_life:archive", "Leave a flag to the code that still asks."),
    "restore": ("phasegate.cli.flag_life:restore", "Serve an archived flag again."),
    "hashing": ("phasegate.cli.flag_life:hashing", "Choose how an environment buckets subjects."),
    "check": ("phasegate.cli.flag_files:check", "Say everything that is wrong with a document."),
    "references": ("phasegate.cli.flag_files:references", "Find flags in a tree of code."),
}


@lazily(COMMANDS)
@click.group(cls=LazyGroup)
def flag() -> None:
    """Look at flags, and change them by hand.

    The exposure of a flag under a run belongs to the run; killing it works at any time.
    """
