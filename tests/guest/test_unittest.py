"""Scripts that run tests: the first test that fails is the failure, in every Python that may be in an environment."""

import pytest

from tests.guest.test_worker import Work

TESTS = """\
import unittest

def broken():
    raise ValueError("no such layer")

class LayerTest(unittest.TestCase):
    def test_a_passes(self):
        pass

    def test_b_fails(self):
        self.assertEqual(1, 2, "numbers differ")

    def test_c_raises(self):
        broken()

"""


@pytest.fixture
def work(tmp_path):
    return Work(tmp_path)


def test_first_failing_test_is_the_failure(python, work):
    report = work.run(python, TESTS + "if __name__ == '__main__':\n    unittest.main()\n").report
    assert (report["outcome"], report["stage"], report["type"]) == ("failed", "test_b_fails", "AssertionError")
    assert report["message"] == "1 != 2 : numbers differ"
    assert report["line"] == 11
    assert report["traceback"].startswith("FAIL: test_b_fails (__main__.LayerTest")
    assert 'scenario.py", line 11, in test_b_fails' in report["traceback"]


@pytest.mark.parametrize(
    ("body", "end", "expected"),
    [
        ("def test_it(self): broken()", "unittest.main()", ("failed", "test_it", "ValueError", "no such layer")),
        ("def setUp(self): broken()\n    def test_it(self): pass", "unittest.main()",
         ("failed", "test_it", "ValueError", "no such layer")),
        ("@classmethod\n    def setUpClass(cls): broken()\n    def test_it(self): pass", "unittest.main()",
         ("failed", "setUpClass", "ValueError", "no such layer")),
        ("def test_it(self):\n        with self.subTest(shape=3): broken()", "unittest.main()",
         ("failed", "test_it", "ValueError", "no such layer")),
        ("@unittest.expectedFailure\n    def test_it(self): pass", "unittest.main()",
         ("failed", "test_it", "AssertionError", "unexpected success")),
        ("def test_it(self): broken()", "unittest.main(exit=False)",
         ("failed", "test_it", "ValueError", "no such layer")),
        ("def test_it(self): pass", "unittest.main()", ("passed", None, None, None)),
        ("def test_it(self): pass", "raise SystemExit(3)", ("failed", None, "SystemExit", "3")),
        ("def test_it(self): pass", "unittest.main(exit=False)\nbroken()",
         ("failed", None, "ValueError", "no such layer")),
    ],
)  # fmt: skip
def test_ways_in_which_tests_end(python, work, body, end, expected):
    source = (
        f"import unittest\ndef broken(): raise ValueError('no such layer')\nclass T(unittest.TestCase):\n    {body}\n"
    )
    report = work.run(python, f"{source}\n{end}\n").report
    assert tuple(report.get(key) for key in ("outcome", "stage", "type", "message")) == expected


def test_tests_that_did_not_run_are_counted(python, work):
    source = (
        "import unittest\nclass T(unittest.TestCase):\n    @unittest.skip('too old')\n    def test_it(self): pass\n"
    )
    seen = work.run(python, source + "unittest.main()\n").report["tests"]
    assert (seen["runs"], seen["skipped"], seen["why"]) == (1, 1, "too old")
    assert seen["begun"] <= 1  # Python 3.12.1 does not begin a test that is skipped
    none = work.run(python, "import unittest\nunittest.main()\n").report
    assert (none["tests"]["runs"], none["tests"]["begun"]) == (1, 0)


def test_script_without_tests_finds_no_unittest_imported(python, work):
    assert work.run(python, "import sys\nassert 'un' + 'ittest' not in sys.modules\n").report["outcome"] == "passed"


def test_a_result_that_no_run_of_tests_uses_is_no_failure(python, work):
    """absl does this while it is imported, and TensorFlow imports absl."""
    probes = "unittest.TestResult().addUnexpectedSuccess(unittest.FunctionTestCase(lambda: None))\n"
    passing = "class T(unittest.TestCase):\n    def test_it(self): pass\n"
    report = work.run(python, f"import unittest\n{probes}{passing}unittest.main(exit=False)\n").report
    assert (report["outcome"], report["stage"]) == ("passed", None)
