"""All drills by name, in the order in which they are best read."""

from __future__ import annotations

from collections.abc import Mapping

from phasegate.drills import (
    clock_jump,
    delivered_twice,
    disk_full,
    restored,
    server_killed,
    slow_store,
    split,
    stalled_server,
    store_gone,
    telemetry_cut,
)
from phasegate.drills.drill import Drill

DRILLS: Mapping[str, Drill] = {
    module.DRILL.name: module.DRILL
    for module in (
        server_killed,
        store_gone,
        telemetry_cut,
        clock_jump,
        disk_full,
        slow_store,
        delivered_twice,
        split,
        stalled_server,
        restored,
    )
}
