"""One flag as people left it: who owns it, until when it is meant to live, what is planned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any  # a flag's definition is JSON


@dataclass(frozen=True, kw_only=True)
class Scheduled:
    """An exposure that is to be set at a time. number: of the event that planned it."""

    number: int
    exposure: int
    at: datetime
    by: str


@dataclass(frozen=True, kw_only=True)
class Record:
    """What people did to one flag by hand.

    exposure    basis points they set; None: nobody ever did.
    definition  a whole flagd flag instead of a rollout, where they gave one.
    expires     the day by which the flag should be gone from code.
    archived    served as disabled: applications that still ask get their own default.
    over        the run that had the flag last and has ended, where they set or defined the flag
                after it: then that holds until another run has the flag.
    """

    key: str
    created: datetime
    created_by: str
    changed: datetime | None = None
    exposure: int | None = None
    definition: Mapping[str, Any] | None = None
    owner: str = ""
    about: str = ""
    expires: date | None = None
    requires: tuple[str, ...] = ()
    killed: bool = False
    archived: bool = False
    over: str = ""
    scheduled: tuple[Scheduled, ...] = ()
