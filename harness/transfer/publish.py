"""The published files of the table, by path in the clone."""

from __future__ import annotations

from harness.transfer import document, markdown, svg
from harness.transfer.advice import page
from harness.transfer.table import Transfer


def files(table: Transfer) -> dict[str, str]:
    """Return the texts of the published files."""
    head = f"# Who can read which file\n\n`harness transfer --publish` writes this file; results of {table.generated}."
    return {
        "results/transfer/transfer.json": document.render(table),
        "results/transfer/summary.md": f"{head}\n\n{markdown.render(table, each_model=False)}",
        "results/transfer/squares.md": f"{head}\n\n{markdown.render(table, each_model=True)}",
        "results/transfer/transfer.svg": svg.render(table),
        "docs/loading_old_models.md": page(table),
    }
