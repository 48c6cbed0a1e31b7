"""Add the published table of readers to the wheel, if there is one: `harness readers` answers from it outside a clone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

TABLE = "results/transfer/transfer.json"


class TableOfReaders(BuildHookInterface[Any]):
    """A hook of Hatch."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the file."""
        path = Path(self.root) / TABLE
        if path.is_file():
            build_data["force_include"][str(path)] = f"harness/bundled/{TABLE}"
