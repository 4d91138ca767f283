"""Which applications of other servers may not have a version in force yet, from their reports."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from phasegate.ports import Report

SILENT_MS = 5_000
"""A server that was not heard for so long is gone, or stalled, or cut off from the store."""


def connected(reports: Sequence[Report]) -> frozenset[str]:
    """Return the applications that are connected to a server that lives."""
    live = (report.reach.streams for report in reports if _lives(report))
    return frozenset(name for streams in live for name in streams)


def unconfirmed(reports: Sequence[Report], version: int, here: Collection[str]) -> Iterator[str]:
    """Say what is not yet at this version, or a later one.

    reports  of all servers but this one. here: the applications that are connected to this one.

    A server that is silent may still serve those who were connected to it, until they are
    connected elsewhere or the lease they had from it has ended.
    """
    found_again = connected(reports) | frozenset(here)
    for report in reports:
        reach = report.reach
        lost = dict(reach.lost)
        if _lives(report):
            if reach.version < version:
                yield f"server {report.server} does not serve it yet"
            behind = (name for name, has in reach.streams.items() if has < version)
            yield from (f"application {name} has not confirmed" for name in behind)
        else:
            lost |= reach.streams
        if reach.leased_ms != 0:
            unreached = sorted(name for name, has in lost.items() if has < version)
            yield from (
                f"application {name} was lost and may still serve"
                for name in unreached
                if name not in found_again
            )


def _lives(report: Report) -> bool:
    return report.silent_ms < SILENT_MS
