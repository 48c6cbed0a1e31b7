"""One run, split into shards: merged in any order, any number of times, it exports what one run exports, byte for byte."""

import json
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import filelock
import pytest

from harness.record.store import Store
from tests.runs.conftest import MATRIX, make_project, wait_until

SCRIPT = '''\
"""Prints a version."""
# %% define
import demo
print(demo.VERSION)
# %% build
demo.build([1, 2])
'''


def on(project, name):
    """Return the same project on another machine: with a store of its own, and the same cache."""
    store = project.root.parent / "stores" / f"{name}.sqlite"
    return replace(project, variables={**project.variables, "HARNESS_STORE": str(store)})


def store_of(machine):
    return machine.variables["HARNESS_STORE"]


def exported(project, *selection):
    """Return the exports that do not depend on when and how fast something ran."""
    return [project.call("table", *selection, "--format", format).stdout for format in ("csv", "markdown")]


def run_shards(project, count, *selection):
    machines = []
    for number in range(1, count + 1):
        machines.append(on(project, f"{number}-of-{count}-{len(selection)}"))
        machines[-1].call("run", *selection, "--shard", f"{number}/{count}")
    return machines


def attempts_in(machine):
    """Return the cells of all attempts, sorted."""
    if not Path(store_of(machine)).exists():
        return []
    with closing(sqlite3.connect(store_of(machine))) as connection:
        return sorted(cell for (cell,) in connection.execute("SELECT cell FROM attempts"))


@pytest.fixture
def whole(two_step):
    """The machine that runs all alone."""
    machine = on(two_step, "whole")
    machine.run()
    return machine


def test_merged_shards_export_what_one_run_exports(two_step, whole):
    expected = exported(whole)
    shards = run_shards(two_step, 3)
    assert sorted(cell for each in shards for cell in attempts_in(each)) == attempts_in(whole), "nothing twice"
    stores = [store_of(each) for each in shards]
    at_once, one_by_one = on(two_step, "at-once"), on(two_step, "one-by-one")
    at_once.call("merge", *stores)
    for each in (stores[2], stores[0], stores[2], stores[1], stores[0]):
        one_by_one.call("merge", each)
    for target in (at_once, one_by_one):
        assert exported(target) == expected
        assert attempts_in(target) == attempts_in(whole)
        assert "Nothing to run" in target.run().stderr


def test_shards_of_a_script_from_outside(project, tmp_path):
    script = tmp_path / "outside.py"
    script.write_text(SCRIPT)
    whole = on(project, "whole")
    whole.call("run", str(script))
    shards = run_shards(project, 2, str(script))
    target = on(project, "merged")
    target.call("merge", *map(store_of, reversed(shards)))
    assert exported(target, str(script)) == exported(whole, str(script))


def test_shard_shows_its_own_cells_and_goes_on_where_it_was(two_step):
    machine = on(two_step, "one")
    first = machine.call("run", "--shard", "1/3", "--json")
    cells = set(first.table)
    again = machine.call("run", "--shard", "1/3", "--json")
    assert "Nothing to run" in again.stderr
    assert set(again.table) == cells
    # In the same store, the other shards are those of the same split, though durations are known now.
    others = [set(machine.call("run", "--shard", f"{number}/3", "--json").table) for number in (2, 3)]
    assert not cells & others[0] and not cells & others[1] and not others[0] & others[1]
    assert "Nothing to run" in machine.run().stderr


def test_more_shards_than_cells(project):
    selection = ("--cells", "newer@demo2.0")
    assert "newer@demo2.0" in project.call("run", *selection, "--shard", "1/9", "--json").table
    empty = project.call("run", *selection, "--shard", "2/9")
    assert "shard 2/9 has no cells" in empty.stderr


@pytest.mark.parametrize("wrong", ["0/3", "4/3", "3", "1/257", "x/y"])
def test_wrong_shard_is_a_usage_error(project, wrong):
    refused = project.call("run", "--shard", wrong, status=2)
    assert "--shard" in refused.stderr
    assert project.call("plan", "--shards", "0", status=2).status == 2


def test_confirm_needs_all_shards(project):
    assert "Run all shards, merge them" in project.call("run", "--shard", "1/2", "--confirm", status=2).stderr


class TestPlan:
    def test_matrix_has_a_job_for_each_shard_with_cells(self, two_step):
        document = two_step.call("plan", "--shards", "3", "--json").document
        assert [each["shard"] for each in document["matrix"]["include"]] == ["1/3", "2/3", "3/3"]
        assert sum(each["cells"] for each in document["shards"]) == len({each["cell"] for each in document["cells"] if each["state"] == "due"})  # fmt: skip
        assert [each["environments"] for each in document["shards"]] == [["demo1.1"], ["demo2.0"], ["demo1.0"]]

    def test_what_is_missing_is_planned(self, two_step):
        two_step.run("--environments", "demo1.*")
        document = two_step.call("plan", "--shards", "4", "--json").document
        assert {id for each in document["shards"] for id in each["environments"]} >= {"demo2.0"}
        two_step.run()
        document = two_step.call("plan", "--shards", "4", "--json").document
        assert document["matrix"] == {"include": []}
        assert "Nothing to run" in two_step.call("plan", "--shards", "4").stdout

    def test_cells_that_never_ran_are_expected_to_take_what_their_case_takes_elsewhere(self, project):
        project.run("--environments", "demo1.0")
        document = project.call("plan", "--environments", "demo1.1,demo2.0", "--scenarios", "build", "--shards", "1", "--json").document  # fmt: skip
        taken = [cell["duration_s"] for cell in project.call("table", "--environments", "demo1.0", "--scenarios", "build", "--json").document["cells"]]  # fmt: skip
        assert document["shards"][0]["estimated_s"] == pytest.approx(2 * sum(taken), abs=0.1)

    def test_table_of_shards(self, two_step):
        shown = two_step.call("plan", "--shards", "30").stdout
        assert "1/30" in shown and "of them without cells" in shown

    def test_output_without_shards(self, project):
        assert "Add --shards N" in project.call("plan", "--output", "x", status=2).stderr


class TestWork:
    @pytest.fixture
    def shards(self, two_step, tmp_path):
        folder = tmp_path / "shards"
        two_step.call("plan", "--shards", "3", "--output", str(folder))
        return sorted(folder.iterdir())

    def test_results_of_shards_are_merged_in_a_clone(self, two_step, whole, shards, tmp_path):
        """The machine that works has no project: all that it needs is in the shard."""
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir()
        worker = replace(two_step, root=elsewhere)
        for shard in shards:
            worker.call("work", str(shard), "--output", "results")
        assert "Nothing to run" in worker.call("work", str(shards[0]), "--output", "results").stderr
        results = elsewhere / "results"
        assert len(list(results.iterdir())) == 3
        target = on(two_step, "merged")
        target.call("merge", str(results))
        assert exported(target) == exported(whole)
        assert attempts_in(target) == attempts_in(whole)
        assert " 0 attempts" not in target.call("merge", str(results)).stdout
        assert "0 attempts merged" in target.call("merge", str(results)).stdout
        assert two_step.left_over() == []
        shown = target.call("show", "build[shape=list]@demo1.1").stdout
        assert "TypeError: layer_" in shown, "with its evidence"

    def test_the_same_shard_by_run_and_by_work_is_one(self, two_step, shards, tmp_path):
        machine = on(two_step, "a")
        machine.call("merge", str(two_step.store))  # with the split, and no attempt
        machine.call("run", "--shard", "1/3")
        two_step.call("work", str(shards[0]), "--output", str(tmp_path / "out"))
        target = on(two_step, "merged")
        target.call("merge", store_of(machine))
        done = target.call("merge", str(tmp_path / "out"))
        assert "0 attempts merged" in done.stdout
        assert "ran twice; the first attempt is kept" in done.stderr

    def test_written_files_come_along(self, two_step, shards, tmp_path):
        for shard in shards:
            two_step.call("work", str(shard), "--output", str(tmp_path / "out"))
        shutil.rmtree(two_step.cache / "artifacts")
        two_step.call("merge", str(tmp_path / "out"))
        assert len(list((two_step.cache / "artifacts").iterdir())) == 3
        texts = {path.read_text() for path in (two_step.cache / "artifacts").glob("*/model.txt")}
        assert texts == {f"{version} weights" for version in ("1.0", "1.1", "2.0")}

    @pytest.mark.parametrize(
        ("spoil", "message"),
        [
            (lambda folder: (folder / "attempts.jsonl").write_bytes((folder / "attempts.jsonl").read_bytes()[:-30]), "cut off or was changed"),
            (lambda folder: (folder / "manifest.json").write_bytes((folder / "manifest.json").read_bytes()[:-30]), "manifest.json"),
            (lambda folder: next(folder.glob("artifacts/*/model.txt")).write_text("other"), "is missing or was changed"),
            (lambda folder: next(folder.glob("artifacts/*/model.txt")).unlink(), "is missing or was changed"),
        ],
        ids=["attempts cut off", "manifest cut off", "file changed", "file missing"],
    )  # fmt: skip
    def test_damaged_results_merge_nothing(self, two_step, shards, tmp_path, spoil, message):
        for shard in shards[:2]:
            two_step.call("work", str(shard), "--output", str(tmp_path / "out"))
        spoil(sorted((tmp_path / "out").iterdir())[1])
        target = on(two_step, "merged")
        refused = target.call("merge", "--partial", str(tmp_path / "out"), status=2)
        assert message in refused.stderr and "Nothing was merged" in refused.stderr
        assert attempts_in(target) == []

    def test_killed_worker_goes_on(self, two_step, shards, tmp_path):
        """What has finished when it is killed is in its part: here, as the store of one that was."""
        output = tmp_path / "out"
        two_step.call("work", str(shards[0]), "--output", str(output))
        (folder,) = output.iterdir()
        count = len((folder / "attempts.jsonl").read_text().splitlines())
        shutil.rmtree(output)
        process = two_step.start("work", str(shards[0]), "--output", str(output))
        part = output / f".{folder.name}.part" / "attempts.sqlite"

        def begun():
            if not part.exists():
                return process.poll() is not None
            store = Store(part)
            try:
                return store.count() > 0 or process.poll() is not None
            finally:
                store.close()

        wait_until(begun)
        process.kill()
        process.communicate()
        before = 0
        if part.exists():
            with closing(Store(part)) as store:
                before = store.count()
        done = two_step.call("work", str(shards[0]), "--output", str(output))
        assert before == count or f"{count - before} cell" in done.stderr or "Nothing to run" in done.stderr
        assert len((folder / "attempts.jsonl").read_text().splitlines()) == count

    def test_shard_that_runs_twice_at_once_into_the_same_folder(self, two_step, shards, tmp_path):
        name = json.loads(shards[0].read_text())["split"]
        (tmp_path / "out").mkdir()
        with filelock.FileLock(tmp_path / "out" / f".shard-1-of-3-{name}.lock"):
            refused = two_step.call("work", str(shards[0]), "--output", str(tmp_path / "out"), status=1)
        assert "another `harness work` runs this shard" in refused.stderr and "name another folder" in refused.stderr

    def test_other_version_of_the_project(self, two_step, shards, tmp_path):
        document = json.loads(shards[0].read_text())
        shards[0].write_text(json.dumps({**document, "worker": "1-old", "version": "0.1.0"}))
        refused = two_step.call("work", str(shards[0]), "--output", str(tmp_path / "out"), status=1)
        assert "another version of this project" in refused.stderr and "repro-matrix 0.1.0" in refused.stderr

    def test_other_platform(self, two_step, shards, tmp_path):
        document = json.loads(shards[0].read_text())
        shards[0].write_text(json.dumps({**document, "platform": "darwin-arm64"}))
        assert "was planned on darwin-arm64" in two_step.call("work", str(shards[0]), "--output", str(tmp_path / "out"), status=1).stderr  # fmt: skip

    def test_other_python(self, two_step, shards, tmp_path):
        document = json.loads(shards[0].read_text())
        for each in document["environments"]:
            each["interpreter"] = "cpython-3.99.0"
        shards[0].write_text(json.dumps(document))
        assert "it was planned for cpython-3.99.0, and this machine has" in two_step.call("work", str(shards[0]), "--output", str(tmp_path / "out"), status=2).stderr  # fmt: skip

    def test_plan_without_sandbox_needs_the_same_option(self, two_step, tmp_path):
        two_step.call("plan", "--shards", "1", "--sandbox", "off", "--output", str(tmp_path / "shards"), "--cells", "newer@demo2.0")  # fmt: skip
        shard = str(tmp_path / "shards" / "shard-1-of-1.json")
        if (
            "add --sandbox off here"
            not in two_step.call("work", shard, "--output", str(tmp_path / "out"), status=None).stderr
        ):
            pytest.skip("this machine has no sandbox")
        two_step.call("work", shard, "--output", str(tmp_path / "out"), "--sandbox", "off")

    @pytest.mark.parametrize("content", ["", "[]", "{}", '{"schema": 1}', "\x00\x01", "x" * 100])
    def test_file_that_is_no_shard(self, project, tmp_path, content):
        path = tmp_path / "other.json"
        path.write_text(content)
        assert "is not a shard" in project.call("work", str(path), "--output", str(tmp_path / "out"), status=2).stderr
        assert list((tmp_path / "out").glob("*")) == []

    def test_changed_shard_is_refused(self, two_step, shards, tmp_path):
        document = json.loads(shards[0].read_text())
        document["scripts"][0]["script"]["text"] += "\nprint('other')\n"
        shards[0].write_text(json.dumps(document))
        assert "the shard was changed" in two_step.call("work", str(shards[0]), "--output", str(tmp_path / "out"), status=2).stderr  # fmt: skip

    @pytest.mark.parametrize("changes", [{"split": "../../other"}, {"number": 0}, {"number": 10**30}, {"shards": "x"}])
    def test_shard_with_a_wrong_name_writes_nothing(self, two_step, shards, tmp_path, changes):
        shards[0].write_text(json.dumps({**json.loads(shards[0].read_text()), **changes}))
        assert "is no number of a shard" in two_step.call("work", str(shards[0]), "--output", str(tmp_path / "out"), status=2).stderr  # fmt: skip
        assert not (tmp_path / "out").exists()

    def test_shard_that_is_not_there(self, project, tmp_path):
        assert "There is no such file" in project.call("work", "gone.json", "--output", "out", status=2).stderr


class TestMerge:
    def refuse(self, machine, *sources, status=2):
        refused = machine.call("merge", *sources, status=status)
        assert "Nothing was merged" in refused.stderr
        return refused.stderr

    def test_missing_shard_is_named(self, project):
        shards = run_shards(project, 3)
        target = on(project, "merged")
        message = self.refuse(target, store_of(shards[0]), store_of(shards[2]))
        assert "Shard 2/3 is missing" in message and "--partial" in message
        assert attempts_in(target) == []
        target.call("merge", "--partial", store_of(shards[0]), store_of(shards[2]))
        done = target.call("merge", store_of(shards[1]))
        assert "missing" not in done.stderr
        assert "Nothing to run" in target.run().stderr

    def test_one_shard_alone_is_merged_with_a_note(self, project):
        shards = run_shards(project, 2)
        target = on(project, "merged")
        assert "Shard 1/2 is missing" in target.call("merge", store_of(shards[1])).stderr
        assert "missing" not in target.call("merge", store_of(shards[0])).stderr

    def test_overlapping_shards(self, project):
        one, two = on(project, "a"), on(project, "b")
        one.call("run", "--shard", "1/1")
        two.call("run", "--shard", "2/3")
        stderr = self.refuse(on(project, "merged"), store_of(one), store_of(two), "--partial")
        assert "overlap" in stderr and "shard 1/1" in stderr and "shard 2/3" in stderr

    def test_store_of_another_project(self, project, tmp_path, wheels):
        (tmp_path / "other").mkdir()
        other = make_project(tmp_path / "other", wheels, project.cache, project.variables)
        other.matrix(MATRIX.replace("families.demo", "families.else"))
        shutil.rmtree(other.root / "locks")
        for version in ("1.0", "1.1", "2.0"):
            other.lock(version, family="else")
        other.matrix(
            MATRIX.replace("families.demo", "families.else").replace('"demo1.0", "demo1.1", "demo2.0"', '"else1.0"')
        )
        other.run("--cells", "newer@else2.0")
        stderr = self.refuse(project, str(other.store))
        assert "another project" in stderr and "else (demo)" in stderr and "demo (demo)" in stderr

    def test_shard_of_another_version(self, project):
        machine = on(project, "a")
        machine.call("run", "--shard", "1/1")
        with closing(sqlite3.connect(store_of(machine))) as connection:
            connection.execute("UPDATE shards SET worker = 'other', version = '0.1.0'")
            connection.commit()
        stderr = self.refuse(on(project, "merged"), store_of(machine), status=1)
        assert "another version of this project ran shard 1/1" in stderr

    def test_what_is_not_there_or_is_nothing(self, project, tmp_path):
        assert "there is no such file" in self.refuse(project, "gone.sqlite")
        (tmp_path / "empty").mkdir()
        assert "nothing to merge in this folder" in self.refuse(project, str(tmp_path / "empty"))
        (tmp_path / "text.sqlite").write_text("text")
        assert "is not a store of attempts" in self.refuse(project, str(tmp_path / "text.sqlite"))
        project.run("--cells", "newer@demo2.0")
        assert "is the store to merge into" in self.refuse(project, str(project.store))

    def test_good_source_beside_a_bad_one_is_not_merged(self, project, tmp_path):
        machine = on(project, "a")
        machine.run()
        (tmp_path / "text.sqlite").write_text("text")
        target = on(project, "merged")
        self.refuse(target, store_of(machine), str(tmp_path / "text.sqlite"))
        assert attempts_in(target) == []

    def test_runs_of_two_machines_are_repeats(self, project):
        machines = [on(project, name) for name in ("a", "b")]
        for each in machines:
            each.run()
        target = on(project, "merged")
        target.call("merge", *map(store_of, machines))
        assert attempts_in(target) == sorted([*attempts_in(machines[0]), *attempts_in(machines[1])])
        assert target.call("table", "--json").attempts["newer@demo2.0"] == 2
