"""The versions of which a text about the expected behavior says that they showed it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from harness.reports.clauses import OWN_NAMES, clauses_of
from harness.reports.mentions import Mention, find_mentions
from harness.reports.report import Says
from harness.reports.wording import verdict_of

AS_IN = re.compile(r"\b(?:as|like)\s+(?:it\s+\w+\s+)?(?:in|with|on|before)\W*$", re.IGNORECASE)
_GAVE = re.compile(
    r"\W*(?:it )?\b(?:I|we|it|they)?\s*(?:got|get|used to|printed|prints|gave|gives|returned|showed|was)\b",
    re.IGNORECASE,
)
_WORKED = re.compile(r"\b(?:was|were|had been) working\b|\bworked\b|\bused to (?:work|pass|run|load)\b", re.IGNORECASE)
_WISHED = re.compile(r"\b(?:should|must|would|expect\w*|supposed)\b", re.IGNORECASE)


def versions_that_worked(text: str, default: str) -> Iterator[tuple[int, str, Mention]]:
    """Yield the versions of `as in TF 2.2`, `it used to work in TF 2.2`: the start of the clause, its text, and each.

    What should work in a version is no statement about it.
    """
    clauses = list(clauses_of(text, default))
    fails = any(verdict_of(each) is Says.FAILS and find_mentions(each) for _, each in clauses)
    for start, clause in clauses:
        # `works in 2.4, so the bug is in 2.5` is no wish
        worked = _WORKED.search(clause) is not None or (fails and _WISHED.search(clause) is None)
        worked = worked and verdict_of(clause) is Says.WORKS
        for mention in find_mentions(clause, default):
            seen = worked or _GAVE.match(clause[mention.end :]) is not None
            if mention.package not in OWN_NAMES and (seen or AS_IN.search(clause[: mention.start])):
                yield start, clause, mention
