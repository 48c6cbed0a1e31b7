"""Two runs of one script with different arguments, and the files carried between them: a scenario with two steps."""

from __future__ import annotations

from dataclasses import replace

from harness.errors import UsageError
from harness.project.header_text import with_keys
from harness.reports.command_line import ASK_FOR_ARGUMENTS
from harness.reports.report import Report, ScenarioFile


def steps_of(script: ScenarioFile, write_args: str, read_args: str) -> tuple[ScenarioFile, ...]:
    """Return a script as write.py and read.py with their arguments. Raises ValueError if its header has others."""
    return tuple(
        replace(script, name=name, text=with_keys(script.text or "", {"args": args}))
        for name, args in (("write.py", write_args), ("read.py", read_args))
    )


def as_two_runs(report: Report, write_args: str, read_args: str) -> Report:
    """Return a report whose one script writes with some arguments, and reads with others. Raises UsageError."""
    if len(report.scripts) != 1:
        raise UsageError(
            "--write-args, --read-args: the report does not have one script",
            why=f"It has {', '.join(each.name for each in report.scripts) or 'none'}",
        )
    (script,) = report.scripts
    try:
        steps = steps_of(script, write_args, read_args)
    except ValueError as error:
        raise UsageError(f"--write-args, --read-args: {error}", next_step="Set args in two scripts") from error
    return replace(
        report,
        scripts=steps,
        decisions=(*report.decisions, f"{script.name} runs twice: it writes and reads"),
        questions=tuple(each for each in report.questions if each != ASK_FOR_ARGUMENTS),
    )
