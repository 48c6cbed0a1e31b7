"""A report with several tests: which of them it is about, and what the answer says of the others."""

from dataclasses import replace

import pytest
from packaging.utils import NormalizedName

from harness.model import Case, Outcome
from harness.triage.answer import Reproduction, TriageAnswer, document
from harness.triage.cases import case_answer, followed_case, suffix_of, with_cases, words_of
from harness.triage.evidence import Failure, Shows
from harness.triage.ranges import ranges_of
from harness.triage.reply import markdown
from tests.schemas import validator
from tests.unit.test_triage import evidence, ran

ONE, TWO, THREE = (Case(scenario="report", parameters=(("test", f"TestSave.test_{name}"),)) for name in "abc")
LOST = Failure(type="ValueError", message="the weights are lost")
PACKAGE = NormalizedName("layers")


def failing(place, error="ValueError: the weights are lost"):
    return ran(place, Outcome.FAILED, error=error, layers=place.removeprefix("layers"))


def passing(place):
    return ran(place, Outcome.PASSED, layers=place.removeprefix("layers"))


@pytest.mark.parametrize(
    ("shown", "reported", "text", "followed"),
    [
        pytest.param(
            {ONE: [failing("layers2", "KeyError: 1")], TWO: [failing("layers2")], THREE: [passing("layers2")]},
            LOST, "", TWO, id="the reported failure",
        ),
        pytest.param(
            {ONE: [failing("layers1")], TWO: [failing("layers2")]}, LOST, "", TWO, id="in the reporter's environment"
        ),
        pytest.param(
            {ONE: [failing("layers1"), failing("layers2")], TWO: [passing("layers1"), failing("layers2")]},
            None, "", TWO, id="differs between versions",
        ),
        pytest.param({ONE: [passing("layers2")], TWO: [failing("layers2")]}, None, "", TWO, id="fails"),
        pytest.param(
            {ONE: [failing("layers2")], TWO: [failing("layers2")]}, LOST, "FAIL: test_b (__main__)", TWO, id="named"
        ),
        pytest.param({ONE: [passing("layers2")], TWO: [passing("layers2")]}, LOST, "", ONE, id="first"),
    ],
)  # fmt: skip
def test_case_that_the_report_is_about(shown, reported, text, followed):
    assert followed_case(shown, reported=reported, own=["layers2"], text=text) == followed


def answer_of(cases, **more):
    reproduced = Reproduction(environment="layers2", result="reproduced", outcome="failed", error="ValueError: lost")
    answer = TriageAnswer(
        name="report", verdict="It shows.", observed="error", reproduced=reproduced, responsible=None, stepped="layers"
    )
    return with_cases(answer, cases, **{"are_tests": True, "left_out": 0, **more})


def cases():
    bug = [evidence("1", Shows.PASSES), evidence("2", Shows.BUG, error="ValueError: lost")]
    fine = [evidence("1", Shows.PASSES), evidence("2", Shows.PASSES)]
    return (
        case_answer(ONE, bug, PACKAGE, "layers", followed=True),
        case_answer(TWO, fine, PACKAGE, "layers", followed=False),
    )


def test_reply_says_what_each_test_shows_and_which_one_it_is_about():
    text = markdown(answer_of(cases(), left_out=3))
    assert text.startswith("**TestSave.test_a: It shows.**")
    assert "Each test or case (3 more were not run)" in text
    assert "`TestSave.test_a`, which this answer is about: passes with layers 1; fails with layers 2" in text
    assert "`TestSave.test_b`: passes with layers 1 to 2" in text


def test_document_of_a_report_with_tests_follows_its_schema():
    found = document(answer_of(cases()))
    validator("triage").validate(found)
    assert [(each["case"], each["followed"]) for each in found["cases"]] == [
        ("TestSave.test_a", True),
        ("TestSave.test_b", False),
    ]


def test_option_that_passes_where_another_fails_is_a_workaround_and_a_test_is_none():
    assert answer_of(cases()).workarounds == ()
    (way,) = answer_of(cases(), are_tests=False).workarounds
    assert way.text == "TestSave.test_b"
    partly = replace(cases()[1], ranges=ranges_of([evidence("1", Shows.PASSES)], PACKAGE))
    assert answer_of((cases()[0], partly), are_tests=False).workarounds == ()


def test_case_in_words_and_in_an_id():
    assert words_of(ONE) == "TestSave.test_a"
    assert suffix_of(ONE) == "[test=TestSave.test_a]"
    assert suffix_of(None) == ""
    assert words_of(Case(scenario="x", parameters=(("format", ".h5"), ("size", 2)))) == "format=.h5, size=2"
