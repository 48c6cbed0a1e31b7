"""A reproducible bug-reproduction matrix: which versions have this bug, and which can read my model."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import os

    import pandas as pd

__version__ = "0.1.0"
__all__ = ["__version__", "load_results"]


def load_results(project: str | os.PathLike[str] = ".", *, tier: str = "full") -> pd.DataFrame:
    """Give a DataFrame with a row for each cell of a project's tier, run or not.

    Reads the attempts of this clone under the conditions of today; runs nothing. docs/reading_the_table.md names the
    columns. Raises harness.errors.HarnessError if the project cannot be read.
    """
    from harness.commands.tables import load_frame

    return load_frame(project, tier=tier)
