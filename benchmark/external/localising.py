"""Rank the files of TensorFlow that differ between two versions, as `harness pinpoint` does. Reads files only."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path

from packaging.utils import canonicalize_name

from benchmark.external.dataset import plain_path
from harness.pinpoint.changed_files import Differing, Suspect, differing, python_files, suspects
from harness.pinpoint.tracing import Trace, traced

_MODULES = ("tensorflow", "tensorflow_core")
_PACKAGES = tuple(map(canonicalize_name, ("tensorflow", "tensorflow-cpu")))
_HEADER = '# /// script\n# [tool.harness]\n# isolation = "process"\n# timeout = 300\n# ///\n'


def traced_script(source: str) -> str:
    """Return a script that runs a source and prints which functions of TensorFlow it calls."""
    return _HEADER + traced(source, _MODULES)


def ranked_files(bad: Path, good: Path, trace: Trace) -> list[Suspect]:
    """Return the Python files of `bad` that differ in `good`, or are gone, in the order of suspicion.

    `bad` and `good` are `site-packages` folders, and the trace is of a run in `bad`.
    """
    return suspects(_differing(bad, good), trace)


@functools.cache
def _differing(bad: Path, good: Path) -> tuple[Differing, ...]:
    package = next((each for each in _PACKAGES if python_files(bad, each)), _PACKAGES[0])
    other = next((each for each in _PACKAGES if python_files(good, each)), _PACKAGES[0])
    return tuple(each for each in differing(bad, good, package, other) if "/_api/" not in each.file)


def rank_of(files: tuple[str, ...], ranked: Sequence[Suspect]) -> int | None:
    """Return the best rank of some files, from 1; None if none of them differs."""
    return next((number for number, each in enumerate(ranked, start=1) if plain_path(each.file) in files), None)
