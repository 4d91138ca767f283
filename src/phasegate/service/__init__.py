"""What people do: each function loads, asks the core, and appends if nobody was faster."""

from phasegate.service.commanding import command
from phasegate.service.flags import change_flag, flag_standings, flags_before, journal
from phasegate.service.reading import load, runs
from phasegate.service.refusals import name_refused
from phasegate.service.starting import Rejected, StartRequest, start

__all__ = [
    "Rejected",
    "StartRequest",
    "change_flag",
    "command",
    "flag_standings",
    "flags_before",
    "journal",
    "load",
    "name_refused",
    "runs",
    "start",
]
