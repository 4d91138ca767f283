from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from click.testing import Result

TOLD = {
    "received": 12,
    "joined": 9,
    "unjoined": 2,
    "ignored": 1,
    "bodies": {
        "accepted": {"traces": 10, "logs": 2, "metrics": 0},
        "rejected": {"traces": 1, "logs": 0, "metrics": 0},
        "refused": {"malformed": 3, "crowded": 0},
    },
}


def test_what_became_of_telemetry_is_told_with_its_meaning(
    server: Any, phasegate: Callable[..., Result]
) -> None:
    server.on("GET", "/api/v1/telemetry", TOLD)

    lines = phasegate("telemetry").stdout.splitlines()

    assert lines[0].split() == ["accepted", "traces", "10,", "logs", "2,", "metrics", "0"]
    assert lines[2].split() == ["refused", "malformed", "3,", "crowded", "0"]
    (unjoined,) = [line for line in lines if line.startswith("unjoined")]
    assert unjoined.split()[1] == "2"
    assert unjoined.endswith("did not come in time  !")


def test_what_is_as_it_should_be_is_not_marked(
    server: Any, phasegate: Callable[..., Result]
) -> None:
    server.on("GET", "/api/v1/telemetry", {**TOLD, "unjoined": 0})

    assert "!" not in phasegate("telemetry").stdout


def test_programs_get_it_as_the_server_tells_it(
    server: Any, phasegate: Callable[..., Result]
) -> None:
    server.on("GET", "/api/v1/telemetry", TOLD)

    assert json.loads(phasegate("telemetry", "--json").stdout) == TOLD
