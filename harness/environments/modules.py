"""The modules of the packages of an environment. Reads the RECORD files of their wheels."""

from __future__ import annotations

import contextlib
import csv
from pathlib import Path

from packaging.utils import NormalizedName, canonicalize_name

from harness.environments.integrity import site_packages


def modules_of(folder: Path, package: NormalizedName) -> tuple[str, ...]:
    """Return the module to import of a package in an environment: that of its name, or the only one that it has."""
    tops = {top for record in _records(folder) if _name(record) == package for top in _tops(record)}
    modules = sorted(each for each in tops if each.isidentifier() and not each.startswith("_"))
    wanted = package.replace("-", "_")
    named = [each for each in modules if each.lower() == wanted]
    return tuple(named or (modules if len(modules) == 1 else []))


def packages_by_module(folder: Path) -> dict[str, NormalizedName]:
    """Return the package of each top-level module of an environment. A module of several packages is left out."""
    owners: dict[str, set[NormalizedName]] = {}
    for record in _records(folder):
        for top in _tops(record):
            if top.isidentifier():
                owners.setdefault(top, set()).add(_name(record))
    return {module: next(iter(packages)) for module, packages in owners.items() if len(packages) == 1}


def _records(folder: Path) -> list[Path]:
    return sorted(site_packages(folder).glob("*.dist-info/RECORD"))


def _tops(record: Path) -> set[str]:
    tops: set[str] = set()
    with (
        record.open(encoding="utf-8", errors="surrogateescape", newline="") as stream,
        contextlib.suppress(csv.Error),
    ):
        tops.update(_top(row[0]) for row in csv.reader(stream) if row)
    return tops


def _name(record: Path) -> NormalizedName:
    return canonicalize_name(record.parent.name.removesuffix(".dist-info").rpartition("-")[0])


def _top(path: str) -> str:
    """Return the module that a file belongs to, or something that is no identifier."""
    top, slash, _ = path.partition("/")
    return top if slash else top.removesuffix(".py") if top.endswith(".py") else "-"
