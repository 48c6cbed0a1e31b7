"""Rank the files of a framework that differ between two versions, as `harness pinpoint` does."""

from __future__ import annotations

import functools
import shutil
from collections.abc import Sequence
from pathlib import Path

from packaging.utils import NormalizedName, canonicalize_name

from benchmark.external.dataset import plain_path
from benchmark.external.frameworks import Framework
from harness.pinpoint.suspicious_files.ranking import Differing, Suspect, differing, python_files, suspects
from harness.pinpoint.suspicious_files.tracing import Trace


def ranked_files(framework: Framework, bad: Path, good: Path, trace: Trace) -> list[Suspect]:
    """Return the Python files of `bad` that differ in `good`, or are gone, in the order of suspicion.

    `bad` and `good` are `site-packages` folders, and the trace is of a run in `bad`.
    """
    return suspects(_differing(framework, bad, good), trace)


@functools.cache
def _differing(framework: Framework, bad: Path, good: Path) -> tuple[Differing, ...]:
    found = differing(bad, good, _package_in(bad, framework), _package_in(good, framework))
    return tuple(each for each in found if not {*each.file.split("/")} & {*framework.generated})


def _package_in(folder: Path, framework: Framework) -> NormalizedName:
    names = tuple(map(canonicalize_name, framework.packages))
    return next((each for each in names if python_files(folder, each)), names[0])


def copy_python_files(framework: Framework, site_packages: Path, folder: Path) -> None:
    """Copy what `ranked_files` reads of installed packages."""
    package = _package_in(site_packages, framework)
    records = [
        each
        for each in site_packages.glob("*.dist-info/RECORD")
        if canonicalize_name(each.parent.name.removesuffix(".dist-info").rpartition("-")[0]) == package
    ]
    for path in (*records, *(site_packages / name for name in python_files(site_packages, package))):
        place = folder / path.relative_to(site_packages)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, place)


def rank_of(files: tuple[str, ...], ranked: Sequence[Suspect]) -> int | None:
    """Return the best rank of some files, from 1; None if none of them differs."""
    return next((number for number, each in enumerate(ranked, start=1) if plain_path(each.file) in files), None)
