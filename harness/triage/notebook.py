"""The answer as a notebook that installs the pinned packages and runs the script."""

from __future__ import annotations

import json
from typing import Any

from harness.rendering.markdown import escaped
from harness.triage.answer import PairFacts, TriageAnswer


def notebook(answer: TriageAnswer) -> str:
    """Return a notebook in format 4.5 as JSON text."""
    title = ("markdown", f"# {escaped(answer.name)}\n\n{escaped(answer.verdict)}")
    if answer.pairs is not None:
        sources = [title, *(("code", each) for each in _two_steps(answer.pairs, answer.script))]
    else:
        sources = [title, *([("code", answer.install)] if answer.install else []), ("code", answer.script)]
    cells = [_cell(kind, source, number) for number, (kind, source) in enumerate(sources)]
    document = {
        "cells": cells,
        "metadata": {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(document, indent=1) + "\n"


def _two_steps(pairs: PairFacts, script: str) -> list[str]:
    """Return the code cells that write in one environment and read in another."""
    cells = [f"%%writefile write.py\n{pairs.write_script}", f"%%writefile read.py\n{script}"]
    if not all(pairs.install):
        return cells
    made = []
    for name, install in zip(("writer", "reader"), pairs.install, strict=True):
        made.append(install.replace("{name}", name))
    return ["%pip install -q uv", *made, *cells, "!writer/bin/python write.py", "!reader/bin/python read.py"]


def _cell(kind: str, source: str, number: int) -> dict[str, Any]:
    cell: dict[str, Any] = {
        "cell_type": kind,
        "id": f"cell-{number}",
        "metadata": {},
        "source": source.splitlines(keepends=True),
    }
    return cell | {"execution_count": None, "outputs": []} if kind == "code" else cell
