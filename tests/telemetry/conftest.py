"""A real SDK to record with."""

from __future__ import annotations

import pytest

from phasegate.testing.exporting import Recorder


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()
