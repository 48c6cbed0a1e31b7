"""The runs of a script that reads arguments: by the command line of the report, or two that its text describes."""

from __future__ import annotations

import contextlib
from collections.abc import Collection
from dataclasses import dataclass, replace

from harness.reports.attachments import is_model
from harness.reports.command_line import (
    ASK_FOR_ARGUMENTS,
    missing_files,
    reads_arguments,
    typed_arguments,
    with_arguments,
)
from harness.reports.described_runs import described_runs
from harness.reports.report import ScenarioFile
from harness.reports.two_runs import steps_of


@dataclass(frozen=True, kw_only=True)
class Runs:
    """A script with its arguments, or write.py and read.py; what was decided, and what to ask."""

    scripts: tuple[ScenarioFile, ...]
    decisions: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()


def runs_of(report: str, script: ScenarioFile, files: Collection[str], *, attached: bool) -> Runs:
    """Return the runs of a script with the arguments of the report. `files` are the names of the files next to it."""
    text = script.text or ""
    if not reads_arguments(text):
        return Runs(scripts=(script,))
    if (two := described_runs(report, text, name=script.name, attached=attached)) is not None:
        with contextlib.suppress(ValueError):  # its header has arguments in a form that cannot be replaced
            shown = " and ".join(f"`{each}`" if each else "no arguments" for each in two)
            decision = f"{script.name} runs twice, with {shown}: the first run writes what the second reads"
            return Runs(scripts=steps_of(script, *two), decisions=(decision,))
    typed = typed_arguments(report, script=script.name, attached=attached)
    if typed is None:
        asked = () if any(map(is_model, files)) else (ASK_FOR_ARGUMENTS,)
        return Runs(scripts=(script,), questions=asked)
    questions = tuple(
        f"The script reads `{each}`, which is not attached. Could you attach it?"
        for each in missing_files(typed, files)
    )
    changed = replace(script, text=with_arguments(text, typed))
    return Runs(scripts=(changed,), decisions=(typed.decision,), questions=questions)
