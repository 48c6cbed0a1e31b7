"""Whole runs through the real command line: what they show, and what a second one does."""

import shutil

import pytest

from harness.record.store import Store
from tests.faults.faults import TABLE
from tests.runs.conftest import BUILD, MATRIX, NEWER, WRITE


def test_first_run_gives_the_table_and_the_second_runs_nothing(project):
    first = project.run()
    assert first.table == TABLE
    failed = first.cell("build[shape=list]@demo1.1")
    assert failed["error"].startswith("TypeError: layer_")
    assert first.cell("newer@demo2.0")["reason"] == "gone since 2.0"
    assert first.cell("newer@demo1.0")["reason"] == "needs demo>=1.1, and this environment has demo 1.0"
    assert project.left_over() == []
    second = project.run()
    assert (second.table, second.attempts) == (first.table, first.attempts)
    assert "Nothing to run" in second.stderr
    assert second.cell("build[shape=list]@demo1.1")["signature"] == failed["signature"]


def test_fresh_runs_all_again_and_finds_the_same_signature(project):
    first, again = project.run(), project.run("--fresh")
    assert again.table == first.table
    assert again.cell("build[shape=list]@demo1.1")["attempts"] == 2
    assert again.cell("build[shape=list]@demo1.1")["flaky"] is None


def count(project):
    """Return the number of attempts in the project's store."""
    store = Store(project.store)
    try:
        return store.count()
    finally:
        store.close()


def test_label_runs_nothing_again_and_is_shown(project):
    project.run()
    label = '# [[tool.harness.label]]\n# error = "TypeError: layer"\n# label = "bug"\n# note = "lists"\n'
    project.scenario("build/build.py", BUILD.replace("# ///\n", f"#\n{label}# ///\n"))
    again = project.run()
    assert "Nothing to run" in again.stderr
    assert again.cell("build[shape=list]@demo1.1")["label"] == "bug"


def test_changed_scenario_runs_its_own_cells_again(project):
    project.run()
    before = count(project)
    project.scenario("load/newer.py", NEWER + "assert True\n")
    assert project.run().table == TABLE
    assert count(project) == before + 2  # in demo1.1 and demo2.0: demo1.0 is ruled out by its header


def test_changed_lock_runs_its_own_column_again(project):
    project.run()
    before = count(project)
    project.lock("2.0", other="1.0")
    assert project.run().table == TABLE
    assert count(project) == before + 3
    assert {each.cell.environment for each in newest(project, 3)} == {"demo2.0"}


def newest(project, number):
    store = Store(project.store)
    try:
        attempts = [next(store.of_cell(cell, "")) for cell in store.cells()]
    finally:
        store.close()
    return sorted(attempts, key=lambda each: each.started)[-number:]


def test_added_value_of_a_parameter_runs_only_its_cells(project):
    project.run()
    before = count(project)
    project.scenario("build/build.py", BUILD.replace('["list", "tuple"]', '["list", "tuple", "other"]'))
    project.run()
    assert count(project) == before + 3


def test_repeats_that_differ_are_flaky(project, tmp_path):
    project.variables["COUNTER"] = str(tmp_path / "counter")
    project.scenario(
        "load/flips.py",
        '# /// script\n# [tool.harness]\n# variables = ["COUNTER"]\n# ///\n# %% load\nimport os, demo\n'
        'with open(os.environ["COUNTER"], "a+") as stream:\n    stream.write("x")\n    stream.seek(0)\n'
        "    assert len(stream.read()) % 2\n",
    )
    project.sandbox = "off"  # a counter outside is what a contained script cannot have
    selection = ["--cells", "flips@demo2.0,build[shape=tuple]@demo2.0"]
    done = project.run(*selection, "--repeat", "5", "--jobs", "1")
    assert done.attempts == {"flips@demo2.0": 5, "build[shape=tuple]@demo2.0": 5}
    assert done.cell("flips@demo2.0")["flaky"] == {"passes": 3, "of": 5}
    assert done.cell("build[shape=tuple]@demo2.0")["flaky"] is None
    assert "Nothing to run" in project.run(*selection, "--repeat", "5").stderr
    for format in ("terminal", "markdown", "html"):
        assert "3/5" in project.call("table", *selection, "--format", format).stdout, format
    assert ",3 of 5\n" in project.call("table", *selection, "--format", "csv").stdout
    shown = project.call("show", "flips@demo2.0").stdout
    assert "repeats  flaky, 3 of 5 passed: 3 passed; 2 failed AssertionError" in shown
    assert "Traceback" in shown, "of repeats that differ one that failed is shown, though the last one passed"
    assert "repeats  5, all alike" in project.call("show", "build[shape=tuple]@demo2.0").stdout
    document = project.call("show", "flips@demo2.0", "--json").document
    assert (document["outcome"], document["flaky"]) == ("failed", {"passes": 3, "of": 5})
    assert [each["outcome"] for each in document["attempts"]] == ["passed", "failed", "passed", "failed", "passed"]


ACROSS = {
    f"across@demo{writer} -> demo{reader}": ("failed", "load") if writer > reader else ("passed", None)
    for writer in ("1.0", "1.1", "2.0")
    for reader in ("1.0", "1.1", "2.0")
}


class TestTwoSteps:
    def test_each_reader_reads_what_each_writer_wrote(self, two_step):
        done = two_step.run("--scenarios", "across")
        assert done.table == ACROSS
        cell = done.cell("across@demo2.0 -> demo1.0")
        assert (cell["writer"], cell["reader"]) == ("demo2.0", "demo1.0")
        assert cell["error"] == "ValueError: written by a newer demo 2.0"
        assert "Nothing to run" in two_step.run("--scenarios", "across").stderr
        assert two_step.left_over() == []

    def test_writers_and_readers_are_chosen_apart(self, two_step):
        done = two_step.run("--scenarios", "across", "--writers", "demo2.0", "--readers", "demo1.*")
        assert set(done.table) == {"across@demo2.0 -> demo1.0", "across@demo2.0 -> demo1.1"}

    def test_one_cell_by_its_id_brings_its_writer_along(self, two_step):
        id = "across@demo2.0 -> demo1.0"
        assert two_step.run("--cells", id).table == {id: ("failed", "load")}
        assert "written by a newer demo 2.0" in two_step.call("show", id).stdout
        assert "The same as on" in two_step.call("replay", id).stdout

    def test_lost_artifact_is_written_again(self, two_step):
        two_step.run("--scenarios", "across", "--writers", "demo1.0", "--readers", "demo1.0")
        artifacts = two_step.cache / "artifacts"
        for each in list(artifacts.iterdir()):
            each.rename(artifacts.parent / each.name)
        done = two_step.run("--scenarios", "across", "--writers", "demo1.0", "--readers", "demo1.1")
        assert done.table == {"across@demo1.0 -> demo1.1": ("passed", None)}

    def test_writer_that_could_not_write_does_not_run_again_for_another_reader(self, two_step):
        two_step.scenario("across/write.py", WRITE + 'assert demo.VERSION != "1.1", "cannot save"\n')
        for reader in ("demo1.0", "demo2.0"):
            two_step.run("--scenarios", "across", "--writers", "demo1.1", "--readers", reader)
        assert len(two_step.call("show", "across@demo1.1", "--json").document["attempts"]) == 1

    def test_what_was_not_written_cannot_be_read_and_says_so_once(self, two_step):
        two_step.scenario("across/write.py", WRITE + 'assert demo.VERSION != "1.1", "cannot save"\n')
        done = two_step.run("--scenarios", "across")
        expected = {
            cell: ("unavailable", None) if cell.startswith("across@demo1.1 ->") else outcome
            for cell, outcome in ACROSS.items()
        }
        assert done.table == expected
        assert "demo1.1 did not write" in done.cell("across@demo1.1 -> demo2.0")["reason"]
        assert "cannot save" in two_step.call("show", "across@demo1.1").stdout
        before = count(two_step)
        assert "Nothing to run" in two_step.run("--scenarios", "across").stderr
        assert count(two_step) == before
        two_step.scenario("across/write.py", WRITE)
        assert two_step.run("--scenarios", "across").table == ACROSS


class TestLostEnvironments:
    def test_package_that_does_not_import(self, project):
        project.lock("3.0")
        done = project.run("--tier", "full", "--scenarios", "build")
        assert {cell: done.table[cell] for cell in TABLE if cell.startswith("build")} == {
            cell: outcome for cell, outcome in TABLE.items() if cell.startswith("build")
        }
        cell = done.cell("build[shape=list]@demo3.0")
        assert (cell["outcome"], cell["signature"]) == ("unavailable", None)
        assert cell["reason"] == "does not import: import demo: ImportError: numpy is too new"
        assert "Nothing to run" in project.run("--tier", "full", "--scenarios", "build").stderr

    def test_what_cannot_be_run_is_recorded_once_however_often_it_was_to_run(self, project):
        project.lock("3.0")
        done = project.run("--tier", "full", "--scenarios", "build", "--repeat", "3")
        assert done.attempts == {cell: 1 if cell.endswith("@demo3.0") else 3 for cell in done.table}

    def test_interpreter_that_is_not_there(self, project):
        project.matrix(MATRIX + '[families.future]\npackage = "demo"\npythons = { "3.99" = ">=0" }\n')
        project.lock("1.0", family="future", python="3.99")
        done = project.run("--tier", "full", status=1)
        lost = done.cell("build[shape=tuple]@future1.0")
        assert lost["outcome"] == "unavailable"
        assert "Python 3.99 is missing" in lost["reason"]
        assert "uv python install 3.99" in lost["reason"]
        assert {cell: outcome for cell, outcome in done.table.items() if "future" not in cell} == TABLE
        assert "cells without a result" in done.stderr

    def test_wrong_hash_in_a_lock_is_never_installed(self, project):
        """It may be the index that serves another file, this time: so it is asked again, and the status says so."""
        project.lock("2.0", hashes=("0" * 64,))
        done = project.run(status=1)
        lost = done.cell("build[shape=tuple]@demo2.0")
        assert lost["outcome"] == "unavailable"
        assert "differs from the lock" in lost["reason"]
        assert done.table["build[shape=tuple]@demo1.0"] == ("passed", None)
        project.lock("2.0")
        assert project.run().table == TABLE

    @pytest.mark.parametrize(
        "spoil",
        [
            pytest.param(lambda file: (file.parent.chmod(0o755), file.unlink()), id="file gone"),
            pytest.param(lambda file: file.write_text("VERSION = '9'"), id="file changed"),
        ],
    )
    def test_damaged_environment_is_built_again(self, project, spoil):
        project.variables["UV_LINK_MODE"] = "copy"
        project.run()
        for file in (project.cache / "environments").glob("*/lib/*/site-packages/demo.py"):
            spoil(file)
        again = project.run("--fresh")
        assert again.table == TABLE
        assert again.stderr.count("rebuilding it") == 3


class TestStore:
    def test_damaged_store_is_moved_aside_and_all_runs_again(self, project):
        project.run()
        project.store.write_bytes(b"this is no database" * 1000)
        refused = project.call("table", status=1)
        assert "the store is damaged" in refused.stderr
        again = project.run()
        assert again.table == TABLE
        assert "nothing was deleted" in again.stderr
        aside = [each for each in project.store.parent.iterdir() if ".damaged-" in each.name]
        assert [each.read_bytes() for each in aside] == [b"this is no database" * 1000]

    def test_lost_store_runs_all_again(self, project):
        project.run()
        for each in project.store.parent.iterdir():
            each.unlink() if each.is_file() else shutil.rmtree(each)
        assert project.run().table == TABLE
