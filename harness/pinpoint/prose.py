"""Answers for people: on the terminal, and as Markdown to paste into the thread of a report."""

from __future__ import annotations

from collections.abc import Iterable

from tabulate import tabulate

from harness.model import DISPLAY
from harness.model.outcome import FLAKY
from harness.pinpoint.answer import Answer, Commit, Found, Point, statements, stretches_of
from harness.pinpoint.search import State
from harness.report.foreign_text import one_line
from harness.report.markdown import code, escaped, link, table

_LONGEST_CELL = 110


def terminal(answer: Answer) -> str:
    """Give the answer as plain text."""
    lines = [f"{answer.case}: {answer.package} in {answer.base.id}", f"Looked at {answer.searched}.", ""]
    lines += [one_line(each) for each in statements(answer)]
    for found in answer.found:
        lines += ["", f"{found.kind}: {found.package} {found.before.short} -> {found.after.short}"]
        lines += [f"  {one_line(each)}" for each in _facts(found)]
    rows = [[names, mark, one_line(text)] for names, mark, _, text in _rows(answer)]
    lines += ["", tabulate(rows, headers=[answer.package, "", "what it shows"], disable_numparse=True)]
    lines += _lines_after_table(answer)
    lines += ["", f"To see it again: {answer.command}", ""]
    return "\n".join(lines)


def markdown(answer: Answer) -> str:
    """Give the answer as Markdown."""
    lines = [f"{link(answer.case, answer.issue)}: {answer.unit}s of {answer.package} in {code(answer.base.id)}", ""]
    lines += [f"* **{escaped(each)}**" for each in statements(answer)]
    for found in answer.found:
        lines += ["", f"{found.kind.capitalize()}, {found.package} {found.before.short} → {found.after.short}:", ""]
        lines += [f"* {escaped(each)}" for each in _facts(found)]
    rows = [(names, mark, code(text)) for names, _, mark, text in _rows(answer)]
    lines += ["", table([answer.package, "", "what it shows"], rows).rstrip(), "", f"Looked at {answer.searched}."]
    lines += [escaped(each) for each in _lines_after_table(answer)]
    lines += ["", "To see it again:", "", "```", answer.command, "```", ""]
    return "\n".join(lines)


def _facts(found: Found) -> list[str]:
    facts = [f"{when}: {_shown(point)}" for when, point in (("before", found.before), ("after", found.after))]
    if found.untestable:
        facts += [f"between, {each.short}: {each.text}" for each in found.untestable]
    if found.commit is not None:
        facts += _commit_facts(found.commit)
    if found.commit_note:
        facts.append(found.commit_note)
    if found.flaky:
        facts.append("one side is flaky: more repeats (--repeat N) say more")
    moved = found.after.environment.lock.origin.moved if found.after.environment else ()
    if moved:
        facts.append(f"moved along with {found.after.short}: {', '.join(moved)}")
    return facts


def _shown(point: Point) -> str:
    return f"{point.text} (signature {point.signature})" if point.signature else point.text


def _commit_facts(commit: Commit) -> list[str]:
    files = ", ".join(commit.files[:6]) + (f" and {len(commit.files) - 6} more" if len(commit.files) > 6 else "")
    facts = [f"commit {commit.sha} of {commit.date}: {commit.title}", f"files: {files}"]
    if commit.pull_request:
        facts.append(f"pull request #{commit.pull_request}")
    if commit.untestable:
        names = ", ".join(each.short for each in commit.untestable[:6])
        more = f" and {len(commit.untestable) - 6} more" if len(commit.untestable) > 6 else ""
        facts.append(f"no single culprit: {names}{more} could not be tested: {commit.untestable[0].text}")
    if commit.inside is not None:
        facts += [f"of what it merged, {each}" for each in _commit_facts(commit.inside)[:2]]
    return [*facts, *commit.notes]


def _rows(answer: Answer) -> Iterable[tuple[str, str, str, str]]:
    """Give a row for each stretch that shows one thing: names, the plain mark, the other, what it shows."""
    for stretch in stretches_of(answer):
        names = (
            stretch[0].short if len(stretch) == 1 else f"{stretch[0].short} to {stretch[-1].short} ({len(stretch)} run)"
        )
        plain_mark, mark = _marks(stretch[0])
        text = stretch[0].text
        yield names, plain_mark, mark, text if len(text) <= _LONGEST_CELL else f"{text[: _LONGEST_CELL - 4]} ..."


def _marks(point: Point) -> tuple[str, str]:
    if point.observation.state is State.FLAKY or point.attempt is None:
        display = FLAKY
    else:
        display = DISPLAY[point.attempt.outcome]
    return display.plain, display.mark


def _lines_after_table(answer: Answer) -> list[str]:
    lines: list[str] = []
    lost = [each for each in answer.points if not each.observation.tested]
    if lost:
        reasons: dict[str, list[str]] = {}
        for each in lost:
            reasons.setdefault(each.observation.reason, []).append(each.short)
        lines += ["", "Could not be tested:"]
        lines += [f"* {', '.join(names)}: {reason}" for reason, names in reasons.items()]
    if not answer.complete and answer.largest_gap > 1:
        lines += [
            "",
            f"Between neighbours that were run lie up to {answer.largest_gap - 1} {answer.unit}s that were not: "
            "what came and went among those was not seen; --every looks at each.",
        ]
    return [*lines, *(["", *answer.notes] if answer.notes else [])]
