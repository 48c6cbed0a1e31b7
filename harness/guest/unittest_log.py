"""Record what unittest reports to its results: the first test that fails, and how many ran or were skipped.

Loaded by path: standard library only, Python 3.6 or newer.
"""

import functools
import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, List, Optional, Tuple

    from harness.guest import failures
    from harness.guest.worker import load
else:
    failures = load("failures.py")


class TestLog:
    """The tests of a script. unittest, tf.test and absl end with a SystemExit without details; all call a TestResult.

    Only results that a run of tests uses count: absl reports an unexpected success to a result of its own while it is
    imported.
    """

    def __init__(self) -> None:
        self._results: "List[Any]" = []  # kept, so that no other object gets the identity of one
        self._runs = self._begun = self._skipped = 0
        self._why_skipped = ""
        self._failed: "Optional[Tuple[Any, BaseException]]" = None

    def watch(self, source: bytes) -> None:
        """Wrap the methods of TestResult if the script mentions tests. Only then, import unittest."""
        if re.search(rb"unittest|TestCase|absltest|\.test\b", source) is None:
            return
        import unittest

        self._wrap(unittest.TestResult, "startTestRun", self._note_run)
        self._wrap(unittest.TestResult, "startTest", self._note_start)
        self._wrap(unittest.TestResult, "addSkip", self._note_skip)
        self._wrap(unittest.TestResult, "addError", self._note_failure)
        self._wrap(unittest.TestResult, "addFailure", self._note_failure)
        self._wrap(unittest.TestResult, "addSubTest", self._note_subtest)
        self._wrap(unittest.TestResult, "addUnexpectedSuccess", self._note_success)

    def _wrap(self, kind: type, name: str, note: "Callable[..., None]") -> None:
        original = getattr(kind, name)

        @functools.wraps(original)
        def noted(result: "Any", *arguments: "Any", **named: "Any") -> "Any":
            begins = name in ("startTestRun", "startTest")
            used = any(each is result for each in self._results)
            if begins and not used:
                self._results.append(result)
            if begins or used:
                note(*arguments)
            return original(result, *arguments, **named)

        setattr(kind, name, noted)

    def _note_run(self) -> None:
        self._runs += 1

    def _note_start(self, test: "Any") -> None:
        self._begun += 1

    def _note_skip(self, test: "Any", reason: "Any") -> None:
        self._skipped += 1
        self._why_skipped = self._why_skipped or str(reason)

    def _note_failure(self, test: "Any", error: "Any") -> None:
        if self._failed is None:
            self._failed = test, error[1]

    def _note_subtest(self, test: "Any", subtest: "Any", error: "Any") -> None:
        if error is not None:
            self._note_failure(subtest, error)

    def _note_success(self, test: "Any") -> None:
        self._note_failure(test, (AssertionError, AssertionError("unexpected success"), None))

    def complete(self, report: "Dict[str, Any]", path: str) -> "Dict[str, Any]":
        """Return the report of a script that ended by itself, or that of its first failing test, with that as stage."""
        if self._failed is None:
            report["tests"] = {
                "runs": self._runs,
                "begun": self._begun,
                "skipped": self._skipped,
                "why": failures.shorten(self._why_skipped),
            }
            return report
        test, error = self._failed
        case = getattr(test, "test_case", test)
        name = getattr(case, "_testMethodName", None) or str(test).split(" ")[0]
        failed = failures.describe(error, failures.shorten(name, 100), path, report["status"] or 1)
        failed["traceback"] = "FAIL: %s\n%s" % (failures.shorten(str(test), 400), failed["traceback"])
        return failed
