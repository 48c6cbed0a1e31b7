"""Test files that were named by their path: each test is a case."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from harness.errors import Problems
from harness.filesystem.reading import read_text
from harness.model import Scenario
from harness.project.header_text import with_keys
from harness.project.script import parse_script
from harness.reports.tests_as_cases import PYTEST, with_test_cases

_CONFTEST = "conftest.py"


def with_tests(scenario: Scenario, problems: Problems, *, notify: Callable[[str], None]) -> Scenario:
    """Return a test file with its tests as cases; another script as it is. What is wrong is noted in problems.

    Tests that cannot be run are reported to `notify`.
    """
    if scenario.write is not None:
        return scenario
    conftest = scenario.path.with_name(_CONFTEST)
    try:
        beside = read_text(conftest) if conftest.is_file() else ""
    except (OSError, UnicodeDecodeError):
        beside = ""
    found = with_test_cases(scenario.script.text, name=scenario.path.name, conftest=beside)
    if found is None:
        return scenario
    if not found.names:
        (test, fixtures), *_ = found.lacking
        problems.add(
            str(scenario.path),
            f"no test in it can be run: {test} needs the fixture {', '.join(fixtures)}, which nothing defines",
            f"Define it in the file, or in {_CONFTEST} next to it",
        )
        return scenario
    for test, fixtures in found.lacking:
        notify(f"{scenario.path.name}: {test} is not run: it needs the fixture {', '.join(fixtures)}")
    text = found.text
    if beside and found.runner == PYTEST and not scenario.script.header.files:
        text = with_keys(text, {"files": [_CONFTEST]})
    return replace(scenario, script=parse_script(text, scenario.path, problems=problems))
