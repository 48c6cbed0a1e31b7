"""A test file becomes a script in which each test is a case."""

from __future__ import annotations

import pytest

from harness.errors import Problems
from harness.project.script import parse_script
from harness.reports.scripts import check_script
from harness.reports.tests_as_cases import RunnableTests, with_test_cases

UNITTEST = """\
import unittest


class TestSave(unittest.TestCase):
    def test_one(self):
        self.assertEqual(1, 1)

    def test_two(self):
        self.assertEqual(1, 2)
"""
PLAIN = """\
def test_one():
    assert 1


class TestSave:
    def test_two(self):
        assert 0
"""


def split(text: str, *, conftest: str = "") -> RunnableTests:
    """Return what a text becomes; it can be run, and declares its cases."""
    found = with_test_cases(text, name="test_it.py", conftest=conftest)
    assert found is not None
    return found


def cases_of(found: RunnableTests, tmp_path: object) -> list[object]:
    """Return the values of the only parameter, as they are read back from the text."""
    from pathlib import Path

    problems = Problems()
    script = parse_script(found.text, Path(str(tmp_path)) / "test_it.py", problems=problems)
    problems.raise_if_any("unreadable")
    assert check_script(found.text, name="test_it.py") is None
    ((_, values),) = script.header.parameters
    return list(values)


def test_each_unittest_test_is_a_case(tmp_path: object) -> None:
    found = split(UNITTEST)
    assert cases_of(found, tmp_path) == ["TestSave.test_one", "TestSave.test_two"]
    assert "unittest.main(argv=[sys.argv[0], test])" in found.text
    assert found.text.startswith(UNITTEST), "lines keep their numbers"


@pytest.mark.parametrize(
    ("ending", "call"),
    [
        ('if __name__ == "__main__":\n    unittest.main()\n', "unittest.main(argv="),
        ("unittest.main(argv=['ignored'], exit=False)\n", "unittest.main(argv="),
        ('if __name__ == "__main__":\n    import tensorflow as tf\n    tf.test.main()\n', "tf.test.main(argv="),
        ('if __name__ == "__main__":\n    raise SystemExit(unittest.main())\n', "unittest.main(argv="),
    ],
)
def test_runner_at_the_end_is_replaced(tmp_path: object, ending: str, call: str) -> None:
    found = split(f"{UNITTEST}\n\n{ending}")
    assert cases_of(found, tmp_path) == ["TestSave.test_one", "TestSave.test_two"]
    assert found.text.count("main(") == 1
    assert call in found.text
    assert ("import tensorflow as tf" in ending) == ("import tensorflow as tf" in found.text)


@pytest.mark.parametrize(
    "ending",
    [
        "TestSave('test_one').test_one()\n",
        "unittest.main(testLoader=unittest.TestLoader())\n",
        "unittest.TextTestRunner().run(unittest.TestLoader().loadTestsFromTestCase(TestSave))\n",
    ],
)
def test_script_that_runs_its_tests_in_its_own_way_is_left_alone(ending: str) -> None:
    assert with_test_cases(f"{UNITTEST}\n\n{ending}") is None


def test_script_with_one_test_and_a_runner_is_left_alone() -> None:
    text = UNITTEST[: UNITTEST.index("    def test_two")]
    assert with_test_cases(f"{text}\n\nunittest.main()\n") is None
    assert split(text).text.endswith("unittest.main()\n")


def test_plain_functions_are_called_without_pytest(tmp_path: object) -> None:
    found = split(PLAIN)
    assert cases_of(found, tmp_path) == ["test_one", "TestSave.test_two"]
    assert found.runner == "a call"
    assert "import pytest" not in found.text


@pytest.mark.parametrize(
    "text",
    [
        PLAIN + "\n\n@pytest.fixture\ndef broken():\n    pass\n",
        PLAIN + "\n\ndef test_three(tmp_path):\n    pass\n",
        "import pytest\npytest.importorskip('math')\n" + PLAIN,
        PLAIN + "\n\nasync def test_three():\n    pass\n",
        PLAIN + "\n\ndef setup_module():\n    pass\n",
        PLAIN.replace("class TestSave:", "class TestSave:\n    def setup_method(self):\n        pass\n"),
        PLAIN.replace("class TestSave:", "class TestSave(Base):"),
        PLAIN + '\n\n@pytest.mark.parametrize("n", [1, 2])\ndef test_three(n):\n    assert n\n',
        UNITTEST + "\n\ndef test_loose():\n    pass\n",
    ],
)
def test_what_only_pytest_runs_as_meant_runs_with_pytest(tmp_path: object, text: str) -> None:
    found = split(text)
    assert found.runner == "pytest"
    assert '# dependencies = ["pytest"]' in found.text
    assert "TestSave.test_two" in cases_of(found, tmp_path)


def test_tests_with_unknown_fixtures_are_no_cases_and_are_named(tmp_path: object) -> None:
    text = PLAIN + "\n\ndef test_three(mocker, model):\n    pass\n"
    found = split(text)
    assert cases_of(found, tmp_path) == ["test_one", "TestSave.test_two"]
    assert found.lacking == (("test_three", ("mocker", "model")),)
    assert "`mocker`, `model`" in found.questions[0]
    beside = "import pytest\n\n@pytest.fixture\ndef model():\n    pass\n"
    assert split(text, conftest=beside).lacking == (("test_three", ("mocker",)),)


def test_file_without_a_test_that_can_be_run_has_questions_only() -> None:
    found = split("def test_three(model):\n    pass\n")
    assert found.names == ()
    assert found.questions


def test_class_whose_runner_knows_its_tests_is_one_case(tmp_path: object) -> None:
    text = UNITTEST.replace("    def test_two", "    @parameterized.parameters(1, 2)\n    def test_two")
    assert cases_of(split(text), tmp_path) == ["TestSave.test_one", "TestSave"]
    inherited = UNITTEST + "\n\nclass TestMore(TestSave):\n    def test_three(self):\n        pass\n"
    assert cases_of(split(inherited), tmp_path) == ["TestSave.test_one", "TestSave.test_two", "TestMore"]


def test_parameter_has_a_name_that_the_script_does_not_use(tmp_path: object) -> None:
    found = split("from tensorflow import test\n\n" + UNITTEST)
    assert 'test_name = "TestSave.test_one"' in found.text
    assert cases_of(found, tmp_path)


def test_script_with_parameters_of_its_own_is_left_alone() -> None:
    header = (
        '\n# /// script\n# [tool.harness.parameters]\n# size = [1, 2]\n# ///\n\n# %% tags=["parameters"]\nsize = 1\n'
    )
    assert with_test_cases(UNITTEST + header) is None
