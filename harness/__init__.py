"""A reproducible bug-reproduction matrix: which versions have this bug, and which can read my model."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import os

    import pandas as pd

__version__ = "0.2.0"
__all__ = ["__version__", "load_results", "load_transfer"]

logging.getLogger(__name__).addHandler(logging.NullHandler())  # the program that imports this decides what is shown


def load_results(project: str | os.PathLike[str] | None = None, *, tier: str = "full") -> pd.DataFrame:
    """Return a DataFrame with one row per cell of a project's tier, including cells that were never run.

    `project` is the folder of a matrix.toml; or published results: a results.json, its folder, or the https address of
    either, and `tier` does not matter. Without it, use the project of the current folder, or the one that the installed
    package ships.
    Runs nothing. docs/reading_the_table.md lists the columns. Raises harness.errors.HarnessError if the project
    cannot be read.
    """
    from harness.commands.results import load_frame

    return load_frame(project, tier=tier)


def load_transfer(path: str | os.PathLike[str] = "results/transfer/transfer.json") -> pd.DataFrame:
    """Return a DataFrame with one row for each read of a published table of readers, and one for each missing file.

    docs/reading_the_table.md lists the columns. Raises harness.errors.HarnessError if there is no such table.
    """
    from pathlib import Path

    from harness.transfer.csv_lines import to_frame
    from harness.transfer.table import load_transfer as load

    return to_frame(load(Path(path)))
