"""Render the evidence of a scenario as the page reads it: its cases share lines, texts, attempts, causes and scripts.

The documents of cases repeat them, so that each can be used alone: they are for programs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from harness.rendering.site.content import SCHEMA
from harness.rendering.site.shared import Table

_TEXTS = ("error", "traceback", "dump", "stdout", "stderr")
_NOT_READ = ("cell", "environment", "writer", "reader", "ways_out")
"""Keys of a cell that the page has from the index."""


class _Shared:
    """Shared values of the cases of a scenario, each once."""

    def __init__(self) -> None:
        self.lines, self.texts, self.causes, self.attempts = (Table() for _ in range(4))
        self.scripts, self.places, self.evidence = (Table() for _ in range(3))

    def case(self, case: Mapping[str, Any]) -> dict[str, object]:
        """Return a case with numbers instead of shared values."""
        lines = [self.lines.number(each) for each in case["lines"]]
        texts = [self.texts.number(tuple(lines[line] for line in each)) for each in case["texts"]]
        causes, attempts = (
            [table.number(each, tuple(each.items())) for each in case[name]]
            for table, name in ((self.causes, "causes"), (self.attempts, "attempts"))
        )
        numbers: dict[str, Callable[[Any], object]] = {
            **dict.fromkeys(_TEXTS, texts.__getitem__),
            "cause": causes.__getitem__,
            "attempts": lambda each: [attempts[number] for number in each],
        }
        places = tuple(each["cell"].removeprefix(f"{case['case']}@") for each in case["cells"])
        return {
            "case": case["case"],
            "parameters": case["parameters"],
            "statements": case["statements"],
            "writer_script": self._script(case["writer_script"]),
            "script": self._script(case["script"]),
            "places": self.places.number(places),
            "cells": [self._evidence(each, numbers) for each in case["cells"]],
        }

    def _script(self, script: Mapping[str, str] | None) -> int | None:
        return None if script is None else self.scripts.number(script, tuple(script.items()))

    def _evidence(self, cell: Mapping[str, Any], numbers: Mapping[str, Callable[[Any], object]]) -> int:
        shown = {
            name: numbers[name](value) if name in numbers else value
            for name, value in cell.items()
            if name not in _NOT_READ
        }
        return self.evidence.number(shown, repr(shown))


def document(scenario: str, cases: Sequence[Mapping[str, Any]]) -> dict[str, object]:
    """Return the evidence of a scenario from the documents of its cases."""
    shared = _Shared()
    members = [shared.case(each) for each in cases]
    return {
        "schema": SCHEMA,
        "scenario": scenario,
        "cases": members,
        "places": shared.places.values,
        "evidence": shared.evidence.values,
        "scripts": shared.scripts.values,
        "causes": shared.causes.values,
        "attempts": shared.attempts.values,
        "texts": shared.texts.values,
        "lines": shared.lines.values,
    }
