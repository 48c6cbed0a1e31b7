"""Published results as values: what holds for which scripts and locks, and that nothing is lost on the way back."""

import json
from dataclasses import replace

import pytest

from harness.errors import UsageError
from harness.model import CellResult, Header, Label, Outcome, Pattern
from harness.rendering import csv_table, html_page, json_document, markdown
from harness.rendering.isolation_comparison import unconfirmed
from harness.rendering.published import cells_of, read_published
from harness.rendering.results import records, to_frame
from tests.making import make_environment
from tests.unit.test_rendering_results import attempt, cell_of, column, only, result, sample, scenario


def published_again(results):
    """The results, as they are in a clone that has run nothing, and has what is published of them."""
    document = json.loads(json_document.render(results, published=True))
    cells = cells_of(document, "results/results.json")
    again = [
        CellResult(cell=each.cell, labels=each.labels, attempts=cells[str(each.cell)].attempts(each.cell))
        if str(each.cell) in cells
        else replace(each, attempts=())
        for each in results.cells
    ]
    return replace(results, cells=tuple(again))


def one_cell(**values):
    one = scenario("one", labels=values.pop("labels", ()))
    return only(one, result(cell_of(one, "pkg3.4.1"), values, labels=one.header.labels))


def of(results, environment="pkg3.4.1"):
    document = json.loads(json_document.render(results, published=True))
    return cells_of(document, "results.json")[f"one@{environment}"]


@pytest.mark.parametrize(
    "render",
    [lambda each: json_document.render(each, published=True), csv_table.render, markdown.render],
    ids=["json", "csv", "markdown"],
)
def test_what_is_published_can_be_published_again_with_the_same_bytes(render):
    assert render(published_again(sample())) == render(sample())


def test_page_is_the_same_again():
    def drawn(results):
        return html_page.render(results, command="harness", published=True)

    assert drawn(published_again(sample())) == drawn(sample())


def test_error_of_many_lines_keeps_its_head_and_its_signature():
    error = "ValueError: first\nsecond 17\nthird 18 0x7f0000001234\nfourth"
    results = one_cell(outcome=Outcome.FAILED, stage="load", error=error)
    assert json_document.render(published_again(results), published=True) == json_document.render(
        results, published=True
    )
    (before,), (after,) = records(results), records(published_again(results))
    assert after.signature == before.signature
    assert csv_table.render(published_again(results)) == csv_table.render(results)


def test_label_stays_where_the_published_error_no_longer_matches_it():
    label = Label(stage=None, error=Pattern("/tmp/exactly"), label="bug", note="n")
    results = one_cell(outcome=Outcome.FAILED, error="OSError: /tmp/exactly/here is missing", labels=[label])
    (again,) = records(published_again(results))
    assert "/tmp" not in again.error
    assert again.label == label


def test_label_that_was_taken_out_is_gone():
    label = Label(stage=None, error=Pattern("no"), label="bug", note="n")
    results = one_cell(outcome=Outcome.FAILED, error="OSError: no", labels=[label])
    bare = tuple(replace(each, labels=()) for each in published_again(results).cells)
    (again,) = records(replace(results, cells=bare))
    assert again.label is None


def test_published_cells_are_marked_and_have_no_attempts_here():
    (cell,) = json.loads(json_document.render(published_again(one_cell())))["cells"]
    assert cell["published"] == "results/results.json"
    assert cell["attempts"] == 0
    frame = to_frame(published_again(one_cell()))
    assert list(frame["published"]) == ["results/results.json"]
    assert list(frame["attempts"]) == [0]


def test_cells_that_were_never_run_are_not_published_results():
    one = scenario("one")
    document = json.loads(json_document.render(only(one, result(cell_of(one, "pkg3.4.1"))), published=True))
    assert cells_of(document, "x") == {}


def test_outcomes_of_a_later_version_are_left_out():
    document = json.loads(json_document.render(one_cell(), published=True))
    document["cells"][0]["outcome"] = "quantum"
    assert cells_of(document, "x") == {}


class TestStale:
    environment = make_environment("pkg3.4.1", demo="1.0")

    def results(self, **values):
        one = scenario("one")
        known = replace(column("pkg3.4.1"), lock=self.environment.lock.fingerprint)
        return replace(only(one, result(cell_of(one, "pkg3.4.1"), values)), environments=(known,))

    def test_same_script_and_lock_hold(self):
        assert of(self.results()).stale(scenario("one"), self.environment, None) is None

    def test_labels_and_title_do_not_count(self):
        labelled = scenario("one", title="Other", labels=[Label(stage=None, error=Pattern(""), label="bug", note="n")])
        assert of(self.results()).stale(labelled, self.environment, None) is None

    def test_changed_script_is_named(self):
        changed = scenario("one", text="x = 2\n")
        assert "script has changed" in of(self.results()).stale(changed, self.environment, None)

    def test_changed_lock_is_named(self):
        other = make_environment("pkg3.4.1", demo="1.1")
        assert of(self.results()).stale(scenario("one"), other, None) == "the lock of pkg3.4.1 has changed since"

    def test_changed_variables_are_named(self):
        other = replace(self.environment, variables=(("A", "1"),))
        assert "variables of pkg3.4.1" in of(self.results()).stale(scenario("one"), other, None)

    def test_changed_lock_of_the_writer_is_named(self):
        writer = make_environment("pkg3.5.0", demo="2.0")
        assert "lock of pkg3.5.0" in of(self.results()).stale(scenario("one"), self.environment, writer)

    @pytest.mark.parametrize(("outcome", "stale"), [(Outcome.TIMED_OUT, True), (Outcome.FAILED, False)])
    def test_time_limit_counts_for_time_outs_only(self, outcome, stale):
        longer = scenario("one")
        longer = replace(longer, script=replace(longer.script, header=Header(timeout_s=999)))
        reason = of(self.results(outcome=outcome, error="no")).stale(longer, self.environment, None)
        assert (reason is not None) is stale

    def test_document_without_digests_holds_for_nothing(self):
        document = json.loads(json_document.render(self.results(), published=True))
        del document["scenarios"][0]["digest"]
        cell = cells_of(document, "x")["one@pkg3.4.1"]
        assert "without the digests" in cell.stale(scenario("one"), self.environment, None)


def test_only_cells_next_to_published_transitions_are_confirmed():
    one = scenario("one")
    failed = {"outcome": Outcome.FAILED, "error": "ValueError: no"}
    names = ("pkg1.0", "pkg2.0", "pkg3.0")
    cells = [result(cell_of(one, name), values) for name, values in zip(names, ({}, {}, failed), strict=True)]
    columns = tuple(column(name, version=name[3:]) for name in names)
    results = replace(only(one, *cells, environments=names), environments=columns)
    assert unconfirmed(published_again(results)) == ()
    noted = replace(results, notes=("2 cells next to a transition were not confirmed.",))
    assert [str(each) for each in unconfirmed(published_again(noted))] == ["one@pkg2.0", "one@pkg3.0"]


def test_first_file_that_has_a_cell_counts(tmp_path):
    for name, outcome in (("a", Outcome.PASSED), ("b", Outcome.FAILED)):
        text = json_document.render(one_cell(outcome=outcome, error="no" * (outcome is Outcome.FAILED)), published=True)
        (tmp_path / f"{name}.json").write_text(text, encoding="utf-8")
    files = [(tmp_path / f"{name}.json", f"{name}.json") for name in ("missing", "a", "b")]
    published = read_published(files)
    assert published.sources == ("a.json", "b.json")
    assert published.cells["one@pkg3.4.1"].source == "a.json"


def test_result_is_confirmed_if_one_of_its_files_confirms_it(tmp_path):
    """The default tier may lack the neighbour that makes a cell of the full tier one side of a transition."""
    one = scenario("one")
    failed = {"outcome": Outcome.FAILED, "error": "ValueError: no"}
    few, more = (
        replace(
            only(
                one, *(result(cell_of(one, name), values) for name, values in shown.items()), environments=list(shown)
            ),
            environments=tuple(column(name, version=name[3:]) for name in shown),
        )
        for shown in ({"pkg2.0": failed}, {"pkg1.0": {}, "pkg2.0": failed})
    )
    other = replace(few, platform="another")
    for name, results in (("few", few), ("more", more), ("other", other)):
        (tmp_path / f"{name}.json").write_text(json_document.render(results, published=True), encoding="utf-8")

    def confirmed(*names):
        return read_published((tmp_path / f"{name}.json", name) for name in names).cells["one@pkg2.0"].confirmed

    assert (confirmed("few"), confirmed("few", "more"), confirmed("other", "more")) == (False, True, False)


def test_invalid_file_is_an_error(tmp_path):
    (tmp_path / "results.json").write_text("{", encoding="utf-8")
    with pytest.raises(UsageError, match="invalid JSON"):
        read_published([(tmp_path / "results.json", "results.json")])


def test_attempts_of_flaky_cells_have_their_numbers():
    one = scenario("one")
    cell = cell_of(one, "pkg3.4.1")
    failed = {"outcome": Outcome.FAILED, "stage": "load", "error": "ValueError: no"}
    for order in ((failed, {}, {}), ({}, {}, failed)):
        results = only(one, CellResult(cell=cell, attempts=tuple(attempt(cell, **each) for each in order)))
        (before,), (after,) = records(results), records(published_again(results))
        assert (after.state, after.passes, after.verdicts, after.stage) == ("flaky", 2, 3, "load")
        assert after.outcome == before.outcome
