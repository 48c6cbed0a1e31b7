"""Reports as they arrived, answered in real environments. What is right was found out by plain runs of their scripts.

Each takes minutes: `nox -s answers` runs them. The reports are written in own words after public threads.
"""

import json
from pathlib import Path

import pytest
from packaging.version import Version

from tests.schemas import validator

REPORTS = Path(__file__).parent / "answers"
MORE_REPORTS = Path(__file__).parents[1] / "reports"

pytestmark = [pytest.mark.slow, pytest.mark.network, pytest.mark.answers, pytest.mark.timeout(3600)]


def answered(clone, name, *arguments, reports=REPORTS):
    document = json.loads(clone.harness("triage", str(reports / name), "--json", *arguments).stdout)
    assert list(validator("triage").iter_errors(document)) == []
    return document


def shows(document, version):
    """Return what the answer says of a version: of all ranges that include it."""
    return {
        each["shows"]
        for each in document["ranges"]
        if Version(each["first"]) <= Version(version) <= Version(each["last"])
    }


def claims(document):
    return {f"{each['package']} {each['version']}": each["result"] for each in document["claims"]}


# Name, what the reporter's environment shows, the responsible package, and what some of its versions show.
ANSWERS = [
    (
        "tf-keras-dunder-version",
        "reproduced",
        "keras",
        {"3.0.0": "this bug", "3.2.1": "this bug", "3.3.1": "passes", "3.3.2": "this bug", "3.3.3": "passes"},
    ),
    (
        "evaluate-bar-numbers",
        "reproduced",
        "keras",
        {"3.0.0": "this bug", "3.9.2": "this bug", "3.10.0": "this bug", "3.11.0": "passes", "3.15.1": "passes"},
    ),
    (
        "beam-unittest-keras3",
        "reproduced",
        "keras",
        {"2.15.0": "passes", "3.0.0": "this bug", "3.3.3": "this bug", "3.15.1": "this bug"},
    ),
    (
        "lstm-numpy-1-20",
        "reproduced",
        "numpy",
        {"1.19.5": "passes", "1.20.0": "this bug", "1.20.3": "this bug", "1.22.4": "this bug"},
    ),
    ("keras-hub-text-mismatch", "reproduced", "tensorflow-text", {"2.18.1": "this bug", "2.19.0": "another failure"}),
    (
        "custom-loss-36-to-37",
        "reproduced",
        "keras",
        {"3.6.0": "passes", "3.7.0": "this bug", "3.8.0": "this bug", "3.9.0": "passes"},
    ),
]


@pytest.mark.parametrize(("name", "result", "responsible", "versions"), ANSWERS, ids=[each[0] for each in ANSWERS])
def test_report_is_answered_as_it_arrived(clone, name, result, responsible, versions):
    document = answered(clone, name)
    assert document["reproduced"]["result"] == result
    assert document["responsible"] == responsible
    assert {version: shows(document, version) for version in versions} == {
        version: {expected} for version, expected in versions.items()
    }
    assert str(Path.home()) not in clone.harness("answer", document["name"]).stdout


def test_release_candidate_is_put_together_as_of_its_day(clone):
    document = answered(clone, "registered-layer-h5-213rc")
    assert document["reproduced"]["environment"].startswith("tf + tensorflow-cpu==2.13.0rc2")
    assert document["reproduced"]["result"] == "reproduced"
    found = claims(document)
    assert found["tensorflow 2.13.0rc2"] == "confirmed"
    # Keras alone decides: the release candidate of TensorFlow passes with the final Keras.
    assert document["responsible"] == "keras"
    assert {version: shows(document, version) for version in ("2.12.0", "2.13.1rc0", "2.13.1", "2.14.0", "2.15.0")} == {
        "2.12.0": {"passes"}, "2.13.1rc0": {"this bug"}, "2.13.1": {"passes"}, "2.14.0": {"passes"}, "2.15.0": {"passes"},
    }  # fmt: skip


def test_attached_model_files_are_asked_about_one_by_one(clone):
    document = answered(clone, "colleague-keras-files")
    assert document["reproduced"]["result"] == "reproduced"


def test_hang_with_another_backend(clone):
    """Takes several GB: torch comes as a build for accelerators."""
    document = answered(clone, "pydataset-workers-hang", "--environments", "keras3.5.0,keras3.6.0,keras3.7.0")
    assert document["observed"] == "hang"
    assert (shows(document, "3.5.0"), shows(document, "3.6.0")) == ({"passes"}, {"this bug"})


# Reports that tests/unit/test_reports_reading.py reads, too: what people found in the thread, and plain runs confirmed.
MORE_ANSWERS = [
    ("dot-after-loading", "reproduced", "keras", {"3.0.0": "this bug", "3.1.1": "this bug", "3.2.0": "passes"}),
    ("input-becomes-a-list", "reproduced", "keras", {"3.9.2": "passes", "3.10.0": "this bug", "3.11.0": "passes"}),
    ("dict-inputs-averaged", "reproduced", "keras", {"3.2.1": "this bug", "3.3.3": "passes"}),
    ("dense-gets-two", "reproduced", "keras", {"3.3.3": "passes", "3.4.1": "this bug"}),
    ("buckets-in-predict", "reproduced", "keras", {"3.2.1": "this bug", "3.15.1": "passes"}),
    ("descriptors-of-protobuf", "reproduced", "protobuf", {"3.20.1": "passes", "4.21.0": "this bug"}),
]


@pytest.mark.parametrize(
    ("name", "result", "responsible", "versions"), MORE_ANSWERS, ids=[each[0] for each in MORE_ANSWERS]
)
def test_public_report_is_answered_as_its_thread_was(clone, name, result, responsible, versions):
    document = answered(clone, f"{name}/report.md", reports=MORE_REPORTS)
    assert document["reproduced"]["result"] == result
    assert document["responsible"] == responsible
    assert {version: shows(document, version) for version in versions} == {
        version: {expected} for version, expected in versions.items()
    }


def test_wrong_number_that_the_report_quotes_is_reproduced(clone):
    document = answered(clone, "shape-printed-wrong/report.md", reports=MORE_REPORTS)
    assert (document["reproduced"]["result"], document["observed"]) == ("reproduced", "output")
    assert (document["responsible"], document["fixed"]["last"], document["fixed"]["first"]) == (
        "keras",
        "3.1.1",
        "3.2.0",
    )
    assert claims(document) == {"keras 3.0.5": "confirmed"}


def test_private_writer_fails_since_the_optimizer_lost_an_attribute(clone):
    document = answered(clone, "private-hdf5-writer/report.md", reports=MORE_REPORTS)
    assert document["reproduced"]["result"] == "reproduced"
    assert claims(document) == {"tensorflow 2.11.0": "confirmed", "tensorflow 2.10": "confirmed"}


def test_mistake_of_the_reporter_fails_everywhere(clone):
    document = answered(clone, "optimizer-in-a-tuple/report.md", reports=MORE_REPORTS)
    assert document["reproduced"]["result"] == "reproduced"
    assert (document["introduced"], document["fixed"]) == (None, None)


def test_failure_of_another_operating_system_is_not_reproduced(clone):
    document = answered(clone, "adam-on-a-mac/report.md", reports=MORE_REPORTS)
    assert document["reproduced"]["result"] == "does not fail"
    assert "The report is from MacOS 13, Apple M1" in document["verdict"]
    assert claims(document) == {"tensorflow 2.13.0": "contradicted"}
