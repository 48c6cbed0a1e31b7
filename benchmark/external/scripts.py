"""The scripts that are run: those of the data set, with the modules next to them, as they are or traced."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

from benchmark.external.dataset import Bug
from benchmark.external.frameworks import Framework
from harness.pinpoint.suspicious_files.tracing import traced

_TRACED_S = 300


def placed_script(bug: Bug, framework: Framework, folder: Path, added: Sequence[str] = ()) -> Path:
    """Return the script of a bug, or a copy in a folder: with a header, if it needs one, and the modules next to it.

    The packages `added` are added to the environments that do not have them.
    """
    header = _header(bug, framework, added)
    return _copy(bug, bug.script.name, header + _source(bug), folder) if header else bug.script


def placed_traced_script(bug: Bug, framework: Framework, folder: Path) -> Path:
    """Write a script that runs that of a bug and prints which functions of the framework it calls."""
    header = _header(bug, framework, (), isolation="process", timeout=_TRACED_S)
    return _copy(bug, f"{bug.id}-traced.py", header + traced(_source(bug), framework.modules), folder)


def added_packages(bug: Bug, framework: Framework) -> tuple[str, ...]:
    """Return the packages that the script of a bug imports, and that the environments do not have."""
    return tuple(package for module, package in framework.added if module in bug.imports)


def _source(bug: Bug) -> str:
    return bug.script.read_text(encoding="utf-8")


def _header(bug: Bug, framework: Framework, added: Sequence[str], **settings: object) -> str:
    if bug.helpers:
        settings["files"] = [each.name for each in bug.helpers]
    if framework.memory_mib is not None:
        settings["memory"] = framework.memory_mib
    lines = [f"# dependencies = {json.dumps(added)}\n"] if added else []
    if settings:
        lines += ["# [tool.harness]\n", *(f"# {name} = {json.dumps(value)}\n" for name, value in settings.items())]
    return "".join(["# /// script\n", *lines, "# ///\n"]) if lines else ""


def _copy(bug: Bug, name: str, text: str, folder: Path) -> Path:
    place = folder / bug.id
    place.mkdir(exist_ok=True)
    for each in bug.helpers:
        shutil.copyfile(each, place / each.name)
    (place / name).write_text(text, encoding="utf-8")
    return place / name
