"""The answer as Markdown, to paste into an issue of any repository. No local paths, all foreign text escaped."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from harness.report.foreign_text import one_line
from harness.report.markdown import code, escaped, table
from harness.reports.report import Dropped
from harness.triage.answer import Change, TriageAnswer
from harness.triage.claims import Checked
from harness.triage.evidence import Shows
from harness.triage.ranges import Range

_MARKS = {
    Shows.BUG: "❌ this bug",
    Shows.PASSES: "✅ passes",
    Shows.OTHER: "⚠ another failure",
    Shows.NOT_APPLICABLE: "– not applicable",
    Shows.NOT_TESTED: "? not tested",
}
_LONGEST_ERROR = 160


def markdown(answer: TriageAnswer) -> str:
    """Return the whole reply."""
    parts = [f"**{escaped(answer.verdict)}**", *_sections(answer)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _sections(answer: TriageAnswer) -> Iterator[str]:
    yield _reproduced(answer)
    yield _ranges(answer)
    yield _changes(answer)
    yield _claims(answer)
    yield _listed(
        "pip refuses this combination, and it was installed anyway", [escaped(each) for each in answer.forced]
    )
    yield _listed("Ways out", [f"{escaped(each.text)} ({code(each.cell)})" for each in answer.ways_out])
    yield _listed("Not this bug", [code(each) for each in answer.other_failures])
    yield _listed("Not tested", [f"{code(name)}: {escaped(reason)}" for name, reason in answer.not_tested])
    yield _listed("Questions for the reporter", [escaped(each) for each in answer.questions])
    if answer.commands:
        file = code(answer.script_name or "report.py")
        yield f"To reproduce, save the script below as {file}:\n\n" + _fenced("\n".join(answer.commands), "console")
    yield _details("Traceback", answer.traceback, "text")
    yield _details("Script", answer.script, "python")
    yield _listed("Left out of the report", [_dropped(each) for each in answer.dropped])


def _reproduced(answer: TriageAnswer) -> str:
    reproduced = answer.reproduced
    if reproduced.environment is None:
        return f"In the reporter's environment: {reproduced.result} ({escaped(reproduced.reason)})."
    shown = f": {code(_short(reproduced.error))}" if reproduced.error else ""
    why = f" ({escaped(reproduced.reason)})" if reproduced.reason else ""
    where = code(reproduced.environment)
    return f"In the environment closest to the reporter's ({where}): {reproduced.result}{shown}{why}."


def _ranges(answer: TriageAnswer) -> str:
    if not answer.ranges:
        return ""
    rows = [[escaped(each.text), _MARKS[each.shows] + _why(each), f"{len(each.cells)}"] for each in answer.ranges]
    return table([escaped(answer.ranges[0].package), "shows", "environments run"], rows)


def _why(shown: Range) -> str:
    """Return the failure that is not the bug, or why there is no result."""
    if shown.shows is Shows.OTHER and shown.error:
        return f": {code(_short(shown.error))}"
    return "" if shown.shows.conclusive or not shown.reason else f": {escaped(_short(shown.reason))}"


def _changes(answer: TriageAnswer) -> str:
    lines = []
    for word, change in (("Introduced", answer.introduced), ("Fixed", answer.fixed)):
        if change is not None:
            lines.append(
                f"* {word} between {escaped(change.package)} {change.last} and {change.first}{_commit(change)}."
            )
    if answer.responsible:
        lines.append(f"* Responsible package: {escaped(answer.responsible)}.")
    return "\n".join(lines)


def _commit(change: Change) -> str:
    commit = change.commit
    if not commit:
        return ""
    repository = commit.get("repository")
    title = re.sub(r"\s*\(#\d+\)", "", str(commit.get("title", "")))
    number = commit.get("pull_request")
    pull = f", {repository}#{number}" if number and repository else f", pull request {number}" if number else ""
    sha = str(commit["sha"])
    shown = f"{repository}@{sha[:10]}" if repository else code(sha[:10])
    return f" by {shown} ({escaped(one_line(title))}{pull})"


def _claims(answer: TriageAnswer) -> str:
    if not answer.claims:
        return ""
    marks = {Checked.CONFIRMED: "confirmed", Checked.CONTRADICTED: "**contradicted**", Checked.NOT_TESTED: "not tested"}
    rows = [
        [
            escaped(f"{each.claim.package} {each.claim.version} {each.claim.says.value}"),
            marks[each.result] + (f" ({escaped(each.note)})" if each.note else ""),
        ]
        for each in answer.claims
    ]
    return table(["the report says", "checked"], rows)


def _dropped(dropped: Dropped) -> str:
    place = f"{escaped(dropped.place.file)}, " if dropped.place.file else ""
    return f"{place}line {dropped.place.line}: {code(_short(dropped.text))}: {escaped(dropped.why)}"


def _listed(title: str, items: Iterable[str]) -> str:
    lines = [f"* {each}" for each in items]
    return "\n".join([f"{title}:", "", *lines]) if lines else ""


def _details(title: str, text: str, language: str) -> str:
    if not text.strip():
        return ""
    return f"<details><summary>{title}</summary>\n\n{_fenced(text, language)}\n\n</details>"


def _fenced(text: str, language: str) -> str:
    """Return a code block whose fence is longer than any in the text."""
    longest = max((len(each) for each in re.findall(r"`{3,}", text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"


def _short(text: str) -> str:
    line = one_line(text)
    return line if len(line) <= _LONGEST_ERROR else line[: _LONGEST_ERROR - 3] + "..."
