"""The guide's Python runs as it stands, from the first block to the last."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from openfeature import api
from openfeature.hook import clear_hooks

from phasegate.flags.document import FlagState

DOCS = Path(__file__).parents[2] / "docs"
GUIDE = (DOCS / "guides/flags.md").read_text("utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)


def test_the_guides_python_runs(plane: Any, tmp_path: Path, until: Callable[..., None]) -> None:
    plane.publish(1, FlagState(key="new_cart", exposure=10_000))
    names: dict[str, Any] = {"URL": plane.url, "TOKEN": None, "FOLDER": str(tmp_path)}

    try:
        for block in BLOCKS:
            exec(compile(block, "docs/guides/flags.md", "exec"), names)  # noqa: S102 our own page
        plane.publish(2, FlagState(key="new_cart", exposure=0))
        until(lambda: names["changed"])
        until((tmp_path / "flags.json").exists)
    finally:
        for name in ("flags", "kept"):
            names[name].close()
        api.clear_providers()
        clear_hooks()

    assert (names["new_cart"], names["why"], names["on"]) == (True, "STATIC", True)
    assert (names["page"], names["total"], names["changed"]) == (20, 10, ["new_cart"])
