"""Runs of pytest and unittest inside a script are judged by what they printed."""

import pytest

from harness.execute.failure_facts import AttemptContext
from harness.execute.verdict import WorkerFacts, judge
from harness.model import Header, NoVerdict, Outcome
from harness.process.limits import Ended

SCRIPT = "import pytest\ndef test_a():\n    assert 1 == 2\npytest.main([__file__])\n"
FAILED = """\
=================================== FAILURES ===================================
    def test_a():
>       assert 1 == 2
E       assert 1 == 2
report.py:3: AssertionError
=========================== short test summary info ============================
FAILED report.py::test_a - assert 1 == 2
============================== 1 failed in 0.02s ===============================
"""
LACKS = FAILED.replace("assert 1 == 2", "ModuleNotFoundError: No module named 'pandas'")
UNITTEST = """\
======================================================================
ERROR: test_save (__main__.T.test_save)
----------------------------------------------------------------------
Traceback (most recent call last):
  File "report.py", line 4, in test_save
    raise errors.ShapeError("wrong")
lib.errors.ShapeError: wrong

----------------------------------------------------------------------
Ran 1 test in 0.000s

FAILED (errors=1)
"""
PASSED = {"outcome": "passed", "executed": True}


def exits(message, line="sys.exit(code)"):
    raised = {"type": "SystemExit", "bases": ["SystemExit", "BaseException"], "message": message, "line_text": line}
    return {"outcome": "failed", "type": "SystemExit", "message": message, "chain": [raised]}


def verdict(output, report, *, script=SCRIPT, status=None):
    status = int(report is not PASSED) if status is None else status
    ended = Ended(status=status, stdout=output.encode(), stderr=b"", duration_s=1.0)
    context = AttemptContext(text=script, output=output, packages=frozenset({"demo"}))
    return judge(WorkerFacts(ended=ended, report=report, stage_log=("", "exit"), header=Header(), context=context))


@pytest.mark.parametrize("report", [PASSED, exits("1"), exits("ExitCode.TESTS_FAILED")], ids=["ignored", "1", "named"])
@pytest.mark.parametrize(
    ("output", "error"),
    [
        (FAILED, "AssertionError: assert 1 == 2"),
        (FAILED.replace("assert 1 == 2", "ValueError: wrong shape"), "ValueError: wrong shape"),
        ("F\n= short test summary info =\nFAILED a.py::test_a - ValueError: x\n1 failed in 0.00s\n", "ValueError: x"),
    ],
    ids=["assert", "exception", "summary only"],
)
def test_failed_test_of_pytest_is_the_failure(output, error, report):
    found = verdict(output, report)
    assert (found.outcome, found.stage, found.error) == (Outcome.FAILED, "test_a", error)


@pytest.mark.parametrize("report", [PASSED, exits("5")], ids=["ignored", "exit"])
@pytest.mark.parametrize(
    ("output", "words"),
    [
        ("collected 0 items\n\n============================ no tests ran in 0.01s ============================\n", "found no test"),
        ("s    [100%]\n1 skipped in 0.01s\n", "all tests were skipped"),
    ],
    ids=["none", "skipped"],
)  # fmt: skip
def test_run_without_a_test_is_not_applicable(output, words, report):
    found = verdict(output, report)
    assert (found.outcome, found.cause) == (Outcome.NOT_APPLICABLE, NoVerdict.NOTHING_EXECUTED)
    assert words in found.reason


@pytest.mark.parametrize("report", [PASSED, exits("1")], ids=["ignored", "exit"])
def test_package_that_a_test_lacks_is_not_applicable(report):
    found = verdict(LACKS, report)
    assert (found.outcome, found.cause) == (Outcome.NOT_APPLICABLE, NoVerdict.MISSING_PACKAGE)


@pytest.mark.parametrize(
    ("output", "script"),
    [
        ("= 2 passed, 1 skipped in 0.01s =\n", SCRIPT),
        ("1 passed, 1 xfailed in 0.01s\n", SCRIPT),
        (FAILED, "print('1 failed in 0.02s')"),
    ],
    ids=["passed", "expected failure", "no pytest in the script"],
)
def test_other_output_is_no_failure(output, script):
    assert verdict(output, PASSED, script=script).outcome is Outcome.PASSED


def test_crash_after_failed_tests_stays_a_crash():
    assert verdict(FAILED, PASSED, status=-11).outcome is Outcome.CRASHED


def test_assertion_about_the_result_of_unittest_fails_with_the_first_failed_test():
    raised = {
        "type": "AssertionError",
        "bases": ["AssertionError", "Exception"],
        "message": "",
        "line_text": "assert result.wasSuccessful()",
    }
    report = {"outcome": "failed", "type": "AssertionError", "message": "", "chain": [raised]}
    found = verdict(UNITTEST, report, script="import unittest")
    assert (found.stage, found.error) == ("test_save", "ShapeError: wrong")


def test_hostile_output_takes_linear_time():
    for part in ("= 1 failed" * 20000, "1 passed, " * 20000, "E   \n" * 20000, "FAIL: a\n" * 20000):
        assert verdict(part, PASSED).outcome is Outcome.PASSED
