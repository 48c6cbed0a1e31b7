"""Support statements, the feed of transitions, JUnit XML, and the frame of a published document."""

import datetime as dt
import json
import xml.etree.ElementTree as ET
from dataclasses import replace

import pandas as pd
import pytest

from harness.model import Label, Outcome, Pattern
from harness.rendering import feed, json_document, junit, support
from harness.rendering.published_frame import frame_of
from harness.rendering.results import to_frame
from tests.schemas import validator
from tests.unit.test_rendering_results import cell_of, column, only, result, sample, scenario

ATOM = "{http://www.w3.org/2005/Atom}"
PASSED = {}
FAILED = {"outcome": Outcome.FAILED, "stage": "load", "error": "ValueError: no"}
UNAVAILABLE = {"outcome": Outcome.UNAVAILABLE, "reason": "no wheel"}
TIMED_OUT = {"outcome": Outcome.TIMED_OUT, "reason": "over its limit"}
HOSTILE = "ValueError: <b>&amp; ]]> \x00\x1b[31m\ud800\ufffe \"quoted\" 'x'\nsecond\x08"


def line_of(*steps, labels=()):
    """Return results of one case in versions 1.0, 2.0, ... of a family that has every release."""
    one = scenario("one", labels=labels)
    versions = [f"{number}.0" for number in range(1, len(steps) + 1)]
    columns = [
        column(f"pkg{version}", version=version, follows=f"pkg{versions[at - 1]}" if at else None)
        for at, version in enumerate(versions)
    ]
    cells = [
        result(cell_of(one, each.id), *([] if step is None else [step]), labels=labels)
        for each, step in zip(columns, steps, strict=True)
    ]
    return replace(only(one, *cells, environments=tuple(each.id for each in columns)), environments=tuple(columns))


def statements(*steps):
    document = json.loads(support.render(line_of(*steps)))
    validator("support").validate(document)
    return document["cases"].get("one", {}).get("one", {}).get("__compat", {}).get("support", {}).get("pkg")


class TestSupport:
    def test_works_in_all_versions_says_since_the_first_that_was_run(self):
        (statement,) = statements(PASSED, PASSED)
        assert statement["version_added"] == "1.0"
        assert statement["added"]["after"] is None
        assert "version_removed" not in statement
        assert statement["proof"] == ["one@pkg1.0", "one@pkg2.0"]

    def test_each_bound_points_at_the_cells_that_prove_it(self):
        newest, oldest = statements(PASSED, FAILED, PASSED)
        assert (oldest["version_added"], oldest["version_last"], oldest["version_removed"]) == ("1.0", "1.0", "2.0")
        assert oldest["removed"] == {"after": "1.0", "adjacent": True, "untestable": []}
        assert oldest["notes"] == ["2.0: fails at load: ValueError: no"]
        assert oldest["proof"] == ["one@pkg1.0", "one@pkg2.0"]
        assert (newest["version_added"], newest["added"]["after"]) == ("3.0", "2.0")
        assert newest["proof"] == ["one@pkg2.0", "one@pkg3.0"]

    def test_versions_without_a_verdict_are_uncertain_and_not_unsupported(self):
        (statement,) = statements(PASSED, UNAVAILABLE, TIMED_OUT, None, FAILED)
        assert statement["version_removed"] == "5.0"
        assert statement["removed"] == {"after": "1.0", "adjacent": False, "untestable": ["2.0", "3.0", "4.0"]}

    def test_fails_everywhere_is_false(self):
        (statement,) = statements(FAILED, FAILED)
        assert statement == {
            "version_added": False, "notes": ["1.0 to 2.0: fails at load: ValueError: no"],
            "proof": ["one@pkg1.0", "one@pkg2.0"],
        }  # fmt: skip

    def test_nothing_judged_is_no_statement(self):
        assert statements(UNAVAILABLE, None) is None

    def test_sample_matches_the_schema(self):
        validator("support").validate(json.loads(support.render(sample())))


class TestFeed:
    def test_entry_of_a_transition(self):
        feed_of = ET.fromstring(feed.render(line_of(PASSED, FAILED)))
        (entry,) = feed_of.findall(f"{ATOM}entry")
        assert entry.findtext(f"{ATOM}title") == "one: introduced in 2.0 (pkg, pkg)"
        assert entry.findtext(f"{ATOM}updated") == feed_of.findtext(f"{ATOM}updated") == "2024-08-01T00:00:00Z"
        assert "Shown by one@pkg1.0 and one@pkg2.0." in entry.findtext(f"{ATOM}content")

    def test_id_stays_when_more_versions_and_cases_are_run(self):
        def ids(results):
            return {each.text for each in ET.fromstring(feed.render(results)).iter(f"{ATOM}id")}

        assert ids(line_of(PASSED, FAILED)) < ids(line_of(PASSED, FAILED, FAILED, PASSED))

    def test_ids_are_unique(self):
        ids = [each.text for each in ET.fromstring(feed.render(sample())).iter(f"{ATOM}id")]
        assert len(set(ids)) == len(ids)

    def test_no_transition_is_an_empty_feed(self):
        assert ET.fromstring(feed.render(line_of(PASSED))).findall(f"{ATOM}entry") == []


class TestJUnit:
    def test_kinds(self):
        label = Label(stage=None, error=Pattern("no"), label="bug", note="why")
        suites = ET.fromstring(junit.render(line_of(PASSED, FAILED, UNAVAILABLE, None, labels=(label,))))
        kinds = {each.get("classname"): [child.tag for child in each] for each in suites.iter("testcase")}
        assert kinds == {
            "pkg1.0.building": [], "pkg2.0.building": ["skipped"],
            "pkg3.0.building": ["skipped"], "pkg4.0.building": ["skipped"],
        }  # fmt: skip
        expected = next(each for each in suites.iter("skipped") if each.get("type") == "expected failure")
        assert expected.get("message") == "bug: why; failed at load: ValueError: no"
        assert (suites.get("tests"), suites.get("failures"), suites.get("skipped")) == ("4", "0", "3")

    def test_failure_without_a_label_fails(self):
        suites = ET.fromstring(junit.render(line_of(FAILED)))
        assert (suites.get("failures"), suites.find("testsuite").get("failures")) == ("1", "1")
        assert suites.find("testsuite/testcase/failure").get("type") == "failed"

    def test_numbers_are_those_of_the_cells(self):
        suites = ET.fromstring(junit.render(sample()))
        assert int(suites.get("tests")) == len(list(suites.iter("testcase"))) == len(sample().cells)
        for tag in ("failure", "error", "skipped"):
            number = suites.get("skipped" if tag == "skipped" else f"{tag}s")
            assert int(number) == len(list(suites.iter(tag)))


@pytest.mark.parametrize("render", [feed.render, junit.render], ids=["atom", "junit"])
def test_hostile_text_is_valid_xml(render):
    hostile = {"outcome": Outcome.FAILED, "stage": "<a\x00>", "error": HOSTILE}
    document = render(line_of(PASSED, hostile))
    text = "".join(ET.fromstring(document.encode("utf-8")).itertext())
    assert "<b>&amp; ]]>" in text
    assert "\x1b" not in document


def test_frame_of_a_published_document_has_the_values_of_the_results():
    results = sample()
    frame = frame_of(json.loads(json_document.render(results, published=True)), "https://example.org/results.json")
    whole = to_frame(results)
    assert list(frame.columns) == list(whole.columns)
    assert dict(frame.dtypes) == dict(whole.dtypes)
    same = ["cell", "scenario", "subject", "title", "parameters", "case", "environment", "writer", "family", "python",
            "outcome", "signature", "label", "note", "link", "cause", "flaky"]  # fmt: skip
    pd.testing.assert_frame_equal(frame[same], whole[same])
    assert set(frame["published"]) == {"https://example.org/results.json"}
    assert frame["duration_s"].isna().all()
    assert set(frame["attempts"]) == {0}


def test_parquet_has_every_cell_and_the_same_bytes_again(tmp_path):
    from harness.commands.output_files import write_parquet

    for name in ("one", "two"):
        write_parquet(to_frame(sample()), tmp_path / f"{name}.parquet")
    assert (tmp_path / "one.parquet").read_bytes() == (tmp_path / "two.parquet").read_bytes()
    read = pd.read_parquet(tmp_path / "one.parquet")
    assert list(read["cell"]) == list(to_frame(sample())["cell"])
    assert json.loads(read["parameters"][1]) == to_frame(sample())["parameters"][1]


def test_a_large_published_csv_is_compressed_and_its_other_form_is_removed(tmp_path):
    from harness.commands.output_files import LARGE_CSV, write_published_csv

    frame = pd.DataFrame(
        {"cell": ["a@tf2.2.3", "b@tf2.3.4"], "title": ["x" * (LARGE_CSV // 2), "y" * (LARGE_CSV // 2)]}
    )
    text, path = frame.to_csv(index=False), tmp_path / "table.csv"
    for _ in range(2):
        path.write_text("of earlier results")
        assert write_published_csv(path, text).name == "table.csv.bz2"
        assert [each.name for each in tmp_path.iterdir()] == ["table.csv.bz2"]
        pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "table.csv.bz2"), frame)
    assert write_published_csv(path, "cell\n") == path
    assert [each.read_text() for each in tmp_path.iterdir()] == ["cell\n"]


def test_a_feed_without_transitions_has_the_date_of_the_newest_environment():
    results = line_of(PASSED, PASSED)
    dated = [replace(each, as_of=dt.date(2024, 1, day)) for day, each in enumerate(results.environments, start=1)]
    root = ET.fromstring(feed.render(replace(results, environments=tuple(dated))))
    assert root.findall(f"{ATOM}entry") == []
    assert root.findtext(f"{ATOM}updated") == "2024-01-02T00:00:00Z"
