"""The answer as a notebook that installs the pinned packages and runs the script."""

from __future__ import annotations

import json
from typing import Any

from harness.triage.answer import TriageAnswer


def notebook(answer: TriageAnswer) -> str:
    """Return a notebook in format 4.5 as JSON text."""
    cells: list[dict[str, Any]] = [
        _cell("markdown", f"# {answer.name}\n\n{answer.verdict}", 0),
        *([_cell("code", answer.install, 1)] if answer.install else []),
        _cell("code", answer.script, 2),
    ]
    document = {
        "cells": cells,
        "metadata": {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(document, indent=1) + "\n"


def _cell(kind: str, source: str, number: int) -> dict[str, Any]:
    cell: dict[str, Any] = {
        "cell_type": kind,
        "id": f"cell-{number}",
        "metadata": {},
        "source": source.splitlines(keepends=True),
    }
    return cell | {"execution_count": None, "outputs": []} if kind == "code" else cell
