"""Forks and processes through the real command line: compared cell by cell, and borders confirmed before publishing."""

import pytest

from harness.execute.forkserver.server import CAN_FORK
from tests.runs.conftest import BUILD, MATRIX

pytestmark = pytest.mark.skipif(not CAN_FORK, reason="fork servers need Linux")

BORDER = {f"build[shape=list]@demo{version}" for version in ("1.0", "1.1", "2.0")}
# Only what has been forked of a process that had done the imports has anything that the collector leaves alone.
DIFFERS = '''\
# /// script
# dependencies = ["demo"]
# ///
"""Fails in a fork only."""

# %% define
import gc
import demo

# %% look
assert gc.get_freeze_count() == 0, "forked"
'''


@pytest.fixture
def forking(project):
    project.matrix(MATRIX.replace('show = ["demo"]', 'show = ["demo"]\npreload = ["demo"]'))
    return project


def test_borders_are_published_when_a_process_has_confirmed_both_sides(forking):
    first = forking.run()
    assert set(first.attempts.values()) <= {0, 1}
    refused = forking.call("report", status=1)
    assert "3 cells next to a transition were not confirmed" in refused.stderr
    assert "harness run --confirm" in refused.stderr
    assert not (forking.root / "results" / "table.md").exists()
    confirmed = forking.run("--confirm")
    assert confirmed.table == first.table
    assert {cell for cell, attempts in confirmed.attempts.items() if attempts == 2} == BORDER
    assert forking.run("--confirm").attempts == confirmed.attempts, "once is enough"
    forking.call("report")
    assert (forking.root / "results" / "table.md").exists()


def test_unconfirmed_borders_are_published_only_if_that_is_asked_for_and_said(forking):
    forking.run()
    forking.call("report", "--unconfirmed")
    table = (forking.root / "results" / "table.md").read_text(encoding="utf-8")
    assert "3 cells next to a transition were not confirmed in separate processes." in table


def test_another_selection_is_published_into_a_folder_of_its_own(forking, tmp_path):
    folder = tmp_path / "full"
    asked = ("report", "--tier", "full", "--folder", str(folder))
    forking.run("--tier", "full")
    refused = forking.call(*asked, status=1)
    assert "`harness run --confirm --tier full` runs them" in refused.stderr
    # Named like the tier, it is told from it, wherever it stands.
    for words in (("--tier", "full", "--folder", "full"), ("--folder=full", "--tier", "full")):
        assert "`harness run --confirm --tier full` runs them" in forking.call("report", *words, status=1).stderr
    assert not folder.exists()
    for wrong in ("", str(forking.root / "matrix.toml")):
        assert "is not a folder" in forking.call("report", "--folder", wrong, status=2).stderr
    inside_a_file = forking.call(*asked[:-1], str(forking.root / "matrix.toml" / "x"), "--unconfirmed", status=1)
    assert "could not be written" in inside_a_file.stderr
    forking.call(*asked, "--unconfirmed")
    assert {each.name for each in folder.iterdir()} == {
        "index.html",
        "matrix.svg",
        "results.json",
        "site",
        "summary.md",
        "support.json",
        "table.csv",
        "table.md",
        "transitions.atom",
    }
    assert not (forking.root / "results" / "table.md").exists()


def test_isolations_are_compared_and_what_was_compared_is_not_run_again(forking):
    done = forking.call("compare-isolation")
    assert "8 cells of 2 scenarios in 3 environments were run both ways" in done.stdout
    assert "the same in 8, and differ in 0" in done.stdout
    again = forking.call("compare-isolation")
    assert again.stdout == done.stdout
    assert "cells to run" not in again.stderr


def test_who_asks_for_processes_gets_them_also_of_what_forks_have_shown(forking):
    forked = forking.run()
    alone = forking.run("--isolation", "process")
    assert alone.table == forked.table
    twice = {cell for cell, attempts in alone.attempts.items() if attempts == 2}
    assert twice == set(forked.attempts) - {"newer@demo1.0"}, "its header says that this one is not applicable"
    assert forking.run("--isolation", "process").attempts == alone.attempts, "once is enough"
    assert forking.run().attempts == alone.attempts


def test_script_that_is_called_like_a_module_shows_the_same_both_ways(forking):
    forking.scenario("build/demo.py", BUILD)
    done = forking.call("compare-isolation", "--scenarios", "demo")
    assert "6 cells of 1 scenario in 3 environments were run both ways" in done.stdout
    assert "the same in 6, and differ in 0" in done.stdout
    assert set(forking.run("--scenarios", "demo").table.values()) == {("passed", None), ("failed", "build")}


def test_difference_is_named_written_down_and_makes_the_cell_flaky(forking):
    forking.scenario("build/differs.py", DIFFERS)
    document = forking.root / "performance.md"
    document.write_text("before\n<!-- isolation:begin -->\n<!-- isolation:end -->\nafter\n", encoding="utf-8")
    asked = ("compare-isolation", "--scenarios", "differs", "--environments", "demo1.0", "--document", str(document))
    done = forking.call(*asked, status=1)
    line = "* differs@demo1.0: in a fork failed at look (AssertionError: forked), in a fresh process passed"
    assert line in done.stdout
    assert document.read_text(encoding="utf-8") == (
        f"before\n<!-- isolation:begin -->\n{done.stdout}<!-- isolation:end -->\nafter\n"
    )
    shown = forking.run("--scenarios", "differs", "--environments", "demo1.0").cell("differs@demo1.0")
    assert shown["flaky"] == {"passes": 1, "of": 2}


def test_some_cases_of_each_scenario_can_be_compared(forking):
    done = forking.call("compare-isolation", "--cases", "1", "--scenarios", "build")
    assert "3 cells of 1 scenario in 3 environments" in done.stdout


def test_document_that_cannot_be_written_is_said_before_anything_runs(forking):
    document = forking.root / "performance.md"
    assert "could not be read" in forking.call("compare-isolation", "--document", str(document), status=1).stderr
    document.write_text("no markers", encoding="utf-8")
    assert "isolation:begin" in forking.call("compare-isolation", "--document", str(document), status=2).stderr
    assert not forking.store.exists()
