"""Render the document of an environment: its packages, its lockfile, its Python, and the results of all cases in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from harness.rendering.foreign_text import one_line
from harness.rendering.results import EnvironmentColumn, Record
from harness.rendering.site.content import SCHEMA, Content


def document(content: Content, column: EnvironmentColumn, found: Sequence[Record]) -> dict[str, object]:
    """Return the document of an environment. `found` are the records of the cells that ran in it."""
    attempts = [content.shown[record.cell] for record in found if record.cell in content.shown]
    newest = max(attempts, key=lambda attempt: attempt.started, default=None)
    return {
        "schema": SCHEMA,
        "environment": column.id,
        "family": column.family,
        "package": column.package,
        "version": column.version,
        "python": column.python,
        "interpreter": newest.interpreter if newest else None,
        "platform": newest.platform if newest else None,
        "lock": newest.lock if newest else None,
        "as_of": column.as_of.isoformat() if column.as_of else None,
        "variables": {one_line(name): one_line(value) for name, value in column.variables},
        "packages": dict(newest.versions) if newest and newest.versions else dict(column.packages),
        "counts": dict(sorted(Counter(record.state for record in found).items())),
        "cells": {record.cell: record.state for record in found},
    }
