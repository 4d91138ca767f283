"""Names turned into what is installed under them: stores, checks, metric sources."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path
from typing import Any  # what an entry point loads is known by its port only

from phasegate.adapters.metrics.uninstalled import UninstalledSource
from phasegate.ports import MetricSource, Store
from phasegate.settings import Settings


class UnknownAdapter(Exception):
    """A name that no installed adapter goes by."""


def open_store(settings: Settings) -> Store:
    """Open the store that the settings name. Raises UnknownAdapter, Unavailable."""
    store: Store = _load("stores", settings.adapter)(settings.data, settings.store)
    return store


def adapters(group: str) -> dict[str, Any]:
    """Return one instance of every installed adapter of a group, by name."""
    return {
        point.name: point.load()() for point in metadata.entry_points(group=f"phasegate.{group}")
    }


def metric_sources() -> dict[str, MetricSource]:
    """Return every metric source by name; one whose packages are missing says so when asked."""
    found: dict[str, MetricSource] = {}
    for point in metadata.entry_points(group="phasegate.metric_sources"):
        try:
            found[point.name] = point.load()()
        except ModuleNotFoundError as error:
            found[point.name] = UninstalledSource(point.name, error.name)
    return found


def subject_key(store: Store, data: Path) -> bytes:
    """Return the key under which subjects are hashed, the same for all servers of a store.

    Whoever wants it out of the store gives every server the same file `subjects.key`.
    """
    path = data / "subjects.key"
    return path.read_bytes() if path.exists() else store.secret("subjects")


def _load(group: str, name: str) -> Any:
    points = {point.name: point for point in metadata.entry_points(group=f"phasegate.{group}")}
    if name not in points:
        known = ", ".join(sorted(points))
        raise UnknownAdapter(f"no {group} adapter is called {name}. Known: {known}.")
    try:
        return points[name].load()
    except ModuleNotFoundError as error:
        raise UnknownAdapter(
            f"the {group} adapter {name} needs the package {error.name}. "
            f"Install phasegate[{_EXTRAS.get(name, 'all')}]."
        ) from error


_EXTRAS = {"postgres": "postgres", "postgresql": "postgres"}
"""Which extra an adapter's packages stand in."""
