"""The verdict on a report with two steps: which readers refuse the file, and which side changed. Pure."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from harness.triage.answer import Change, Reproduction
from harness.triage.evidence import Shows
from harness.triage.ranges import Range
from harness.triage.verdict import by_commit, listed, without

_LONGEST_FAILURE = 60


def pair_sentence(
    reproduction: Reproduction,
    readers: Sequence[Range],
    writers: Sequence[Range],
    *,
    writer: str,
    reader: str,
    responsible: str | None,
    side: str | None,
    changes: tuple[Change | None, Change | None],
    failure: str,
) -> str:
    """Return the verdict: which readers show the problem with the held writer's files, and which writers cause it.

    `writer` and `reader` name the pair. Every version in it was run.
    """
    affected = [each for each in readers if each.shows is Shows.BUG]
    if not affected:
        return without(reproduction, [each for each in readers if each.shows is Shows.PASSES])
    shown = f" ({textwrap.shorten(failure, _LONGEST_FAILURE, placeholder=' ...')})" if failure else ""
    passing = [each for each in readers if each.shows is Shows.PASSES]
    parts = [f"Files written by {writer}: the reported problem{shown} shows when {_of(affected)} reads them"]
    if passing:
        parts.append(f"{_of(passing)} {'reads' if len(passing) == 1 else 'read'} them")
    for change, word in zip(changes, ("introduced", "fixed"), strict=True):
        if change is not None:
            what = " in the writer" if side == "writer" else ""
            parts.append(f"{word}{what} between {change.last} and {change.first}{by_commit(change)}")
    text = "; ".join(parts) + "."
    others = _writers(writers, reader)
    if others:
        text = f"{text} {others}"
    if responsible is None:
        return f"{text} Which package is responsible was not determined."
    words = {
        "reader": ": the reader stopped accepting the file",
        "writer": ": the writer changed what it writes",
        "both": ": the writer changed what it writes, and the reader what it accepts",
    }
    return f"{text} Responsible: {responsible}{words.get(side or '', '')}."


def _writers(ranges: Sequence[Range], reader: str) -> str:
    affected = [each for each in ranges if each.shows is Shows.BUG]
    passing = [each for each in ranges if each.shows is Shows.PASSES]
    if not affected or not passing:
        return ""
    return f"With the reader {reader}, files of {_of(affected)} fail, and files of {_of(passing)} are read."


def _of(ranges: Sequence[Range]) -> str:
    return f"{ranges[0].package} {listed(ranges)}"
