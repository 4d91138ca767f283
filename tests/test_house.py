"""What CONTRIBUTING.md promises of the code's shape, and import-linter cannot see."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CORE = sorted(ROOT.glob("src/phasegate/core/**/*.py"))
MODULES = sorted([*ROOT.glob("src/**/*.py"), *ROOT.glob("bench/**/*.py")])

IMPURE = {"io", "logging", "os", "random", "secrets", "socket", "subprocess", "threading", "time"}
"""Of the standard library, what asks a clock, draws lots, or reaches out."""

TYPES = {"_typeshed"}
"""There for the type checker alone."""

ALLOWED = (sys.stdlib_module_names | TYPES) - IMPURE

NOW = {"datetime.now", "datetime.today", "datetime.utcnow", "date.today"}


@pytest.mark.parametrize("path", CORE, ids=lambda path: path.stem)
def test_the_core_needs_the_standard_library_alone_and_asks_nobody(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))

    outside = {name for name in imported(tree) if not name.startswith("phasegate.core")}
    asked = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}

    assert {name.partition(".")[0] for name in outside} <= ALLOWED
    assert asked & (NOW | {"open"}) == set()


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_begins_with_its_idea(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))

    assert not tree.body or ast.get_docstring(tree)


def imported(tree: ast.AST) -> Iterator[str]:
    """Yield the full names of the modules that a module imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
