"""Answers for people: plain text for a terminal, and Markdown to paste into the thread of a report."""

from __future__ import annotations

import shlex
import shutil
import textwrap
from collections.abc import Iterable, Iterator

from harness.model import DISPLAY
from harness.model.outcome import FLAKY
from harness.pinpoint.answers.statements import Phrases, followed_sentence, statements
from harness.pinpoint.answers.values import (
    Answer,
    Commit,
    Failure,
    Point,
    ProvenTransition,
    Segment,
    failures_of,
    segments_of,
)
from harness.pinpoint.suspicious_files.texts import explained, heading, items
from harness.rendering.foreign_text import one_line
from harness.rendering.markdown import code, escaped, link, table
from harness.search.transitions import State

_WIDTH = 80
_LONGEST_MESSAGE = 150
_MOST_FILES = 6


def terminal(answer: Answer, width: int | None = None) -> str:
    """Return the answer as plain text, at most 100 columns wide."""
    width = width or terminal_width()
    phrases = Phrases(answer, failures_of(answer))
    lines = wrapped(f"{answer.case}: {answer.package} in {answer.base.id}{answer.role}", width, "")
    lines += ["", *(line for each in statements(answer) for line in wrapped(each, width, ""))]
    rows = list(_rows(answer, phrases))
    if rows:
        longest = max(len(names) for names, _, _ in rows)
        lines += ["", *(f"  {names:<{longest}}  {shown}" for names, shown, _ in rows)]
    lines += _failures(answer, width)
    for found in answer.found:
        lines += ["", f"{found.package} {found.before.short} -> {found.after.short}: {found.kind}"]
        for fact in _facts(found, phrases):
            lines += wrapped(fact, width, "  ")
        lines += [f"  harness show {shlex.quote(cell)}" for cell in _cells(found)]
        lines += _suspect_files(found, width)
    lost = _not_tested(answer)
    if lost:
        lines += ["", "Not tested:"]
        lines += [line for each in lost for line in wrapped(each, width, "  ")]
    lines += ["", *wrapped(f"SideSearch: {answer.searched}.", width, "")]
    for each in _mode(answer):
        lines += wrapped(each, width, "")
    for note in _notes(answer):
        lines += wrapped(note, width, "")
    lines += ["", "Run it again:", f"  {answer.command}", ""]
    return "\n".join(lines)


def terminal_width() -> int:
    """Return the width of the terminal in columns, at most 100; 80 if there is none."""
    return min(100, shutil.get_terminal_size((_WIDTH, 24)).columns)


def wrapped(text: str, width: int, indent: str) -> list[str]:
    """Return text as indented lines of this width; a word that is longer, such as an id, stays whole."""
    return textwrap.wrap(
        one_line(text, longest=2000),
        width,
        initial_indent=indent,
        subsequent_indent=f"{indent}  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _failures(answer: Answer, width: int) -> list[str]:
    """Return the legend: each failure with its label and its message."""
    failures = list(failures_of(answer).values())
    lines = ["", f"{_heading(answer)}:"] if failures else [""]
    for failure in failures:
        lines += wrapped(f"[{failure.label}] {one_line(failure.message, longest=_LONGEST_MESSAGE)}", width, "  ")
    return lines + wrapped(followed_sentence(answer), width, "  " if failures else "")


def markdown(answer: Answer) -> str:
    """Return the answer as Markdown."""
    phrases = Phrases(answer, failures_of(answer))
    title = f"{link(answer.case, answer.issue)}: {answer.unit}s of {answer.package} in {code(answer.base.id)}"
    lines = [f"{title}{escaped(answer.role)}", ""]
    lines += [f"* **{escaped(each)}**" for each in statements(answer)]
    rows = [(names, f"{mark} {escaped(shown)}") for names, shown, mark in _rows(answer, phrases)]
    if rows:
        lines += ["", table([answer.package, "result"], rows).rstrip()]
    lines += ["", *_legend(failures_of(answer).values(), _heading(answer)), escaped(followed_sentence(answer))]
    for found in answer.found:
        lines += [
            "",
            f"{str(found.kind).capitalize()}, {found.package} {found.before.short} → {found.after.short}:",
            "",
        ]
        lines += [f"* {escaped(each)}" for each in _facts(found, phrases)]
        lines += [f"* {code(f'harness show {shlex.quote(cell)}')}" for cell in _cells(found)]
        if found.files is not None:
            lines += ["", escaped(heading(found.files)) + (":" if found.files.files else ""), ""]
            lines += [f"* {escaped(each)}" for each in items(found.files)]
            lines += ["", escaped(explained(found.files))] if explained(found.files) else []
    lost = _not_tested(answer)
    if lost:
        lines += ["", "Not tested:", "", *(f"* {escaped(each)}" for each in lost)]
    lines += ["", f"SideSearch: {escaped(answer.searched)}.", *map(escaped, _mode(answer))]
    lines += [escaped(each) for each in _notes(answer)]
    lines += ["", "Run it again:", "", "```", answer.command, "```", ""]
    return "\n".join(lines)


def _mode(answer: Answer) -> list[str]:
    return [f"Mode {answer.mode}: {answer.why}."] if answer.mode else []


def _heading(answer: Answer) -> str:
    return "Failures" if answer.watch in (None, "hang") else "Failures and observations"


def _legend(failures: Iterable[Failure], heading: str) -> list[str]:
    lines = [f"* \\[{each.label}\\] {code(one_line(each.message))}" for each in failures]
    return [f"{heading}:", "", *lines, ""] if lines else []


def _rows(answer: Answer, phrases: Phrases) -> Iterator[tuple[str, str, str]]:
    """Return a row for each segment: its bounds, what it shows, and the mark of that."""
    for segment in segments_of(answer):
        yield phrases.range(segment), _shown(segment, phrases), _mark(segment.first)


def _mark(point: Point) -> str:
    flaky = point.observation.state is State.FLAKY or point.attempt is None
    return (FLAKY if flaky or point.attempt is None else DISPLAY[point.attempt.outcome]).mark


def _shown(segment: Segment, phrases: Phrases) -> str:
    reasons = {each.observation.reason for each in segment.points}
    if segment.first.observation.state is not State.FLAKY or len(reasons) > 1:
        return phrases.shows(segment.first)
    label = phrases.label(segment.first)
    return reasons.pop() + (f", else {label}" if label else "")


def _facts(found: ProvenTransition, phrases: Phrases) -> list[str]:
    """Return more facts of a transition: its commits, and the packages that moved with it."""
    facts = [fact for commit in found.commits for fact in _commit_facts(found, commit, phrases)]
    if found.commit_note:
        facts.append(found.commit_note)
    facts += [
        f"not tested, {'touches a file of the traceback' if each.in_traceback else 'between the two tags'}: "
        f"commit {each.sha[:10]} of {each.date}: "
        f"{phrases.linked(each.title)}"
        for each in found.suspects
    ]
    if found.flaky:
        facts.append("One side is flaky: --repeat N runs it more often.")
    moved = found.after.environment.lock.origin.moved if found.after.environment else ()
    if moved:
        facts.append(f"Moved along with {found.after.short}: {', '.join(moved)}")
    return facts


def _commit_facts(found: ProvenTransition, commit: Commit, phrases: Phrases) -> list[str]:
    shows = f"{phrases.shows(commit.before)} -> {phrases.shows(commit.after)}"
    facts = [f"commit {commit.sha} of {commit.date}: {phrases.linked(commit.title)} ({shows})"]
    if commit.lacking:
        facts.append(phrases.lacks(found, commit))
    files = ", ".join(commit.files[:_MOST_FILES])
    more = len(commit.files) - _MOST_FILES
    facts.append(f"files: {files}" + (f" and {more} more" if more > 0 else ""))
    if commit.pull_request:
        facts.append(f"pull request {phrases.linked(f'#{commit.pull_request}')}")
    if commit.untestable:
        names = ", ".join(each.short for each in commit.untestable[:_MOST_FILES])
        left = len(commit.untestable) - _MOST_FILES
        names += f" and {left} more" if left > 0 else ""
        facts.append(f"It may also be one of those before it that are not testable: {names}")
        facts.append(commit.untestable[0].text)
    for each in commit.inside:
        facts += [
            f"merged {fact}" if fact.startswith("commit ") else fact for fact in _commit_facts(found, each, phrases)
        ]
    if commit.main_line is not None:
        facts += [f"on the main line, {fact}" for fact in _commit_facts(found, commit.main_line, phrases)[:1]]
    return [*facts, *commit.notes]


def _suspect_files(found: ProvenTransition, width: int) -> list[str]:
    """Return the changed files that the script runs, as indented lines."""
    files = found.files
    if files is None:
        return []
    lines = ["", *wrapped(heading(files) + (":" if files.files else ""), width, "  ")]
    lines += [line for each in items(files) for line in wrapped(each, width, "    ")]
    return [*lines, *(wrapped(explained(files), width, "  ") if explained(files) else [])]


def _cells(found: ProvenTransition) -> list[str]:
    return [str(each.attempt.cell) for each in (found.before, found.after) if each.attempt is not None]


def _not_tested(answer: Answer) -> list[str]:
    reasons: dict[str, list[Point]] = {}
    for each in answer.points:
        if not each.observation.tested:
            reasons.setdefault(each.observation.reason, []).append(each)
    return [f"{', '.join(each.short for each in points)}: {reason}" for reason, points in reasons.items()]


def _notes(answer: Answer) -> list[str]:
    lines = []
    if not answer.complete and answer.largest_gap > 1:
        lines.append(
            f"Up to {answer.largest_gap - 1} {answer.unit}s between two neighbours were not run: a failure that came "
            f"and went there was missed. --every runs each {answer.unit}."
        )
    return [*lines, *answer.notes]
