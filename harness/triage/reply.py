"""The answer as Markdown, to paste into an issue of any repository. No local paths, all foreign text escaped."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from harness.rendering.foreign_text import one_line, plain
from harness.rendering.markdown import code, escaped, table
from harness.reports.report import Claim, Dropped
from harness.triage.answer import CaseAnswer, Change, TriageAnswer
from harness.triage.attribution import failure_line
from harness.triage.claims import Checked
from harness.triage.evidence import Shows
from harness.triage.local_paths import without_local_paths
from harness.triage.ranges import Range, borders_of
from harness.triage.suspicious_files import suspicious_files

_MARKS = {
    Shows.BUG: "❌ this bug",
    Shows.PASSES: "✅ passes",
    Shows.OTHER: "⚠ another failure",
    Shows.NOT_APPLICABLE: "– not applicable",
    Shows.NOT_TESTED: "? not tested",
}
_NO_COMMIT = "no commit: "
_LONGEST_NOTE = 240
_WORDS_OF_CASE = {
    Shows.BUG: "fails with",
    Shows.PASSES: "passes with",
    Shows.OTHER: "fails with",
    Shows.NOT_APPLICABLE: "is not applicable to",
    Shows.NOT_TESTED: "was not tested with",
}
_LONGEST_ERROR = 160
_LONGEST_IN_TABLE = 30
"""A table fits into 80 columns; the lists below it have the whole text."""
_MOST_UNTESTED = 5
_MOST_FILES = 5
_OF_FILE = "of this file"


def markdown(answer: TriageAnswer) -> str:
    """Return the whole reply."""
    # Text is shortened where it is escaped: a verdict must be whole.
    verdict = " ".join(escaped(part) for part in re.split(r"(?<=[.;,]) ", answer.verdict))
    parts = [f"**{verdict}**", *_sections(answer)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _sections(answer: TriageAnswer) -> Iterator[str]:
    yield _reproduced(answer)
    yield _known(answer)
    yield _held(answer)
    yield _ranges(answer.ranges, "reader" if answer.pairs else "", bug=_bug(answer))
    for each in answer.files:
        yield f"{code(each.file)}:\n\n{_ranges(each.ranges, _OF_FILE)}"
    yield from _shown(answer)
    yield _nightly(answer)
    yield _listed(_title_of_cases(answer), [_case(each) for each in answer.cases])
    yield _writers(answer)
    yield _changes(answer)
    yield _claims(answer)
    yield _listed(
        "pip refuses this combination, and it was installed anyway", [escaped(each) for each in answer.forced]
    )
    yield _listed("Workarounds", [f"{escaped(each.text)} ({code(each.cell)})" for each in answer.workarounds])
    yield _listed("Not this bug", _other_failures(answer))
    yield _listed("Not tested", _not_tested(answer))
    yield _listed("Questions for the reporter", [escaped(each) for each in answer.questions])
    if answer.commands:
        yield f"{_saved(answer)}:\n\n" + _fenced("\n".join(answer.commands), "console")
    yield from suspicious_files(answer)
    yield _details("Traceback", answer.traceback, "text")
    if answer.pairs is not None:
        yield _details("write.py", answer.pairs.write_script, "python")
    yield _details("Script" if answer.pairs is None else "read.py", answer.script, "python")
    for companion in answer.companions:
        yield _details(html.escape(one_line(companion.name)), companion.text or "", "")
    yield _listed("Left out of the report", [_dropped(each) for each in answer.dropped])


def _title_of_cases(answer: TriageAnswer) -> str:
    count = answer.cases_left_out
    return "Each test or case" + (f" ({count} more were not run)" if count else "")


def _case(case: CaseAnswer) -> str:
    """Return the results of the versions for one case."""
    shown = []
    for each in case.ranges:
        word = _WORDS_OF_CASE[each.shows]
        error = f" ({code(_short(each.error, _LONGEST_IN_TABLE * 2))})" if each.error else ""
        reason = f" ({escaped(_short(each.reason, _LONGEST_IN_TABLE * 2))})" if each.reason and not error else ""
        shown.append(f"{word} {escaped(each.package)} {escaped(each.text)}{error}{reason}")
    about = ", which this answer is about" if case.followed else ""
    return f"{code(case.case)}{about}: {'; '.join(shown) or 'not run'}"


def _all_ranges(answer: TriageAnswer) -> tuple[Range, ...]:
    files = (each for file in answer.files for each in file.ranges)
    return (*answer.ranges, *files, *(answer.pairs.writer_ranges if answer.pairs is not None else ()))


def _other_failures(answer: TriageAnswer) -> list[str]:
    """Return every other failure, those that only a search met with the versions that show it."""
    failures = list(answer.other_failures)
    for each in _all_ranges(answer):
        line = one_line(failure_line(each.error))
        if each.shows is Shows.OTHER and not any(known.startswith(line) for known in map(one_line, failures)):
            failures.append(f"{line} (in {each.package} {each.text})")
    return [code(each) for each in failures]


def _not_tested(answer: TriageAnswer) -> list[str]:
    """Return environments that were not tested with the reason, then versions whose reason no environment has."""
    items = [f"{code(name)}: {escaped(reason)}" for name, reason in answer.not_tested]
    known = {reason for _, reason in answer.not_tested}
    for each in _all_ranges(answer):
        if not each.shows.conclusive and each.reason and each.reason not in known:
            known.add(each.reason)
            items.append(f"{escaped(each.package)} {escaped(each.text)}: {escaped(_short(each.reason))}")
    return items


def _saved(answer: TriageAnswer) -> str:
    """Return the names under which the scripts are saved, and the files next to them."""
    name = answer.script_name or "report.py"
    if answer.pairs is not None:
        where = f"the scripts below as {code(f'{name}/write.py')} and {code(f'{name}/read.py')}"
    elif len(answer.files) > 1:
        where = f"the script below for each file, with its {code('args')}, under the name in the commands"
    else:
        where = f"the script below as {code(name)}"
    files = [code(each.name) for each in answer.companions]
    named = f"{', '.join(files[:_MOST_FILES])}{f' and {len(files) - _MOST_FILES} more' * (len(files) > _MOST_FILES)}"
    return f"To reproduce, save {where}" + (f", next to the files of the report ({named})" if files else "")


def _reproduced(answer: TriageAnswer) -> str:
    reproduced = answer.reproduced
    if reproduced.environment is None and reproduced.reason in answer.verdict and not answer.ranges:
        return ""  # the verdict is this reason
    if reproduced.environment is None:
        return f"In the reporter's environment: {reproduced.result} ({escaped(reproduced.reason)})."
    shown = f": {code(_short(reproduced.error))}" if reproduced.error else ""
    why = f" ({escaped(reproduced.reason)})" if reproduced.reason else ""
    where = code(reproduced.environment)
    return f"In the environment closest to the reporter's ({where}): {reproduced.result}{shown}{why}."


def _known(answer: TriageAnswer) -> str:
    """Return the explanation of the message by other scripts: no verdict of this report."""
    known = answer.known
    if known is None:
        return ""
    note = f": {escaped(known.note.rstrip('.'))}" if known.note else ""
    link = f" ([details]({known.link}))" if known.link else ""
    return f"Other scripts raise this message in published results. There it is **{escaped(known.label)}**{note}{link}."


def _held(answer: TriageAnswer) -> str:
    """Return which writer the table of readers is about."""
    if answer.pairs is None or not answer.pairs.writer or not answer.ranges:
        return ""
    return f"Readers of the files that {code(answer.pairs.writer)} writes:"


def _writers(answer: TriageAnswer) -> str:
    if answer.pairs is None or not answer.pairs.writer_ranges:
        return ""
    return f"Writers whose files {code(answer.pairs.reader)} reads:\n\n{_ranges(answer.pairs.writer_ranges, 'writer')}"


def _bug(answer: TriageAnswer) -> str:
    """Return the words for a version that shows the problem: that of the report, or another failure."""
    return _MARKS[Shows.BUG] if answer.is_reported else "❌ this failure"


def _ranges(ranges: Sequence[Range], role: str, *, bug: str = _MARKS[Shows.BUG]) -> str:
    """Return a table of versions; of a report with two steps, those of one side. `bug` marks those with the problem."""
    marks = {**_MARKS, Shows.BUG: bug}
    if not ranges:
        return ""
    rows = [
        [escaped(each.text), marks[each.shows] + _why(each, of_file=role == _OF_FILE), f"{len(each.cells)}"]
        for each in ranges
    ]
    title = escaped(ranges[0].package) + (f" ({role})" if role in ("reader", "writer") else "")
    return table([title, "shows", "pairs run" if role in ("reader", "writer") else "environments run"], rows)


def _shown(answer: TriageAnswer) -> Iterator[str]:
    """Yield a table of what the script shows, by version, and the texts."""
    if not answer.shown:
        return
    rows = [
        [each.group, escaped(each.versions), code(_short(each.short, _LONGEST_IN_TABLE)) if each.short else "(nothing)"]
        for each in answer.shown
    ]
    noun = "prints" if answer.shown[0].kind == "output" else "warns"
    yield table(["group", escaped(answer.shown[0].package), noun], rows)
    for each in answer.shown:
        yield _details(f"{each.group} {noun}", each.text, "text")


def _nightly(answer: TriageAnswer) -> str:
    """Return a table of the nightly builds that were run."""
    rows = []
    for each in answer.nightly:
        shown = each.evidence
        text = code(_short(shown.error, _LONGEST_IN_TABLE)) if shown.shows is Shows.OTHER and shown.error else ""
        text = text or (escaped(_short(shown.reason, _LONGEST_IN_TABLE)) if not shown.shows.conclusive else "")
        built = each.built.isoformat() if each.built is not None else "unknown"
        built += f", commit {code(each.commit[:10])}" if each.commit else ""
        rows.append(
            [
                escaped(f"{each.package} {each.version}"),
                built,
                f"{_bug(answer) if shown.shows is Shows.BUG else _MARKS[shown.shows]}{text and f': {text}'}",
            ]
        )
    return table(["nightly build", "built", "shows"], rows) if rows else ""


def _why(shown: Range, *, of_file: bool) -> str:
    """Return the failure that is not the bug, or why there is no result."""
    if shown.error and (shown.shows is Shows.OTHER or (shown.shows is Shows.BUG and of_file)):
        return f": {code(_short(shown.error, _LONGEST_IN_TABLE))}"
    return "" if shown.shows.conclusive or not shown.reason else f": {escaped(_short(shown.reason, _LONGEST_IN_TABLE))}"


def _changes(answer: TriageAnswer) -> str:
    main = [(word, each) for word, each in (("Introduced", answer.introduced), ("Fixed", answer.fixed)) if each]
    shown = {(each.package, each.last, each.first) for _, each in main}
    others = [(w, each) for w, each in _other_changes(answer) if (each.package, each.last, each.first) not in shown]
    lines = [
        f"* {word} between {escaped(each.package)} {each.last} and {each.first}{_commit(each)}."
        + _untested_commits(answer, each)
        for word, each in (*main, *others)
    ]
    if answer.responsible:
        lines.append(f"* Responsible package: {escaped(answer.responsible)}.")
    return "\n".join(lines)


def _other_changes(answer: TriageAnswer) -> Iterator[tuple[str, Change]]:
    """Yield every border between pass and bug, oldest first: a bug may come back."""
    commits = {(each.get("last"), each.get("first")): each.get("commit") for each in answer.transitions}
    for each in borders_of(answer.ranges):
        word = "Also introduced" if each.introduced else "Also fixed"
        commit = commits.get((each.last, each.first))
        yield word, Change(package=each.package, last=each.last, first=each.first, commit=commit)


def _untested_commits(answer: TriageAnswer, change: Change) -> str:
    """Return why no commit was found, and the commits that may be the cause of a change."""
    neighbours = (change.last, change.first)
    found = next((each for each in answer.transitions if (each.get("last"), each.get("first")) == neighbours), {})
    commits = found.get("not_tested", []) if not change.commit else []
    note = str(found.get("commit_note") or "")
    why = escaped(_short(without_local_paths(note.removeprefix(_NO_COMMIT)), _LONGEST_NOTE))
    if not commits:
        return f" No commit was found: {why.rstrip('.')}." if note.startswith(_NO_COMMIT) and not change.commit else ""
    where = "which touch a file of the traceback" if commits[0].get("in_traceback") else "between the two"
    named = [_commit(replace(change, commit=each)).removeprefix(" by ") for each in commits[-_MOST_UNTESTED:]]
    more = len(commits) - len(named)
    listed = f"{'; '.join(named)}{f'; and {more} more' if more else ''}"
    return f" Its commits could not be run{f' ({why})' if why else ''}. Not tested, {where}: {listed}."


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
            escaped(f"{each.claim.subject} {each.claim.says.value}{_of_writer(each.claim)}")
            + (f" ({escaped(each.claim.place.file)})" if each.claim.commented else ""),
            marks[each.result] + (f" ({escaped(each.note)})" if each.note else ""),
        ]
        for each in answer.claims
    ]
    return table(["the report says", "checked"], rows)


def _of_writer(claim: Claim) -> str:
    return f" with files of {claim.writer}" if claim.writer else ""


def _dropped(dropped: Dropped) -> str:
    place = f"{escaped(dropped.place.file)}, " if dropped.place.file else ""
    text = f": {code(_short(dropped.text))}" if dropped.text.strip() else ""
    return f"{place}line {dropped.place.line}{text}: {escaped(dropped.why)}"


def _listed(title: str, items: Iterable[str]) -> str:
    lines = [f"* {each}" for each in items]
    return "\n".join([f"{title}:", "", *lines]) if lines else ""


def _details(title: str, text: str, language: str) -> str:
    if not text.strip():
        return ""
    return f"<details><summary>{title}</summary>\n\n{_fenced(text, language)}\n\n</details>"


def _fenced(text: str, language: str) -> str:
    """Return a code block whose fence is longer than any in the text, without what a terminal would obey."""
    text = "\t".join(map(plain, text.split("\t")))
    longest = max((len(each) for each in re.findall(r"`{3,}", text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"


def _short(text: str, longest: int = _LONGEST_ERROR) -> str:
    line = one_line(text)
    return line if len(line) <= longest else line[: longest - 3] + "..."
