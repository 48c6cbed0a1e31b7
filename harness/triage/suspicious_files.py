"""The suspicious files of a reply: of the transitions that it is about, where no commit is known. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from harness.pinpoint.suspicious_files import texts as file_texts
from harness.rendering.markdown import escaped
from harness.triage.answer import Change, TriageAnswer


def suspicious_files(answer: TriageAnswer) -> Iterator[str]:
    """Yield a folded list of files for each change that has one."""
    documents = {(each.get("last"), each.get("first")): each.get("suspect_files") for each in answer.transitions}
    for change in (answer.introduced, answer.fixed):
        found = documents.get((change.last, change.first)) if change is not None and not change.commit else None
        if change is not None and found and found["files"]:
            yield _folded(change, found)


def _folded(change: Change, document: dict[str, object]) -> str:
    files = file_texts.parse(document)
    title = f"Suspicious files between {escaped(change.package)} {escaped(change.last)} and {escaped(change.first)}"
    lines = [f"{escaped(file_texts.heading(files))}:", "", *(f"* {escaped(each)}" for each in file_texts.items(files))]
    how = file_texts.explained(files)
    text = "\n".join([*lines, *(["", escaped(how)] if how else [])])
    return f"<details><summary>{title}</summary>\n\n{text}\n\n</details>"
