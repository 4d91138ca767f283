"""A server on a machine whose wall clock is set wrong while it runs.

No machine's clock is touched: the process adds to it the seconds that a file holds.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from phasegate.engine.clock import utc_now
from phasegate.server.app import Server
from phasegate.server.run import listen, log_to_stderr, run
from phasegate.settings import Settings


def main(wall: Path, data: Path) -> None:
    """Serve on any free port, with the clock that the file `wall` makes wrong."""
    listener = listen("127.0.0.1", 0)
    settings = Settings(
        data=data,
        store=os.environ["PHASEGATE_STORE"],
        port=listener.getsockname()[1],
        environment="drill",
    )
    log_to_stderr()

    def ready() -> None:
        sys.stdout.write(json.dumps({"url": settings.url}) + "\n")
        sys.stdout.flush()

    run(Server(settings, wrong_by(wall)), listener, ready)


def wrong_by(place: Path) -> Callable[[], datetime]:
    """Return a wall clock that is wrong by the seconds in a file; right while there is none."""

    def wall() -> datetime:
        text = place.read_text() if place.exists() else ""
        return utc_now() + timedelta(seconds=float(text or 0))

    return wall


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
