"""The only place that turns names into concrete classes and puts the engine together."""

from phasegate.wiring.engine import Engine
from phasegate.wiring.installed import UnknownAdapter, metric_sources, open_store

__all__ = ["Engine", "UnknownAdapter", "metric_sources", "open_store"]
