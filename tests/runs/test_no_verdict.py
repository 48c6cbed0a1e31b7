"""Scripts that say nothing of the version, through the whole command line: no transition, no statement, a workaround."""

import os

import pytest

from harness.sandbox.backends import find_sandbox

LACKS = "import demo\nimport other\ndemo.save('x', 'y')\nassert demo.load('x') == 'y'\n"
DOWNLOADS = """\
import demo
import urllib.request
if demo.VERSION > "1.0":
    urllib.request.urlopen("https://example.com/data.npz")
"""
READS = "import demo, sys\nif demo.VERSION > '1.0':\n    open('data.csv')\n"


def report(project, text, name="report.py"):
    path = project.root / "reports" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_missing_package_is_no_regression_and_names_the_option_that_adds_it(project):
    project.lock("1.0", other="1.0")
    path = report(project, LACKS)
    done = project.run(str(path))
    assert done.table == {
        "report@demo1.0": ("passed", None),
        "report@demo1.1": ("not applicable", None),
        "report@demo2.0": ("not applicable", None),
    }
    cell = done.cell("report@demo2.0")
    assert cell["reason"] == "needs other, which is not installed in this environment. Add it: --with other"
    assert (cell["cause"], cell["signature"], done.document["transitions"]) == ("missing package", None, [])
    assert "--with other" in project.call("table", str(path)).stdout.replace("\n     ", " ")
    assert "Nothing to run" in project.run(str(path)).stderr


@pytest.mark.parametrize("text", [pytest.param(DOWNLOADS, id="no network"), pytest.param(READS, id="a file")])
def test_failure_with_a_cause_is_shown_and_is_no_transition(project, text):
    if text == DOWNLOADS and not find_sandbox(os.environ).contains:
        pytest.skip("nothing contains scripts here")
    path = report(project, text)
    (path.parent / "data.csv").write_text("1")
    done = project.run(str(path))
    document = done.document
    outcome = "not applicable" if text == DOWNLOADS else "failed"
    assert [each for each, _ in done.table.values()] == ["passed", outcome, outcome]
    assert {cell["cause"] for cell in document["cells"]} == {
        None,
        "no network" if text == DOWNLOADS else "missing file",
    }
    assert (document["transitions"], document["statements"]) == ([], [])
    counted = "not_applicable" if text == DOWNLOADS else "no_verdict"
    assert (document["counts"][counted], document["counts"]["unexplained"]) == (2, 0)
    shown = project.call("table", str(path)).stdout
    assert ("n/a" if text == DOWNLOADS else "(fail)") in shown
    assert "introduced" not in shown
    assert "Nothing to run" in project.run(str(path)).stderr
