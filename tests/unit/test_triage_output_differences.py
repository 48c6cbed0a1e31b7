"""A script that passes everywhere and shows different things: a difference by version, and no verdict."""

import json

import pytest

from harness.model import Outcome
from harness.reports.report import Form, Output, Place, Report
from harness.triage.answer import document
from harness.triage.observed_runs import Problem, evidence_of
from harness.triage.output_differences import MOST_GROUPS, Differences, between_groups, differences, with_expected
from harness.triage.problems import problem_of
from harness.triage.quoted_output import is_about_duration, unseen_output
from harness.triage.reply import markdown
from tests.schemas import validator
from tests.unit.test_triage import BUG, OLD, PASSES, an_answer, ran

PACKAGES = [("engine", "engine"), ("layers", "layers")]


def output(text, role):
    return Output(place=Place(line=1), text=text, role=role)


def report(**more):
    return Report(name="report", form=Form.MARKDOWN, **more)


def printed(*shown, **more):
    """Return passing cells with what they print, by version of `layers`."""
    return [ran(f"layers{v}", Outcome.PASSED, stdout=t, layers=v, engine="2.0.0", **more) for v, t in shown]


def test_versions_are_grouped_by_what_they_print():
    cells = printed(("3.0.0", "x\n18.5\n"), ("3.1.0", "x\n18.5\n"), ("3.2.0", "x\n30\n"), ("3.3.0", "x\n18.5\n"))
    found = differences(cells, PACKAGES)
    assert [(each.group, each.versions, each.short) for each in found.groups] == [
        ("A", "3.0.0 to 3.1.0 and 3.3.0", "18.5"), ("B", "3.2.0", "30"),
    ]  # fmt: skip
    assert found.kind == "output"
    assert found.sentence == (
        "It prints different texts: A (18.5) with layers 3.0.0 to 3.1.0 and 3.3.0, B (30) with layers 3.2.0. "
        "The report does not say which is right."
    )
    assert found.question == "Which of these do you see, and which do you expect? A: 18.5; B: 30."
    assert found.letter_of(cells[2].cell) == "B"


@pytest.mark.parametrize(
    ("expected", "letter"), [("30", "B"), ("x\n18.5\n", "A"), ("31", ""), ("x", "")], ids=["B", "A", "none", "both"]
)
def test_group_that_prints_what_the_report_expects_is_named(expected, letter):
    cells = printed(("3.0.0", "x\n18.5\n"), ("3.2.0", "x\n30\n"))
    found = with_expected(differences(cells, PACKAGES), report(outputs=(output(expected, "expected"),)))
    assert found.expected == letter
    assert found.sentence.endswith(f"The report expects {letter}." if letter else "does not say which is right.")
    assert ("which do you expect" in found.question) is (letter == "")


def test_the_package_that_tells_the_groups_apart_is_named():
    cells = [
        *printed(("3.0.0", "1"), ("3.1.0", "2")),
        ran("e1", Outcome.PASSED, stdout="1", engine="1.0.0", layers="3.0.0"),
    ]
    assert {each.package for each in differences(cells, PACKAGES).groups} == {"layers"}
    assert differences(cells, []) == Differences()
    older = ran("e0", Outcome.PASSED, stdout="0", engine="0.9.0")  # it has no layers
    assert [each.versions for each in differences([*cells, older], PACKAGES).groups] == [
        "0.9.0",
        "1.0.0 to 2.0.0",
        "2.0.0",
    ]


def test_the_same_everywhere_is_no_difference():
    assert differences(printed(("3.0.0", "1"), ("3.1.0", "1")), PACKAGES) == Differences()
    replaced = printed(("3.1.0", "2"), variables=OLD)
    assert differences([*printed(("3.0.0", "1")), *replaced], PACKAGES) == Differences()


def test_random_numbers_are_not_compared():
    found = differences(printed(*((f"3.{n}.0", str(n * 3)) for n in range(MOST_GROUPS + 1))), PACKAGES)
    assert (found.groups, found.not_compared, found.kind) == ((), MOST_GROUPS + 1, None)
    assert "random" in found.sentence
    assert "seed" in found.question


def test_reply_and_document_have_the_texts():
    found = differences(printed(("3.0.0", "a <b>\n"), ("3.1.0", "")), PACKAGES)
    answer = an_answer(shown=found.groups, observed="output")
    reply = markdown(answer)
    assert "| group | layers | prints |" in reply
    assert "| B | 3.1.0 | (nothing) |" in reply
    assert "<details><summary>A prints</summary>" in reply
    shown = json.loads(json.dumps(document(answer)))
    validator("triage").validate(shown)
    assert shown["shown"][0]["versions"] == [{"first": "3.0.0", "last": "3.0.0"}]


def test_difference_without_a_version_that_works_is_no_problem():
    cells = printed(("3.0.0", "1"), ("3.1.0", "2"))
    reports = {"reported": None, "failing": ["layers3.0.0"]}
    assert problem_of(cells, **reports, working=[]) == Problem(observed="error")
    assert problem_of(cells, **reports, working=["layers3.1.0"]).output == "1"
    assert problem_of(cells, **reports, working=[], expected=["2"]).output == "1"


def test_groups_are_narrowed_to_neighbours():
    cells = printed(("3.0.0", "1"), ("3.1.0", "2"), ("3.2.0", "3"))
    problem = between_groups(cells, differences(cells, PACKAGES))
    assert [each.shows for each in evidence_of(cells[:2], problem)] == [PASSES, BUG]
    assert evidence_of(cells[2:], problem)[0].shows not in (PASSES, BUG)
    assert differences(cells, PACKAGES).pair(cells) == ("layers3.0.0", "layers3.1.0")


def test_output_that_nothing_prints_is_named():
    quoted = [
        Output(place=Place(line=n), text=text, role="actual") for n, text in ((1, "leak: False"), (2, "leak: True"))
    ]
    report = Report(name="report", form=Form.MARKDOWN, outputs=tuple(quoted))
    assert unseen_output(report, ["leak: False"]) == "leak: True"
    assert unseen_output(report, ["leak: False", "leak: True"]) == ""
    assert unseen_output(report, []) == ""


@pytest.mark.parametrize(
    ("title", "about"),
    [
        ("Training is slower since Keras 3.4", True),
        ("Drop in timing performance from Keras 2 to Keras 3", True),
        ("fit() takes much longer", True),
        ("Wrong values in slow_function", False),
    ],
)
def test_report_about_a_duration(title, about):
    assert is_about_duration(Report(name="report", form=Form.MARKDOWN, title=title)) is about
