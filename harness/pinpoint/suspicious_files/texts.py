"""The suspicious files of a transition as text, and as a part of its document. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.pinpoint.suspicious_files.ranking import Suspect, SuspectFiles

TOP = 10
_MOST_NAMED = 3
HOW = (
    "A hint, not a verdict: none of these files was tested alone. The script was run once more and its calls were "
    "recorded. Files with a changed function that it calls come first, those of the traceback before the others, "
    "then the nearest to the script."
)


def heading(files: SuspectFiles) -> str:
    """Return the heading of the list, or the reason why there is none."""
    if files.note and not files.files:
        return f"Files that changed and that the script runs in {files.release}: not known, {files.note}."
    if files.note:
        return f"The Python file that changed ({files.note})"
    if not files.files:
        return (
            f"Files that changed and that the script runs in {files.release}: none. {files.differing} Python files "
            "differ; compiled code and other packages were not compared."
        )
    return f"Files that changed and that the script runs in {files.release} ({files.differing} Python files differ)"


def items(files: SuspectFiles) -> list[str]:
    """Return the first files with what speaks for each."""
    lines = [f"{number}. {_item(each)}" for number, each in enumerate(files.files[:TOP], start=1)]
    more = len(files.files) - TOP
    return [*lines, *([f"and {more} more (--json)"] if more > 0 else [])]


def explained(files: SuspectFiles) -> str:
    """Return the explanation of the list; empty if nothing was traced."""
    return HOW if files.files and not files.note else ""


def document(files: SuspectFiles | None) -> dict[str, object] | None:
    """Return the files as plain values."""
    if files is None:
        return None
    return {
        "release": files.release,
        "differing": files.differing,
        "note": files.note,
        "files": [
            {
                "file": each.file,
                "functions": list(each.changed),
                "calls_away": each.depth,
                "in_traceback": each.in_traceback is not None,
            }
            for each in files.files
        ],
    }


def parse(document: Mapping[str, Any]) -> SuspectFiles:
    """Return the files of a document."""
    return SuspectFiles(
        release=document["release"],
        differing=document["differing"],
        note=document["note"],
        files=tuple(
            Suspect(
                file=each["file"],
                changed=tuple(each["functions"]),
                depth=each["calls_away"],
                nearest=each["calls_away"] if each["functions"] or document["note"] else 0,
                in_traceback=0 if each["in_traceback"] else None,
            )
            for each in document["files"]
        ),
    )


def _item(suspect: Suspect) -> str:
    named = ", ".join(suspect.changed[:_MOST_NAMED])
    more = len(suspect.changed) - _MOST_NAMED
    named += f" and {more} more" if more > 0 else ""
    if not named and suspect.nearest is not None:
        named = "runs, but calls no changed function"
    parts = [each for each in (named, "in the traceback" if suspect.in_traceback is not None else "") if each]
    return f"{suspect.file}: {'; '.join(parts)}" if parts else suspect.file
