"""Render a check: text, Markdown for a job summary, annotations of GitHub, JSON."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path

from harness.errors import counted, some_of
from harness.rendering.check import Check, Finding, Kind, Level
from harness.rendering.foreign_text import one_line
from harness.rendering.markdown import code, escaped, table

MOST_ANNOTATIONS = 10
"""GitHub shows no more of each level for a step."""
_MOST_FINDINGS = 50
_MOST_CELLS = 3
_PLURALS = {
    Kind.NEW_FAILURE: "new failures",
    Kind.UNEXPECTED_PASS: "unexpected passes",
    Kind.EXPIRED_LABEL: "failures with an expired label",
    Kind.UNUSED_LABEL: "unused labels",
    Kind.STALE: "stale results",
    Kind.FLAKY: "flaky",
    Kind.CHANGED: "changed",
    Kind.NEVER_RUN: "never run",
    Kind.FIXED: "fixed",
}


def counts_text(check: Check) -> str:
    """Return the numbers in one sentence."""
    kinds = (f"{check.count(kind)} {kind.value if check.count(kind) == 1 else _PLURALS[kind]}" for kind in Kind)
    found = ", ".join(each for each in kinds if not each.startswith("0 "))
    parts = f"{check.run_here} run here, {check.as_published} the same as published"
    return f"{counted(check.cells, 'cell')}: {parts}{f'; {found}' if found else ''}."


def text(check: Check, *, width: int = 80) -> str:
    """Return the findings for a terminal, each with its first cells and the next step."""
    lines: list[str] = []
    for finding in check.findings[:_MOST_FINDINGS]:
        head = f"{finding.level.value}: {finding.kind.value}: {finding.scenario.name}: {finding.what}"
        lines += _wrapped(head, width, "", "  ")
        lines += _wrapped(finding.error, width, "    ", "    ")
        cells = some_of(map(one_line, finding.cells), most=_MOST_CELLS) if finding.cells else ""
        lines += _wrapped(cells, width, "    in ", "       ")
        lines += [*_wrapped(f"{finding.next_step}.", width, "  ", "  "), ""]
    left = len(check.findings) - _MOST_FINDINGS
    if left > 0:
        lines += [f"{counted(left, 'more finding')}; --json has all.", ""]
    if check.undecided_labels:
        whose = "its" if check.undecided_labels == 1 else "their"
        what = f"{counted(check.undecided_labels, 'label')} cannot be judged: some of {whose} cells are unknown."
        lines += [*_wrapped(what, width, "", "  "), ""]
    return "\n".join([*lines, counts_text(check)]) + "\n"


def _wrapped(line: str, width: int, first: str, rest: str) -> list[str]:
    if not line:
        return []
    width = max(width, 40)
    return textwrap.wrap(
        one_line(line, longest=600), width, initial_indent=first, subsequent_indent=rest, break_long_words=False
    )


def summary(check: Check) -> str:
    """Return the findings as Markdown, for the summary of a job."""
    rows = [
        [
            finding.kind.value,
            code(finding.scenario.name),
            " ".join(filter(None, [escaped(finding.what), code(finding.error) if finding.error else ""])),
            f"{len(finding.cells)}: {code(finding.cells[0])}" if finding.cells else "",
        ]
        for finding in check.findings[:_MOST_FINDINGS]
    ]
    left = len(check.findings) - len(rows)
    parts = [
        f"## Comparison with the published results: {'failed' if check.failed else 'passed'}",
        counts_text(check),
        table(["finding", "scenario", "what", "cells"], rows) if rows else "",
        f"{counted(left, 'more finding')} not shown." if left else "",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def annotation_lines(check: Check, root: Path) -> Iterator[str]:
    """Yield the commands that annotate the files of a pull request: the first of each level."""
    for level in Level:
        found = [each for each in check.findings if each.level is level]
        yield from (_annotation(each, root) for each in found[:MOST_ANNOTATIONS])


def _annotation(finding: Finding, root: Path) -> str:
    line = {"line": str(finding.line)} if finding.line else {}
    values = {"file": script_path(finding, root), **line, "title": f"{finding.kind.value}: {finding.scenario.name}"}
    where = f" In {some_of(finding.cells, most=_MOST_CELLS)}." if finding.cells else ""
    error = f" {finding.error}." if finding.error else ""
    message = one_line(f"{finding.what}.{error}{where} {finding.next_step}.", longest=1000)
    properties = ",".join(f"{name}={_escaped(value, also=':,')}" for name, value in values.items())
    return f"::{finding.level.value} {properties}::{_escaped(message)}"


def _escaped(text: str, *, also: str = "") -> str:
    """Return a text in which nothing ends a workflow command or one of its properties."""
    return "".join(f"%{ord(each):02X}" if each in f"%\r\n{also}" else each for each in text)


def script_path(finding: Finding, root: Path) -> str:
    """Return the path of the script with the labels, from the folder of the project."""
    path = finding.scenario.script.path or finding.scenario.path
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()


def document(check: Check, root: Path, sources: Sequence[str]) -> dict[str, object]:
    """Return the JSON document."""
    return {
        "schema": 1,
        "published": list(sources),
        "failed": check.failed,
        "counts": {
            "cells": check.cells,
            "run_here": check.run_here,
            "as_published": check.as_published,
            "undecided_labels": check.undecided_labels,
            **{kind.value.replace(" ", "_"): check.count(kind) for kind in Kind},
        },
        "findings": [
            {
                "kind": each.kind.value,
                "level": each.level.value,
                "scenario": each.scenario.name,
                "file": script_path(each, root),
                "line": each.line,
                "what": each.what,
                "error": each.error or None,
                "signature": each.signature,
                "label": each.label.label if each.label else None,
                "expires": each.label.expires.isoformat() if each.label and each.label.expires else None,
                "cells": list(each.cells),
                "next_step": each.next_step,
            }
            for each in check.findings
        ],
    }
