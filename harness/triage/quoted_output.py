"""The output that a report quotes, compared with what the script printed. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from harness.model.observation import normalise_output
from harness.reports.report import Report

_VERSION_ONLY = re.compile(r"(?:<version>|[\w .:=]*version[\w .:=]*|[\w-]+ ?[:=]* ?<version>|\s)+", re.IGNORECASE)
_LOGGED = re.compile(r"\d{4}-\d\d-\d\d|[IWE]\d{4} |WARNING|Epoch \d+/\d+$|To enable|This TensorFlow binary|Traceback")
_RECORD = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[\d.,]*: [IWEF] |[IWEF]\d{4} [\d:.]+ |(?:INFO|WARNING|ERROR):\S")
_SLOW = re.compile(
    r"\bslow(?:er|ly|ness|s|ed)?(?: down|down)?\b|\bspeed\b|\btim(?:e|ing) performance\b"
    r"|\b(?:takes?|took) (?:much )?longer\b|\bperformance (?:drop|loss|regression|degradation|issue)"
    r"|\btimes (?:longer|slower)\b",
    re.IGNORECASE,
)
_WORD = re.compile(r"[\w.]*\w")
_FEWEST_WORDS = 2
_SHORTEST = 16
"""Characters of the words that title and message share: `tf.function retracing`."""
_MOST_LINES = 1000
_LONGEST = 4000
_FEW_LINES = 10


def quoted_outputs(report: Report) -> tuple[tuple[str, ...], ...]:
    """Return the lines of each output that a report shows as what happened, without versions and log lines.

    The issue form of TensorFlow has a field for logs, and people put what the script prints there.
    """
    versions = tuple(dict.fromkeys(each.version for each in report.claims))
    found = []
    for output in report.outputs:
        if output.role == "expected" or len(output.text) > _LONGEST or "Traceback" in output.text:
            continue
        printed = "\n".join(line for line in output.text.split("\n") if not _LOGGED.match(line))
        lines = normalise_output(printed, versions).split("\n")
        kept = tuple(each for each in lines if not _VERSION_ONLY.fullmatch(each))
        if kept and any(map(str.strip, kept)):
            found.append(kept)
    return tuple(found)


def message_of_title(report: Report) -> str:
    """Return the longest words of the title that stand in a log record of the report; empty without any.

    Such a report is about this message: `5 out of the last 5 calls triggered tf.function retracing`.
    """
    lines = [line for output in report.outputs for line in output.text.split("\n")[:_MOST_LINES]]
    records = [line for line in lines if _RECORD.match(line)]
    words = list(_WORD.finditer(report.title)) if records else []
    for length in range(len(words), _FEWEST_WORDS - 1, -1):
        for first in range(len(words) - length + 1):
            said = report.title[words[first].start() : words[first + length - 1].end()]
            if len(said) >= _SHORTEST and any(said in record for record in records):
                return said
    return ""


def is_about_duration(report: Report) -> bool:
    """Return whether the title of a report, or a claim, says that something takes too long."""
    return any(_SLOW.search(text) for text in (report.title, *(each.text for each in report.own_claims)))


def unseen_output(report: Report, shown: Iterable[str]) -> str:
    """Return the first line of a short output that the report quotes and none of these texts has; empty without one."""
    texts = list(shown)
    for lines in quoted_outputs(report) if texts else ():
        if len(lines) <= _FEW_LINES and not any(is_shown(lines, text) for text in texts):
            return lines[0]
    return ""


def is_shown(lines: Iterable[str], text: str) -> bool:
    """Return whether a text has these lines in this order; other lines may stand between."""
    left = iter(text.split("\n"))
    return all(any(line == each for each in left) for line in lines)
