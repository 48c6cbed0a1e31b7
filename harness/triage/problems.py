"""Decide what the reported problem is: an exception, a text that is printed or warned of, or a duration. Pure."""

from __future__ import annotations

import re
import statistics
from collections import Counter
from collections.abc import Iterable, Sequence

from harness.model import Outcome, Pattern
from harness.model.observation import normalise_output, normalise_warnings
from harness.model.watch import Watch, WatchKind
from harness.triage.evidence import Failure
from harness.triage.observed_runs import CellRun, Problem
from harness.triage.quoted_output import is_shown

_LONGEST_LINE = 120
_SHORTEST_MESSAGE = 16
_LOGGED_WARNING = re.compile(r"^(?:WARNING|ERROR):(?:[\w.]+:)? ?(?P<said>\S.*)$", re.MULTILINE)
_BEFORE_NAMES = re.compile(r"[^<\"'`\d(\[{:]+")
"""The words of a message before names, numbers and addresses."""


def problem_of(
    ran: Sequence[CellRun],
    *,
    reported: Failure | None,
    failing: Iterable[str],
    working: Iterable[str],
    expected: Iterable[str] = (),
    watch: Watch | None = None,
    quoted: str = "",
    quoted_outputs: Iterable[Sequence[str]] = (),
    message: str = "",
) -> Problem:
    """Decide what the reported problem is: with a `watch`, what it shows, otherwise the first of these.

    1. The reported failure, if an environment raises it.
    2. Of a report without one, if the environments that it calls failing do not fail: the `message` of the log that it
       is about, then the quoted output, if they print it.
    3. The most frequent failure of the environments that the report calls failing, otherwise of all.
    4. The reported failure, also as text that a script prints.
    5. The quoted output.
    6. A warning of the `quoted` log, if only some environments log it.
    7. The text that failing environments print and working ones do not. Who prints `expected` text is a working one.
    8. A `quoted` Python warning, if only some environments show it.
    """
    if watch is not None:
        return _watched(ran, watch, set(failing), set(working))
    failures = [each for each in ran if each.failed]
    if reported is not None and any(reported.matches(each.error) for each in failures):
        return Problem(observed="error", failure=reported)
    named = set(failing)
    own = [each for each in failures if each.place in named]
    right = [normalise_output(each) for each in expected]
    if not own and reported is None:
        found = _printed(ran, message) or _quoted_of(ran, quoted_outputs, named, set(working), right)
        if found is not None:
            return found
    for group in (own, failures):
        if group:
            failure, _ = Counter(Failure.in_one_line(each.error) for each in group).most_common(1)[0]
            timed_out = any(each.attempt is not None and each.attempt.outcome is Outcome.TIMED_OUT for each in group)
            return Problem(observed="hang" if timed_out else "error", failure=failure)
    if reported is not None:
        return _printed_failure(ran, reported) or Problem(observed="error", failure=reported)
    return (
        _as_quoted(ran, quoted_outputs, named, set(working), right)
        or _quoted_log(ran, quoted)
        or _shown_text(ran, Watch(), named, set(working), right)
        or _quoted_warning(ran, quoted)
        or Problem(observed="error")
    )


def _watched(ran: Sequence[CellRun], watch: Watch, failing: set[str], working: set[str]) -> Problem:
    """Return the problem where it is known what is watched."""
    match watch.kind:
        case WatchKind.HANG:
            return Problem(observed="hang", watch=watch, failure=Failure(type="Timeout"))
        case WatchKind.TIME:
            return Problem(observed="time", watch=watch, expected_s=_expected_s(ran, failing, working))
        case WatchKind.OUTPUT | WatchKind.WARNING:
            found = _shown_text(ran, watch, failing, working, watched=True) or _only_warning(ran, watch)
            return found or Problem(observed=watch.kind.value, watch=watch)


def _expected_s(ran: Sequence[CellRun], failing: set[str], working: set[str]) -> float | None:
    """Return the duration to compare with: the median of what works by the report, otherwise the shortest."""
    measured = [(each.place, each.measured.median_s) for each in ran if each.passed and each.measured is not None]
    right = [seconds for place, seconds in measured if place in working]
    if right:
        return statistics.median(right)
    return min((seconds for place, seconds in measured if place not in failing), default=None)


def _shown_text(
    ran: Sequence[CellRun],
    watch: Watch,
    failing: set[str],
    working: set[str],
    expected: Sequence[str] = (),
    *,
    watched: bool = False,
) -> Problem | None:
    """Return the text that is the problem, if environments show different things and the report says which.

    If it is not `watched`, the report must also say of a version, or by its expected output, what is right.
    """
    groups: dict[str, set[str]] = {}
    for each in ran:
        if each.passed:
            groups.setdefault(each.shown(watch), set()).add(each.place)
    if len(groups) < 2:
        return None
    wrong = [text for text, environments in groups.items() if environments & failing and not environments & working]
    right = [
        text
        for text, environments in groups.items()
        if environments & working or (text not in wrong and any(each and each in text for each in expected))
    ]
    if len(wrong) != 1 or (watch.kind is WatchKind.WARNING and not wrong[0]):
        return None
    if not right and watch.kind is WatchKind.WARNING and "" in groups:
        right = [""]
    if not right and not watched:
        return None  # that versions differ does not say which of them is wrong
    return Problem(observed=watch.kind.value, watch=watch, output=wrong[0], right=tuple(right))


def _quoted_of(
    ran: Sequence[CellRun],
    quoted: Iterable[Sequence[str]],
    failing: set[str],
    working: set[str],
    expected: Sequence[str],
) -> Problem | None:
    """Return the quoted output as the problem, if a failing version passes and prints it."""
    prints = {each.shown(Watch()) for each in ran if each.passed and each.place in failing}
    found = _as_quoted(ran, quoted, failing, working, expected) if prints else None
    return found if found is not None and prints & {found.output, *found.also} else None


def _as_quoted(
    ran: Sequence[CellRun],
    quoted: Iterable[Sequence[str]],
    failing: set[str],
    working: set[str],
    expected: Sequence[str],
) -> Problem | None:
    """Return the output that the report quotes as the problem, if the script printed it, and no working one did.

    Of several, it is the first that some environments do not print: people also quote what is right. What a report
    shows twice comes last: something else is compared with it.
    """
    times = Counter(shown := [tuple(lines) for lines in quoted])
    first: Problem | None = None
    groups: dict[str, set[str]] = {}
    for each in ran:
        if each.passed:
            groups.setdefault(each.shown(Watch()), set()).add(each.place)
    for lines in sorted(dict.fromkeys(shown), key=lambda each: times[each] > 1):
        wrong = [text for text in groups if is_shown(lines, text)]
        if not wrong or any(groups[text] & working for text in wrong):
            continue
        others = [text for text in groups if text not in wrong]
        right = [each for each in others if groups[each] & working or any(one and one in each for one in expected)]
        main = max(wrong, key=lambda text: (len(groups[text] & failing), len(groups[text])))
        also = tuple(text for text in wrong if text != main)
        right = right or others
        found = Problem(observed="output", output=main, also=also, quoted="\n".join(lines), right=tuple(right))
        if others:
            return found
        first = first or found
    return first


def _quoted_warning(ran: Sequence[CellRun], quoted: str) -> Problem | None:
    """Return the first Python warning of a report that some environments show and others do not.

    Forks do not show the warnings of imports, so they are not compared with processes.
    """
    passing = [each for each in ran if each.passed]
    if len({each.attempt.isolation for each in passing if each.attempt is not None}) != 1:
        return None
    for line in normalise_warnings(quoted).split("\n"):
        if re.match(r"[\w.]*Warning: ", line):
            watch = Watch(kind=WatchKind.WARNING, pattern=Pattern(f"^{re.escape(line)}$"))
            texts = {each.shown(watch) for each in passing}
            if "" in texts and len(texts) == 2:
                return Problem(observed="warning", watch=watch, output=(texts - {""}).pop(), right=("",))
    return None


def _printed_failure(ran: Sequence[CellRun], reported: Failure) -> Problem | None:
    """Return the reported exception as a text, where it is only printed: somebody caught it, and the script passes."""
    line = f"{reported.type.rpartition('.')[2]}: {reported.message}".split("\n")[0]
    return _printed(ran, line) if reported.message else None


def _printed(ran: Sequence[CellRun], line: str) -> Problem | None:
    """Return a line as the problem that versions show which pass, in their log or in what they print."""
    for kind in (WatchKind.WARNING, WatchKind.OUTPUT) if line else ():
        watch = Watch(kind=kind, pattern=Pattern(re.escape(line[:_LONGEST_LINE])))
        texts = Counter(each.shown(watch) for each in ran if each.passed)
        printed = [text for text, _ in texts.most_common() if text]
        if printed:
            right = ("",) if "" in texts else ()
            return Problem(
                observed=kind.value, watch=watch, output=printed[0], also=tuple(printed[1:]), quoted=line, right=right
            )
    return None


def _quoted_log(ran: Sequence[CellRun], quoted: str) -> Problem | None:
    """Return the first warning in the quoted log that some environments log and others do not."""
    words = (_BEFORE_NAMES.match(found["said"]) for found in _LOGGED_WARNING.finditer(quoted))
    for said in dict.fromkeys(each.group().strip() for each in words if each is not None):
        found = _printed(ran, said) if len(said) >= _SHORTEST_MESSAGE else None
        if found is not None and found.observed == "warning" and found.right:
            return found
    return None


def _only_warning(ran: Sequence[CellRun], watch: Watch) -> Problem | None:
    """Return the warning that is shown most often, where the report does not say which versions show it."""
    if watch.kind is not WatchKind.WARNING:
        return None
    texts = Counter(text for each in ran if each.passed and (text := each.shown(watch)))
    if not texts:
        return None
    ((output, _),) = texts.most_common(1)
    return Problem(observed=watch.kind.value, watch=watch, output=output, right=("",))
