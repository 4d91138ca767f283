"""What the process uses, measured from /proc."""

from __future__ import annotations

import os
import time
from pathlib import Path

STATM = Path("/proc/self/statm")
MEMINFO = Path("/proc/meminfo")
LIMIT = Path("/sys/fs/cgroup/memory.max")


class Resources:
    """Reads memory and processor use; the latter since the last reading."""

    def __init__(self) -> None:
        self._cpu, self._at = time.process_time(), time.monotonic()

    def read(self) -> dict[str, float]:
        """Return percent of the memory allowed (or there is), and of one core since last time."""
        cpu, at = time.process_time(), time.monotonic()
        passed = max(at - self._at, 1e-9)
        used = 100 * (cpu - self._cpu) / passed
        self._cpu, self._at = cpu, at
        return {"memory_percent": round(memory_percent(), 2), "cpu_percent": round(used, 2)}


def memory_percent() -> float:
    """Return resident memory as percent of the control group's limit, or of all memory."""
    resident = int(STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return 100 * resident / _allowed()


def _allowed() -> int:
    total = next(
        int(line.split()[1]) * 1024
        for line in MEMINFO.read_text().splitlines()
        if line.startswith("MemTotal:")
    )
    limit = LIMIT.read_text().strip() if LIMIT.exists() else "max"
    return total if limit == "max" else min(int(limit), total)
