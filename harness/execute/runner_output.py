"""The output of pytest and unittest in a script that runs them itself: number of tests, and the first failed one. Pure.

The worker sees the results of unittest as long as the script exits with them; those of pytest are only in its output.
"""

from __future__ import annotations

import functools
import re
from collections import Counter
from dataclasses import dataclass

from harness.execute.failure_facts import AttemptContext, Failure
from harness.execute.no_verdict_reason import NoVerdictReason, lacks, needs_package, not_applicable
from harness.model import NoVerdict

LACKING = re.compile(r"(?:ModuleNotFoundError|ImportError): No module named '([A-Za-z_][\w.]*)'")
_CALLS_PYTEST = re.compile(r"\bpytest\b")
_SUMMARY = re.compile(
    r"^(?:=+ )?(?P<counts>no tests ran|\d+ (?:passed|failed|skipped|errors?|deselected|xfailed|xpassed)\b[^=\n]*)"
    r" in \d+(?:\.\d+)?s\b[^=\n]*=*$",
    re.MULTILINE,
)
_STATUS = re.compile(r"\d{1,3}|True|(?:pytest_)?(?:ExitCode\.)?[A-Z_]+")
_COUNT = re.compile(r"(\d{1,9}) (passed|failed|skipped|error|xfailed|xpassed)")
_EXPLAINED = re.compile(r"^E {3,}(?P<error>\S.*)$", re.MULTILINE)
_LISTED = re.compile(r"^(?:FAILED|ERROR) \S+?(?:::(?P<test>\S+))?(?: - (?P<error>.+))?$", re.MULTILINE)
_TYPE = re.compile(r"(?P<type>[A-Za-z_][\w.]*)(?P<rest>:.*)?$")
_UNITTEST = re.compile(
    r"^(?:FAIL|ERROR): (?P<test>\w+).*\n(?:.*\n)?-{70}\nTraceback \(most recent call last\):\n"
    r"(?:[ \t].*\n|\n)*(?P<error>[A-Za-z_][\w.]*(?::.*)?)$",
    re.MULTILINE,
)
_JUDGES = re.compile(r"\bwasSuccessful\b|\.failures\b|\.errors\b")


@dataclass(frozen=True, kw_only=True)
class FailedTest:
    """The first failed test of a run: its name, and `Type: message`."""

    test: str | None
    error: str


def failed_test(report_outcome: object, failure: Failure) -> FailedTest | None:
    """Return the test for which the script failed, or should have; None if it failed for another reason."""
    if report_outcome == "passed" or _exits_with_status(failure):
        return _pytest_failure(failure.context)
    outermost = failure.chain[0] if failure.chain else None
    if outermost is not None and _JUDGES.search(outermost.line_text):
        found = _UNITTEST.search(failure.context.output)
        return FailedTest(test=found["test"], error=_without_module(found["error"])) if found is not None else None
    return None


def no_test_ran(report_outcome: object, failure: Failure) -> NoVerdictReason | None:
    """Return why there is no verdict if the script runs pytest, and no test ran, or the first one lacks a package."""
    if report_outcome != "passed" and not _exits_with_status(failure):
        return None
    counts = _pytest_counts(failure.context)
    if counts is None:
        return None
    failed = failed_test(report_outcome, failure)
    found = LACKING.match(failed.error) if failed is not None else None
    if found is not None and lacks(found[1].partition(".")[0], failure):
        return needs_package(found[1])
    if any(counts[each] for each in ("passed", "failed", "error", "xfailed", "xpassed")):
        return None
    what = "all tests were skipped" if counts["skipped"] else "nothing was executed: pytest found no test"
    return not_applicable(NoVerdict.NOTHING_EXECUTED, what)


def _exits_with_status(failure: Failure) -> bool:
    """Return whether the script ended with a status that says no more than that tests failed."""
    outermost = failure.chain[0] if failure.chain else None
    return (
        outermost is not None and "SystemExit" in outermost.bases and _STATUS.fullmatch(outermost.message) is not None
    )


@functools.lru_cache(maxsize=128)  # a script may have thousands of attempts
def _calls_pytest(text: str) -> bool:
    return _CALLS_PYTEST.search(text) is not None


def _pytest_counts(context: AttemptContext) -> Counter[str] | None:
    """Return the number of tests by result in all runs of pytest; None if the script runs none."""
    if not _calls_pytest(context.text):
        return None
    runs = [each["counts"] for each in _SUMMARY.finditer(context.output)]
    counts: Counter[str] = Counter()
    for number, word in _COUNT.findall(" ".join(runs)):
        counts[word] += int(number)
    return counts if runs else None


def _pytest_failure(context: AttemptContext) -> FailedTest | None:
    counts = _pytest_counts(context)
    if counts is None or not (counts["failed"] or counts["error"]):
        return None
    listed, explained = _LISTED.search(context.output), _EXPLAINED.search(context.output)
    error = explained["error"] if explained is not None else (listed["error"] or "") if listed is not None else ""
    if error.startswith(("assert ", "Failed: ")) or not _TYPE.match(error):
        error = f"AssertionError: {error}"
    return FailedTest(test=listed["test"] if listed is not None else None, error=_without_module(error))


def _without_module(error: str) -> str:
    """Return an error with the name of its type alone, as failures of the script itself have it."""
    found = _TYPE.match(error)
    return f"{found['type'].rpartition('.')[2]}{found['rest'] or ': '}" if found is not None else error
