"""The demonstration does what the README says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.e2e
@pytest.mark.timeout(240)
def test_the_demonstration_happens_as_promised_within_three_minutes() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "demo")],
        capture_output=True,
        text=True,
        timeout=220,
        check=False,
    )

    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    assert "ai_model_router_v2 alone is back" in done.stdout
    assert "the mended release serves everyone" in done.stdout
