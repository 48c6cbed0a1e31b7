"""The silent bugs of the external benchmark, on a made-up data set of the same shape: reading, the rule, the figures."""

import json

import pytest

from benchmark.external.silent import (
    SilentBug,
    Verdict,
    environments_of,
    is_clone,
    judge,
    judge_warnings,
    minors,
    read_silent_bugs,
    released,
    with_values_shown,
)
from benchmark.external.silent_run import document, markdown
from harness.errors import UsageError
from harness.reports.vocabulary import Vocabulary

HEAD = "Issue number;url;gist;Final Scenario;Buggy Version;Fixed Version\n"
ROWS = (
    "1;https://example.org/issues/44178;g;Wrong shape;2.3.1/2.4.0-dev20201020;seems to be fixed in 2.5\n"
    "2;https://example.org/issues/20452;g;Wrong shape;1.8.0;1.10.0.dev20180609\n"
    "3;https://example.org/issues/39462;g;Wrong shape;2,2;Nightly?\n"
)
CODE = "```python\nimport tensorflow as tf\nx = tf.ones(2)\nx.shape\nprint(x)\n```\n"
ENVIRONMENTS = ("old-cpu-tf2.1.4", "tf2.2.3", "tf2.3.4", "tf2.4.4", "tf2.5.3")


@pytest.fixture
def clone(tmp_path):
    folder = tmp_path / "Artifacts" / "Bugs_in_JSON"
    folder.mkdir(parents=True)
    (tmp_path / "Artifacts" / "data.csv").write_text(HEAD + ROWS, encoding="utf-8-sig")
    issue = {"number": 44178, "title": "Wrong shape", "body": CODE, "html_url": "https://example.org/issues/44178"}
    (folder / "issue_1.json").write_text(json.dumps(issue))
    return tmp_path


def test_bugs_have_versions_and_the_script_of_the_issue(clone):
    assert is_clone(clone) and not is_clone(clone / "Artifacts")
    second, first = read_silent_bugs(clone, Vocabulary(), oldest=(1, 15), packages=lambda report: ["pillow"])
    assert (first.id, first.buggy, first.fixed, first.scenario) == ("tf-44178", (2, 3), (2, 5), "Wrong shape")
    assert "__displayhook__(x.shape)" in first.source
    assert '# dependencies = ["pillow"]' in first.source
    assert first.text == CODE
    assert (second.id, second.buggy, second.fixed, second.source) == ("tf-39462", (2, 2), None, "")


def test_another_table_is_refused(clone):
    (clone / "Artifacts" / "data.csv").write_text("a;b\n1;2\n")
    with pytest.raises(UsageError, match="no column Issue number"):
        read_silent_bugs(clone, Vocabulary(), oldest=(1, 15), packages=lambda report: [])


@pytest.mark.parametrize(
    ("text", "named", "final"),
    [
        ("TF v2.2 and TF v2.3", [(2, 2), (2, 3)], [(2, 2), (2, 3)]),
        ("tf-nightly, 2.4", [(2, 4)], [(2, 4)]),
        ("2.4, 2.5.0-dev20210111", [(2, 4), (2, 5)], [(2, 4)]),
        ("2.0.0-rc0 and 2.0 beta1", [(2, 0), (2, 0)], []),
        ("2.5.0-dev20201110. Gist: https://example.org/2.9", [(2, 5)], []),
        ("TF Nightly", [], []),
        ("v2.3.0-54-gfcc4b966f1 2.3.1", [(2, 3), (2, 3)], [(2, 3), (2, 3)]),
    ],
)
def test_versions_are_read_from_the_words_of_the_data_set(text, named, final):
    assert (list(minors(text)), list(released(text))) == (named, final)


def test_values_of_expressions_are_printed_as_in_a_notebook(capsys):
    source = "'''Words.'''\nx = 3\nx\nNone\n(lambda: None)()\nif x:\n    x\n"
    exec(with_values_shown(source), {})
    assert capsys.readouterr().out == "3\n"
    assert with_values_shown("x = 1\n") == "x = 1\n"
    assert with_values_shown("print 1\n") == "print 1\n"


def bug(**more):
    return SilentBug(
        **{"id": "tf-1", "scenario": "s", "source": "x\n", "buggy": (2, 2), "pre": False, "fixed": None, **more}
    )


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (bug(), ("tf2.2.3", ("tf2.3.4", "tf2.4.4"))),
        (bug(fixed=(2, 5)), ("tf2.2.3", ("tf2.5.3",))),
        (bug(fixed=(2, 30)), ("tf2.2.3", ("tf2.3.4", "tf2.4.4"))),
        (bug(buggy=(1, 15)), ("", ("old-cpu-tf2.1.4", "tf2.2.3"))),
        (bug(buggy=(2, 5)), ("tf2.5.3", ())),
    ],
)
def test_bug_runs_in_its_version_and_in_those_that_may_be_fixed(made, expected):
    assert environments_of(made, ENVIRONMENTS) == expected


def cell(environment, group="A", outcome="passed", error=None, text="1"):
    shown = {"kind": "output", "group": group, "text": text} if outcome == "passed" else None
    return {"environment": environment, "outcome": outcome, "error": error, "reason": None, "observation": shown}


BUGGY = "tf2.2.3"
FAILED = {"outcome": "failed", "error": "ImportError: none\nmore"}


@pytest.mark.parametrize(
    ("cells", "verdict", "fixed"),
    [
        ([cell(BUGGY), cell("tf2.3.4"), cell("tf2.4.4", "B")], Verdict.CONFIRMED, "2.4.4"),
        ([cell(BUGGY), cell("tf2.3.4"), cell("tf2.4.4")], Verdict.CONTRADICTED, "2.4.4"),
        ([cell(BUGGY, "differs"), cell("tf2.3.4"), cell("tf2.4.4")], Verdict.RANDOM, ""),
        ([cell(BUGGY), cell("tf2.3.4", "differs"), cell("tf2.4.4", "differs")], Verdict.RANDOM, ""),
        ([cell(BUGGY, text=" ")], Verdict.NOT_RUN, ""),
        ([cell(BUGGY, **FAILED), cell("tf2.3.4")], Verdict.NOT_RUN, ""),
        ([cell(BUGGY), cell("tf2.3.4", **FAILED)], Verdict.NOT_RUN, ""),
        ([cell(BUGGY, outcome="failed", error="AssertionError: a"), cell("tf2.3.4")], Verdict.CONFIRMED, "2.3.4"),
        ([], Verdict.NOT_RUN, ""),
    ],
)
def test_bug_is_confirmed_if_a_fixed_version_prints_something_else(cells, verdict, fixed):
    judged = judge(bug(), cells, ENVIRONMENTS)
    assert (judged.verdict, judged.fixed, judged.buggy) == (verdict, fixed, "2.2.3")


def test_same_text_of_a_pre_release_contradicts_nothing():
    cells = [cell(BUGGY), cell("tf2.3.4")]
    assert judge(bug(pre=True), cells, ENVIRONMENTS).verdict is Verdict.NOT_AVAILABLE
    assert judge(bug(), cells, ENVIRONMENTS).verdict is Verdict.CONTRADICTED


WARNED = "UserWarning: updates will be removed in 3\nFutureWarning: not in the issue"


@pytest.mark.parametrize(
    ("cells", "verdict", "fixed"),
    [
        (
            [cell(BUGGY, text=WARNED), cell("tf2.3.4", text=WARNED), cell("tf2.4.4", text="")],
            Verdict.CONFIRMED,
            "2.4.4",
        ),
        (
            [cell(BUGGY, text=WARNED), cell("tf2.3.4", text="FutureWarning: not in the issue")],
            Verdict.CONFIRMED,
            "2.3.4",
        ),
        ([cell(BUGGY, text=WARNED), cell("tf2.3.4", text=WARNED)], Verdict.CONTRADICTED, "2.3.4"),
        ([cell(BUGGY, text=WARNED), cell("tf2.3.4", **FAILED)], None, ""),
        ([cell(BUGGY, text="FutureWarning: not in the issue"), cell("tf2.3.4", text="")], None, ""),
        ([cell(BUGGY, text=""), cell("tf2.3.4", text=WARNED)], None, ""),
        ([cell("tf2.3.4", text=WARNED)], None, ""),
    ],
)
def test_script_that_prints_nothing_is_judged_by_the_warnings_that_the_issue_quotes(cells, verdict, fixed):
    quoted = bug(text="It shows\n```\ntraining.py:23: UserWarning: `updates` will be removed in 3.0\n```\n")
    judged = judge_warnings(quoted, cells, ENVIRONMENTS)
    assert (judged.verdict, judged.fixed) == (verdict, fixed) if judged is not None else verdict is None


def test_environment_with_added_packages_counts_as_its_version():
    cells = [cell(f"{BUGGY} + scikit-learn"), cell("tf2.3.4 + scikit-learn", "B")]
    assert judge(bug(), cells, ENVIRONMENTS).verdict is Verdict.CONFIRMED


def test_reason_has_the_version_and_one_line():
    judged = judge(bug(), [cell(BUGGY, **FAILED)], ENVIRONMENTS)
    assert judged.reason == "2.2.3: ImportError: none"
    absent = cell(BUGGY, outcome="not applicable") | {"reason": "needs sklearn, which is not installed. Add it"}
    assert judge(bug(), [absent], ENVIRONMENTS).reason == "2.2.3: needs sklearn"
    where = cell(BUGGY, outcome="failed", error="ImportError: no y (/home/me/env/lib/python3.8/site-packages/x/a.py)")
    assert judge(bug(), [where], ENVIRONMENTS).reason == "2.2.3: ImportError: no y (.../site-packages/x/a.py)"
    assert judge(bug(source=""), [], ENVIRONMENTS).verdict is Verdict.NO_CODE


def test_figures_have_verdicts_and_counts():
    judged = [judge(bug(), [cell(BUGGY), cell("tf2.3.4", "B")], ENVIRONMENTS), judge(bug(source=""), [], ENVIRONMENTS)]
    assert document(judged)["counts"]["confirmed"] == 1
    text = markdown(judged)
    assert "| confirmed | 1 of 2 |" in text
    assert "| tf-1 | s | confirmed | 2.2.3 | 2.3.4 |" in text
