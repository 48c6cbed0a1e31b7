"""Pythons to run the worker with: the one that runs the tests, and every other from 3.6 up that is found."""

import ast
import functools
import platform
import sys
from pathlib import Path

import findpython
import pytest

from harness.guest import GUEST

GUEST_FILES = [path for path in sorted(GUEST.rglob("*.py")) if path.name != "__init__.py"]
"""The files that run in the interpreters under test."""

THIS = f"{sys.version_info.major}.{sys.version_info.minor}"
OTHERS = [version for version in (f"3.{minor}" for minor in range(6, 15)) if version != THIS]


def what_runs(path: Path) -> ast.Module:
    """Parse a file without what only type checkers see."""
    tree = ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 6))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = [ast.Pass()]
    return tree


@functools.cache
def found() -> dict[str, Path]:
    """Return an executable for each `major.minor` that is here."""
    pythons = {}
    for each in findpython.find_all():
        if each.implementation.lower() == "cpython" and not each.version.is_prerelease:
            pythons.setdefault(f"{each.major}.{each.minor}", Path(each.executable))
    if platform.python_implementation() == "CPython":
        pythons[THIS] = Path(sys.executable)
    return pythons


@pytest.fixture(scope="session", params=[THIS, *(pytest.param(version, marks=pytest.mark.slow) for version in OTHERS)])
def python(request) -> Path:
    """An interpreter of each version."""
    if request.param == THIS:
        return Path(sys.executable)
    if request.param not in found():
        pytest.skip(f"there is no Python {request.param} here")
    return found()[request.param]
