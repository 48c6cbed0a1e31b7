"""The one-sentence verdict of a report. Pure; it claims only what the ranges show."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence

from harness.model import Attempt
from harness.triage.answer import Change, HeldPackage, Reproduction
from harness.triage.evidence import Shows
from harness.triage.ranges import Range

_PLACE = re.compile(r'^ *File "(?P<file>[^"\n]+)", line \d+.*\n *(?P<line>.*)', re.MULTILINE)
LONGEST_FAILURE = 160
"""Characters of a failure in a verdict: some messages of Keras have whole configurations."""


def sentence(
    reproduction: Reproduction,
    ranges: Sequence[Range],
    *,
    responsible: str | None,
    introduced: Change | None,
    fixed: Change | None,
    failure: str,
    held: HeldPackage | None = None,
    is_reported: bool = True,
    doubtful: bool = False,
    decided: bool = True,
) -> str:
    """Return the verdict: whether the report was reproduced, which versions have the bug, and since and until when.

    `held` is the package and version of the environment in which the versions were compared, if they were compared in
    one only. `is_reported` is False if the failure is another one than that of the report, which nothing showed.
    `doubtful` is True if the report shows no failure, and one of the script shows wherever it runs.
    `decided` is False if the script shows different things, and nothing says which of them is right.
    """
    affected = [each for each in ranges if each.shows is Shows.BUG]
    passing = [each for each in ranges if each.shows is Shows.PASSES]
    if not affected:
        return without(reproduction, passing, decided=decided)
    package = affected[0].package
    shown = f" ({textwrap.shorten(failure, LONGEST_FAILURE, placeholder=' ...')})" if failure else ""
    together = f" together with {held.name} {held.version}" if held else ""
    problem = "The reported problem" if is_reported else "Not reproduced, but another failure"
    problem = "A failure of the script" if doubtful else problem
    parts = [f"{problem}{shown} shows with {package} {listed(affected)}{together}"]
    if passing:
        parts.append(
            f"{package} {listed(passing)} passes" if len(passing) == 1 else f"{package} {listed(passing)} pass"
        )
    for change, word in ((introduced, "introduced"), (fixed, "fixed")):
        if change is not None:
            parts.append(f"{word} between {change.last} and {change.first}{by_commit(change)}")
    if responsible is not None:
        package_found = f"Responsible: {responsible}."
    elif doubtful:
        package_found = (
            "The report shows no such failure, and no version that was run passes: it may be another problem."
        )
    else:
        package_found = "Which package is responsible was not determined."
    return f"{'; '.join(parts)}. {package_found}"


def checks_itself(attempt: Attempt | None) -> bool:
    """Return whether the script raised its failure itself, at its end of the traceback: it checks what is reported."""
    places = list(_PLACE.finditer(attempt.evidence.traceback)) if attempt is not None else []
    return bool(places) and "/" not in places[-1]["file"] and places[-1]["line"].startswith(("raise ", "assert "))


def listed(ranges: Sequence[Range]) -> str:
    """Return versions as text: `3.0.0 to 3.2.1 and 3.3.2`."""
    texts = [each.text for each in ranges]
    return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} and {texts[-1]}"


def by_commit(change: Change) -> str:
    """Return the commit of a change as a phrase, empty if none is known."""
    return f" by {change.commit['sha'][:10]}" if change.commit else ""


def without(reproduction: Reproduction, passing: Sequence[Range], *, decided: bool = True) -> str:
    """Return the verdict where no release shows the problem."""
    passes = f"he script passes with {passing[0].package} {listed(passing)}." if passing else ""
    if reproduction.result == "not possible":
        why = f"The report could not be reproduced: {reproduction.reason.rstrip('.') or 'nothing could be run'}."
        return f"{why} T{passes}" if passes else why
    note = f" {reproduction.reason[:1].upper()}{reproduction.reason[1:]}." if reproduction.reason else ""
    if passes:
        return f"Not {'reproduced' if decided else 'decided'}: t{passes}{note}"
    return f"Not reproduced: no release shows the reported problem.{note}"
