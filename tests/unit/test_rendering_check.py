"""The comparison with published results: what is found, in which words, and where it is said."""

import datetime as dt
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from harness.model import Label, Outcome, Pattern
from harness.rendering import check_formats, json_document
from harness.rendering.check import Checked, Kind, Level, check
from harness.rendering.published import cells_of
from harness.rendering.results import records
from tests.schemas import validator
from tests.unit.test_rendering_results import cell_of, only, result, scenario

TODAY = dt.date(2026, 11, 30)
NO = {"outcome": Outcome.FAILED, "stage": "load", "error": "ValueError: no"}
OTHER = {"outcome": Outcome.FAILED, "stage": "load", "error": "TypeError: other"}
PASSED = {}
NOT_RUN = None
UNAVAILABLE = {"outcome": Outcome.UNAVAILABLE, "reason": "no wheel"}
BUG = Label(stage=None, error=Pattern("no"), label="bug", note="why")
OTHER_BUG = Label(stage=None, error=Pattern("other"), label="bug", note="why else")


def results_of(values, labels):
    one = scenario("one", labels=labels)
    cells = [
        result(cell_of(one, environment), *([] if each is NOT_RUN else [each]), labels=labels)
        for environment, each in values.items()
    ]
    return only(one, *cells, environments=tuple(values))


def checked(now, before, *, labels=(), labels_before=None, stale=None, everything=None, today=TODAY):
    """Check cells by environment; None in `before` is a cell that is not published."""
    known = {environment: each for environment, each in before.items() if each is not None}
    cells = {}
    if known:
        published = results_of(known, labels if labels_before is None else labels_before)
        cells = cells_of(json.loads(json_document.render(published, published=True)), "results.json")
    found = [
        Checked(record=each, published=cells.get(each.cell), stale=stale if each.cell in cells else None)
        for each in records(results_of(now, labels))
    ]
    everything = records(results_of(now if everything is None else everything, labels))
    return check(found, everything, today=today)


def kinds(found):
    return [each.kind for each in found.findings]


@pytest.mark.parametrize(
    ("before", "now", "labels", "kind"),
    [
        pytest.param(PASSED, PASSED, (), None, id="same pass"),
        pytest.param(NO, NO, (), None, id="same failure"),
        pytest.param(NO, NO, (BUG,), None, id="same failure with its label"),
        pytest.param(PASSED, NO, (), Kind.NEW_FAILURE, id="passed before"),
        pytest.param(PASSED, NO, (BUG,), Kind.NEW_FAILURE, id="passed before, and a label explains it"),
        pytest.param(None, NO, (), Kind.NEW_FAILURE, id="new cell without a label"),
        pytest.param(None, NO, (BUG,), None, id="new cell with a label"),
        pytest.param(None, PASSED, (), None, id="new cell that passes"),
        pytest.param(OTHER, NO, (), Kind.NEW_FAILURE, id="another failure"),
        pytest.param(OTHER, NO, (BUG,), Kind.CHANGED, id="another failure with a label"),
        pytest.param(NO, PASSED, (BUG,), Kind.UNEXPECTED_PASS, id="labelled failure passes"),
        pytest.param(NO, PASSED, (), Kind.FIXED, id="failure without a label passes"),
        pytest.param(PASSED, UNAVAILABLE, (), Kind.CHANGED, id="no verdict any more"),
        pytest.param(UNAVAILABLE, PASSED, (), Kind.CHANGED, id="verdict at last"),
        pytest.param(UNAVAILABLE, UNAVAILABLE, (), None, id="still no verdict"),
        pytest.param(PASSED, NOT_RUN, (), None, id="published, and not run here"),
        pytest.param(None, NOT_RUN, (), Kind.NEVER_RUN, id="neither run nor published"),
    ],
)  # fmt: skip
def test_cell_against_its_published_result(before, now, labels, kind):
    found = checked({"pkg1": now}, {"pkg1": before}, labels=labels)
    about_cells = [each for each in kinds(found) if each is not Kind.UNUSED_LABEL]
    assert about_cells == ([] if kind is None else [kind])
    assert found.failed is (any(each.level is Level.ERROR for each in kinds(found)))


def test_flaky_cell_is_found_and_known_flaky_cell_is_not():
    one = scenario("one")
    flaky = only(one, result(cell_of(one, "pkg1"), PASSED, NO), environments=("pkg1",))
    published = cells_of(json.loads(json_document.render(flaky, published=True)), "x")
    (record,) = records(flaky)
    assert kinds(check([Checked(record=record)], [record], today=TODAY)) == [Kind.FLAKY]
    assert kinds(check([Checked(record=record, published=published[record.cell])], [record], today=TODAY)) == []


def test_failure_that_lost_its_label_is_found():
    found = checked({"pkg1": NO}, {"pkg1": NO}, labels=(), labels_before=(BUG,))
    assert kinds(found) == [Kind.CHANGED]
    assert "lost its label 'bug'" in found.findings[0].what


class TestStale:
    def test_stale_result_is_an_error_even_if_the_cell_was_not_run(self):
        found = checked({"pkg1": NOT_RUN}, {"pkg1": PASSED}, stale="the script has changed since")
        assert kinds(found) == [Kind.STALE]
        assert found.failed

    def test_stale_result_is_nothing_to_compare_with(self):
        found = checked({"pkg1": NO}, {"pkg1": PASSED}, labels=(BUG,), stale="the script has changed since")
        assert kinds(found) == [Kind.STALE]

    def test_result_of_another_platform_is_nothing_to_compare_with(self):
        found = checked({"pkg1": NO}, {"pkg1": PASSED}, labels=(BUG,))
        (cell,) = records(results_of({"pkg1": NO}, (BUG,)))
        published = cells_of(json.loads(json_document.render(results_of({"pkg1": PASSED}, ()), published=True)), "x")
        other = Checked(record=cell, published=published[cell.cell], comparable=False)
        assert kinds(found) == [Kind.NEW_FAILURE]
        assert kinds(check([other], [cell], today=TODAY)) == []


class TestLabels:
    def test_label_that_applies_to_nothing_is_an_error(self):
        found = checked({"pkg1": PASSED, "pkg2": NO}, {"pkg1": PASSED, "pkg2": NO}, labels=(BUG, OTHER_BUG))
        (finding,) = found.findings
        assert finding.kind is Kind.UNUSED_LABEL
        assert finding.what == "the label 'bug' (why else) applies to none of 2 cells"
        assert found.failed

    def test_label_behind_one_that_matches_the_same_is_unused(self):
        found = checked({"pkg1": NO}, {"pkg1": NO}, labels=(BUG, replace(BUG, label="removed")))
        assert [each.label.label for each in found.findings] == ["removed"]

    def test_nothing_is_said_of_a_label_while_cells_are_unknown(self):
        found = checked({"pkg1": PASSED}, {"pkg1": PASSED}, labels=(BUG,), everything={"pkg1": PASSED, "pkg2": NOT_RUN})
        assert kinds(found) == []
        assert found.undecided_labels == 1

    def test_label_that_applies_in_another_environment_is_used(self):
        found = checked({"pkg1": PASSED}, {"pkg1": PASSED}, labels=(BUG,), everything={"pkg1": PASSED, "pkg2": NO})
        assert kinds(found) == []

    def test_unknown_cells_where_the_label_cannot_apply_do_not_matter(self):
        label = replace(BUG, environments=("pkg1",))
        found = checked(
            {"pkg1": PASSED}, {"pkg1": PASSED}, labels=(label,), everything={"pkg1": PASSED, "pkg2": NOT_RUN}
        )
        assert kinds(found) == [Kind.UNUSED_LABEL]

    def test_label_for_environments_that_do_not_exist_is_an_error(self):
        label = replace(BUG, environments=("tf9*",))
        found = checked({"pkg1": NOT_RUN}, {"pkg1": PASSED}, labels=(label,))
        assert "names no environment that there is: tf9*" in found.findings[0].what

    def test_label_for_cases_that_do_not_exist_is_an_error(self):
        label = replace(BUG, cases=("*[shape=triangle]",))
        found = checked({"pkg1": NOT_RUN}, {"pkg1": PASSED}, labels=(label,))
        assert "names no case that there is: *[shape=triangle]" in found.findings[0].what

    @pytest.mark.parametrize(("day", "expired"), [("2026-11-29", True), ("2026-11-30", False), ("2027-01-01", False)])
    def test_label_expires_after_its_day(self, day, expired):
        label = replace(BUG, expires=dt.date.fromisoformat(day))
        found = checked({"pkg1": NO, "pkg2": NO}, {"pkg1": NO, "pkg2": NO}, labels=(label,))
        assert kinds(found) == ([Kind.EXPIRED_LABEL] if expired else [])
        assert found.failed is expired
        if expired:
            assert found.findings[0].cells == ("one@pkg1", "one@pkg2")
            assert found.findings[0].what == "the label 'bug' (why) expired on 2026-11-29"


def test_cells_with_the_same_reason_are_one_finding():
    values = {f"pkg{number}": NO for number in range(40)}
    (finding,) = checked(values, dict.fromkeys(values, PASSED)).findings
    assert len(finding.cells) == 40
    assert finding.what == "failed at load; published as passed"


class TestFormats:
    found = checked(
        {"pkg1": NO, "pkg2": PASSED, "pkg3": PASSED},
        {"pkg1": PASSED, "pkg2": NO, "pkg3": PASSED},
        labels=(replace(BUG, environments=("pkg2",)),),
        labels_before=(BUG,),
    )

    def test_text(self):
        assert check_formats.text(self.found, width=80) == (
            "error: new failure: one: failed at load; published as passed\n"
            "    ValueError: no\n"
            "    in one@pkg1\n"
            "  If the failure is known, add a label with its reason to the script.\n"
            "\n"
            "error: unexpected pass: one: passes; published as failed with the label 'bug'\n"
            "    in one@pkg2\n"
            "  Publish the new result, and correct the label of the script.\n"
            "\n"
            "error: unused label: one: the label 'bug' (why) applies to none of 1 cell\n"
            "  Correct the label, or take it out.\n"
            "\n"
            "3 cells: 3 run here, 1 the same as published; 1 new failure, 1 unexpected pass, 1 unused label.\n"
        )

    def test_a_label_that_cannot_be_judged_is_one(self):
        found = replace(self.found, findings=(), undecided_labels=1)
        assert "1 label cannot be judged: some of its cells are unknown." in check_formats.text(found)

    def test_document_matches_its_schema(self):
        document = check_formats.document(self.found, Path(), ["results/results.json"])
        validator("check").validate(document)
        assert document["failed"]
        assert document["counts"]["new_failure"] == 1

    def test_summary_is_a_table(self):
        text = check_formats.summary(self.found)
        assert text.startswith("## Comparison with the published results: failed\n\n3 cells: ")
        assert "| new failure | `one` | failed at load; published as passed `ValueError: no` | 1: `one@pkg1` |" in text

    def test_annotations_name_file_and_level(self):
        first, *_ = check_formats.annotation_lines(self.found, Path())
        assert first == (
            "::error file=one.py,title=new failure%3A one::failed at load; published as passed. ValueError: no. "
            "In one@pkg1. If the failure is known, add a label with its reason to the script."
        )

    def test_no_more_annotations_than_github_shows(self):
        values = {f"pkg{number}": {**NO, "error": f"ValueError: {'x' * number}"} for number in range(30)}
        found = checked(values, dict.fromkeys(values, PASSED))
        assert len(found.findings) == 30
        assert len(list(check_formats.annotation_lines(found, Path()))) == check_formats.MOST_ANNOTATIONS

    def test_error_of_a_script_is_no_workflow_command(self):
        hostile = {**NO, "stage": "a\n::error::b", "error": "ValueError: x\n::set-env name=A::b\r\n%0A::stop::\x1b[2J"}
        found = checked({"pkg1": hostile}, {"pkg1": PASSED})
        for line in check_formats.annotation_lines(found, Path()):
            assert len(line.splitlines()) == 1
            assert "%0A" not in line.replace("%250A", "")
        assert not re.search(r"(?m)^::", check_formats.text(found))
        assert not re.search(r"(?m)^::", check_formats.summary(found))

    def test_label_is_found_in_the_script(self):
        text = "# /// script\n# [[tool.harness.label]]\n# error = 'a'\n# [[tool.harness.label]]\n# error = 'b'\n# ///\n"
        one = scenario("one", labels=(BUG, OTHER_BUG), text=text)
        (record,) = records(
            only(one, result(cell_of(one, "pkg1"), NO, labels=one.header.labels), environments=("pkg1",))
        )
        (finding,) = check([Checked(record=record)], [record], today=TODAY).findings
        assert finding.line == 4
