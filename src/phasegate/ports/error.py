"""The errors that adapters may raise."""

from __future__ import annotations


class Unavailable(Exception):
    """The world could not be reached or did not answer in time; trying again may help."""


class NoData(Exception):
    """The source answered, and has nothing for what was asked."""


class Conflict(Exception):
    """Somebody was faster: the event number is taken, or the fence is older than the last write."""
