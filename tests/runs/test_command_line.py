"""What else the command line offers on a project that was run: selections, evidence, tables, scripts from outside."""

import csv
import io
import json
import signal

import pytest

from harness.record.store import Store
from tests.runs.conftest import BUILD, MATRIX, wait_until
from tests.runs.test_runs import TABLE, count

WROTE_AND_READ = {
    "write.py": "open('x', 'w').close()\n",
    "read.py": "open('x').close()\nprint('read')\n",
}
STOPPING = "Stopping; saving finished results. Press Ctrl-C again to stop immediately.\n"
GATED = """\
# /// script
# [tool.harness]
# variables = ["GATE"]
# ///
\"\"\"Ends when a file is there.\"\"\"
# %% load
import os, time
while not os.path.exists(os.environ["GATE"]):
    time.sleep(0.02)
"""


@pytest.fixture
def gate(project, tmp_path):
    """A file for which the scenario `gated` waits; it could not see it contained."""
    gate = tmp_path / "gate"
    project.sandbox = "off"
    project.variables["GATE"] = str(gate)
    project.scenario("load/gated.py", GATED)
    return gate


class TestUsage:
    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            pytest.param(["run", "--environments", "demo1.2"], ["'demo1.2' matches no environment", "Did you mean demo1"], id="near miss"),
            pytest.param(["run", "--scenarios", "bild"], ["'bild' matches no scenario", "Did you mean build"], id="scenario"),
            pytest.param(["run", "--cells", "build@demo1.0"], ["build has no such case", "build[shape=list]"], id="case"),
            pytest.param(["run", "--cells", "build[shape=list"], ["is not the id of a c", "not closed"], id="malformed id"),
            pytest.param(["run", "--tier", "smal"], ["there is no tier 'smal'", "Did you mean small"], id="tier"),
            pytest.param(["plan", "--tiers", "full"], ["harness plan: error: unrecognized arguments: --tiers", "Did you mean --tier"], id="option"),
            pytest.param(["plan", "--project", "."], ["--project DIR stands before the command"], id="project behind"),
            pytest.param(["pinpoint"], ["required: SCENARIO|PATH|CELL, --package"], id="required"),
            pytest.param(["run", "--environments", ""], ["--environments: nothing is named"], id="empty value"),
            pytest.param(["run", "--cells", ","], ["--cells: nothing is named", "leave --cells out"], id="empty list"),
            pytest.param(["blame", "build", "--good", "demo1.0", "--bad", "demo1.2"], ["no environment 'demo1.2'. Did you mean demo1"], id="blame"),
            pytest.param(["run", "nowhere.py"], ["nowhere.py: there is no such file"], id="file"),
            pytest.param(["run", "--jobs", "0"], ["'0' is not a number above 0"], id="no jobs"),
            pytest.param(["run", "--environments", "python=3.11"], ["requirements: missing", "a valid example: "], id="inline"),
            pytest.param(["show", "build[shape=list]@demo9"], ["there is no environment 'demo9'"], id="show"),
            pytest.param(["replay", "bild@demo1.0"], ["there is no scenario 'bild'"], id="replay"),
            pytest.param(["table", "--environments", "x"], ["'x' matches no environment"], id="table"),
            pytest.param(["plan", "--environments", "x"], ["'x' matches no environment"], id="plan"),
        ],
    )  # fmt: skip
    def test_what_makes_no_sense_is_said_before_anything_runs(self, project, arguments, said):
        done = project.call(*arguments, status=2)
        for part in said:
            assert part in done.stderr
        assert done.stdout == ""
        assert not project.store.exists()

    def test_every_problem_of_the_files_is_shown_at_once(self, project):
        project.matrix(MATRIX.replace('"small"', '"smal"', 1))
        project.scenario("build/build.py", BUILD.replace("timeout", "timout"))
        project.lock("2.0").write_text("demo==2.0")
        done = project.call("run", status=2)
        assert "3 problems" in done.stderr
        assert done.stderr.count("  * ") == 3

    def test_folder_that_is_no_project_is_named(self, project, tmp_path):
        assert "--project DIR" in project.call("run", status=2, cwd=tmp_path).stderr

    def test_folder_below_a_project_is_in_it(self, project):
        done = project.call("plan", "--json", cwd=project.root / "scenarios")
        assert len(done.document["cells"]) == len(TABLE)


class TestStart:
    @pytest.mark.parametrize("command", ["--help", "plan", "run", "table", "show"])
    def test_what_takes_long_to_import_waits_until_it_is_used(self, project, command):
        selected = {"plan": ["--environments", "demo1.0"], "show": ["build[shape=list]@demo1.0"]}
        selected["run"] = selected["table"] = selected["plan"]
        project.call("run", "--environments", "demo1.0")
        project.variables["PYTHONPROFILEIMPORTTIME"] = "1"
        done = project.call(command, *selected.get(command, []))
        imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if "import time:" in line}
        assert "harness.cli" in imported
        assert imported.isdisjoint({"pandas", "numpy", "rich"})

    @pytest.mark.parametrize("typed", [["plan", "--json"], ["plan", "--tiers", "full"], ["run", "nowhere.py"]])
    def test_forked_commands_of_these_tests_do_what_an_interpreter_of_their_own_does(self, project, typed):
        with project.start(*typed) as process:
            alone = (*process.communicate(), process.returncode)
        forked = project.call(*typed, status=None)
        assert (forked.stdout, forked.stderr, forked.status) == alone


class TestPlan:
    def test_plan_says_what_would_run_and_runs_nothing(self, project):
        document = project.call("plan", "--json").document
        assert document["schema"] == 1
        states = {cell["cell"]: cell["state"] for cell in document["cells"]}
        assert states == {cell: "absent" if cell == "newer@demo1.0" else "due" for cell in TABLE}
        assert document["download_bytes"] == 3 * 500
        assert not project.store.exists()
        project.run("--environments", "demo1.0")
        states = {cell["cell"]: cell["state"] for cell in project.call("plan", "--json").document["cells"]}
        assert {cell for cell, state in states.items() if state == "done"} == {
            "build[shape=list]@demo1.0", "build[shape=tuple]@demo1.0",
        }  # fmt: skip

    def test_plan_for_people_says_the_same(self, project):
        text = project.call("plan").stdout
        assert "8 cells to run; 3 environments to build" in text
        assert "1 not applicable: needs demo>=1.1" in text


class TestRun:
    def test_run_without_an_applicable_cell_says_why(self, project):
        stderr = project.run("--scenarios", "newer", "--environments", "demo1.0").stderr
        reason = "1 cell: needs demo>=1.1, and this environment has demo 1.0"
        assert f"Nothing to run: no selected cell can run. {reason}." in stderr


class TestEvidence:
    ID = "build[shape=list]@demo1.1"

    def test_show_has_all_that_belongs_to_an_attempt(self, project):
        project.run()
        text = project.call("show", self.ID).stdout
        for part in ("failed", "stage  build", "TypeError: layer_", "Traceback", "demo==1.1", f"replay '{self.ID}'"):
            assert part in text
        document = project.call("show", self.ID, "--json").document
        assert (document["cell"], document["outcome"], document["stage"]) == (self.ID, "failed", "build")
        assert document["current"] is True
        assert document["versions"]["demo"] == "1.1"
        assert document["script"] == BUILD

    def test_show_of_what_was_never_run_says_how_to_run_it(self, project):
        done = project.call("show", self.ID, status=1)
        assert f"harness run --cells '{self.ID}'" in done.stderr

    def test_show_of_what_is_ruled_out_says_why(self, project):
        assert "needs demo>=1.1" in project.call("show", "newer@demo1.0", status=1).stderr

    def test_show_says_when_the_conditions_have_changed(self, project):
        project.run()
        project.scenario("build/build.py", BUILD + "# later\n")
        assert project.call("show", self.ID, "--json").document["current"] is False

    def test_replay_runs_again_and_compares(self, project):
        project.run()
        before = count(project)
        assert "The same as on" in project.call("replay", self.ID).stdout
        assert count(project) == before + 1

    def test_what_was_run_with_a_working_tree_is_shown_and_replayed_with_it(self, project, tmp_path):
        (tmp_path / "tree").mkdir()
        (tmp_path / "tree" / "demo.py").write_text("def build(shape):\n    print('mended')\n", encoding="utf-8")
        overlay = ("--overlay", f"demo={tmp_path / 'tree'}")
        project.run("--environments", "demo1.1")
        never = project.call("show", self.ID, *overlay, status=1).stderr
        assert f"harness run --cells '{self.ID}' --overlay" in never
        assert "With --overlay demo=" in project.call("run", "--cells", self.ID, *overlay).stdout
        shown = project.call("show", self.ID, *overlay, "--json").document
        assert (shown["outcome"], shown["stdout"]) == ("passed", "mended\n")
        assert shown["replay"].endswith(f"'{self.ID}' --overlay demo={tmp_path / 'tree'}")
        assert "The same as on" in project.call("replay", self.ID, *overlay).stdout
        assert project.call("show", self.ID, "--json").document["outcome"] == "failed", "without it, as it is installed"

    def test_replay_that_showed_nothing_is_not_said_to_be_the_same(self, project, tmp_path):
        project.run()
        for name in ("UV_FIND_LINKS", "UV_CACHE_DIR", "HARNESS_CACHE"):
            project.variables[name] = str(tmp_path / "nothing_there" / name)
        done = project.call("replay", self.ID, status=1)
        assert "outcome  unavailable" in done.stdout
        assert "Differs from" in done.stdout
        passed = project.call("replay", self.ID.replace("list", "tuple"), status=1)
        assert passed.stdout.endswith(": it was passed\n")

    def test_shell_of_a_reader_has_what_was_written(self, two_step, tmp_path):
        shell = tmp_path / "shell"
        shell.write_text("#!/bin/sh\npython read.py 2>/dev/null && ls\n", encoding="utf-8")
        shell.chmod(0o755)
        two_step.variables["SHELL"] = str(shell)
        id = "across@demo1.0 -> demo1.1"
        assert "The artifacts of demo1.0 are missing" in two_step.call("replay", id, "--shell", status=None).stderr
        two_step.run("--writers", "demo1.0", "--readers", "demo1.1")
        assert "model.txt\nread.py\n" in two_step.call("replay", id, "--shell").stdout


class TestTable:
    def test_formats_tell_the_same(self, project):
        project.run()
        table = project.call("table", "--format", "json").document
        assert project.call("table", "--json").document["cells"] == table["cells"]
        assert {cell["cell"]: (cell["outcome"], cell["stage"]) for cell in table["cells"]} == TABLE
        rows = list(csv.DictReader(io.StringIO(project.call("table", "--format", "csv").stdout)))
        assert {row["cell"]: row["outcome"] for row in rows} == {cell: outcome for cell, (outcome, _) in TABLE.items()}
        for format in ("markdown", "html", "terminal"):
            text = project.call("table", "--format", format).stdout
            assert "demo1.1" in text
            assert "A model is built whatever its shape is written as" in text or "build" in text

    def test_table_of_nothing_run_says_so_and_makes_no_store(self, project):
        table = project.call("table", "--format", "json").document
        assert table["counts"]["never_run"] == len(TABLE) - 1
        assert table["counts"]["not_applicable"] == 1
        assert not project.store.exists()

    def test_output_goes_to_a_file(self, project, tmp_path):
        project.run()
        project.call("table", "--format", "json", "--output", str(tmp_path / "deep" / "table.json"))
        assert json.loads((tmp_path / "deep" / "table.json").read_text())["schema"] == 1

    def test_what_the_locale_cannot_show_is_no_error(self, project, tmp_path):
        script = tmp_path / "mine.py"
        script.write_text('"""\u2705"""\nprint("\u2705")\n', encoding="utf-8")
        project.run(str(script), "--environments", "demo1.0")
        c_locale = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
        project.variables |= c_locale
        asked = ("table", str(script), "--environments", "demo1.0", "--format", "markdown")
        assert "| `mine` | \u2705 |" in project.call(*asked).stdout
        project.variables["PYTHONIOENCODING"] = "ascii"
        assert "| `mine` | \\u2705 |" in project.call(*asked).stdout
        assert "\\u2705" in project.call("show", "mine@demo1.0").stdout

    @pytest.mark.parametrize("output", ["", ".", "/"])
    def test_output_that_is_a_folder_is_refused(self, project, output):
        assert "is a folder" in project.call("table", "--output", output, status=2).stderr

    @pytest.mark.parametrize("format", ["csv", "json"])
    def test_rows_are_not_left_out_of_what_has_every_cell(self, project, format):
        assert "has every cell" in project.call("table", "--differing", "--format", format, status=2).stderr

    def test_nothing_is_published_over_by_what_was_never_run(self, project):
        published = project.root / "results" / "table.md"
        published.parent.mkdir()
        published.write_text("as it was")
        project.run("--environments", "demo1.0")
        refused = project.call("--project", str(project.root), "report", "--tier", "small", status=1).stderr
        assert "6 of 9 cells were never run here" in refused
        assert f"`harness --project {project.root} run --tier small` runs them" in refused
        assert published.read_text() == "as it was"
        project.call("report", "--environments", "demo1.0")
        assert published.read_text() != "as it was"

    def test_table_can_be_read_while_a_run_is_at_work(self, project, gate):
        project.run("--scenarios", "build,newer")
        with project.start("run", "--scenarios", "gated", "--environments", "demo1.0") as process:
            wait_until(project.processes, process=process)
            table = project.call("table", "--format", "json").document
            gate.touch()
            process.communicate(timeout=60)
        assert table["counts"]["passed"] == sum(outcome == "passed" for outcome, _ in TABLE.values())

    def test_frame_for_own_questions(self, project, monkeypatch):
        project.run()
        for name, value in project.environ().items():
            monkeypatch.setenv(name, value)
        import harness

        frame = harness.load_results(project.root)
        assert dict(zip(frame["cell"], frame["outcome"], strict=True)) == {
            cell: outcome for cell, (outcome, _) in TABLE.items()
        }


class TestScriptsFromOutside:
    def test_script_without_a_header_runs_as_it_is(self, project, tmp_path):
        script = tmp_path / "my report.py"
        script.write_text("import demo\nassert f'demo {demo.VERSION}' != 'demo 2.0', 'broken'\n", encoding="utf-8")
        done = project.run(str(script))
        assert done.table == {
            "my_report@demo1.0": ("passed", None),
            "my_report@demo1.1": ("passed", None),
            "my_report@demo2.0": ("failed", None),
        }
        assert done.cell("my_report@demo2.0")["error"] == "AssertionError: broken"
        assert "broken" in project.call("show", "my_report@demo2.0").stdout
        assert "Nothing to run" in project.run(str(script)).stderr

    def test_script_is_planned_and_its_table_drawn_without_running_it(self, project, tmp_path):
        script = tmp_path / "mine.py"
        script.write_text("import demo\nprint(demo.VERSION)\n", encoding="utf-8")
        planned = project.call("plan", str(script), "--environments", "demo1.*", "--json").document["cells"]
        assert {cell["cell"]: cell["state"] for cell in planned} == {"mine@demo1.0": "due", "mine@demo1.1": "due"}
        assert count(project) == 0, "the ids that it printed are remembered, and nothing else"
        project.run(str(script), "--environments", "demo1.0")
        table = project.call("table", str(script), "--environments", "demo1.*", "--format", "markdown").stdout
        assert "| `mine` | ✅ | ? |" in table

    def test_script_with_a_header_has_its_parameters(self, project, tmp_path):
        script = tmp_path / "mine.py"
        script.write_text(BUILD, encoding="utf-8")
        done = project.run(str(script), "--environments", "demo1.*")
        assert done.table == {
            cell.replace("build[", "mine["): outcome
            for cell, outcome in TABLE.items()
            if cell.startswith("build") and "@demo1" in cell
        }

    def test_folder_of_two_steps(self, project, tmp_path):
        folder = tmp_path / "across"
        folder.mkdir()
        (folder / "write.py").write_text("open('x', 'w').close()\n", encoding="utf-8")
        (folder / "read.py").write_text("open('x').close()\n", encoding="utf-8")
        done = project.run(str(folder), "--writers", "demo1.0", "--readers", "demo2.0")
        assert done.table == {"across@demo1.0 -> demo2.0": ("passed", None)}

    def test_cells_of_two_steps_can_be_shown_and_replayed(self, project, tmp_path):
        folder = tmp_path / "my steps"
        folder.mkdir()
        (folder / "write.py").write_text("open('x', 'w').close()\n", encoding="utf-8")
        (folder / "read.py").write_text("open('x').close()\nprint('read')\n", encoding="utf-8")
        project.run(str(folder), "--writers", "demo1.0", "--readers", "demo2.0")
        shown = project.call("show", "my_steps@demo1.0 -> demo2.0", "--json").document
        assert (shown["outcome"], shown["stdout"], shown["current"]) == ("passed", "read\n", True)
        assert "The same as on" in project.call("replay", "my_steps@demo1.0 -> demo2.0").stdout

    def test_copy_of_a_scenario_is_that_scenario(self, project, tmp_path):
        script = tmp_path / "build.py"
        script.write_text(BUILD, encoding="utf-8")
        assert "build[shape=list]@demo1.0" in project.run(str(script), "--environments", "demo1.0").table

    def test_script_that_is_named_twice_is_run_once(self, project, tmp_path):
        script = tmp_path / "mine.py"
        script.write_text("import demo\nprint(demo.VERSION)\n", encoding="utf-8")
        done = project.run(str(script), str(tmp_path / "." / "mine.py"), "--environments", "demo1.0")
        assert done.attempts == {"mine@demo1.0": 1}

    def test_what_was_never_run_under_a_name_is_told_how_it_is(self, project):
        assert (
            "A script from outside is run by its path: harness run PATH"
            in project.call("show", "report@demo1.0", status=2).stderr
        )

    def test_wrong_header_is_named_with_the_file(self, project, tmp_path):
        script = tmp_path / "mine.py"
        script.write_text(BUILD.replace("timeout", "timout"), encoding="utf-8")
        assert "mine.py: tool.harness.timout: unknown key" in project.call("run", str(script), status=2).stderr


class TestStopping:
    def test_ctrl_c_keeps_what_has_finished_and_says_how_to_go_on(self, project, gate):
        arguments = ["run", "--scenarios", "gated,build", "--json", "--jobs", "4"]
        with project.start(*arguments) as process:
            wait_until(lambda: project.store.exists() and count_or_none(project) == 6, process=process)
            process.send_signal(signal.SIGINT)
            stdout, stderr = process.communicate(timeout=60)
        assert process.returncode == 130
        assert stdout == ""
        assert "Traceback" not in stderr
        assert "harness run --scenarios gated,build --json --jobs 4" in stderr
        assert project.left_over() == []
        gate.touch()
        done = project.run("--scenarios", "gated,build")
        assert done.attempts == dict.fromkeys(done.table, 1)
        assert {cell: outcome for cell, outcome in done.table.items() if cell in TABLE} == {
            cell: outcome for cell, outcome in TABLE.items() if cell.startswith("build")
        }

    def test_second_ctrl_c_ends_at_once_and_the_next_run_clears_up(self, project, gate):
        with project.start("run", "--scenarios", "gated") as process:
            wait_until(project.processes, process=process)
            process.send_signal(signal.SIGINT)
            assert "Press Ctrl-C again" in "".join(iter(process.stderr.readline, STOPPING)) + STOPPING
            process.send_signal(signal.SIGINT)
            _, stderr = process.communicate(timeout=60)
        assert process.returncode == 130
        assert "Traceback" not in stderr
        gate.touch()
        assert {outcome for outcome, _ in project.run("--scenarios", "gated").table.values()} == {"passed"}
        assert project.left_over() == []

    def test_stop_while_environments_are_made_leaves_none_half_made(self, project):
        with project.start("run") as process:
            wait_until(lambda: list((project.cache / "environments").glob(".building-*")), process=process)
            process.send_signal(signal.SIGTERM)
            _, stderr = process.communicate(timeout=60)
        assert process.returncode == 130
        assert "Traceback" not in stderr
        assert project.left_over() == []
        assert project.run().table == TABLE

    def test_second_run_at_the_same_time_is_refused_and_harms_nothing(self, project, gate):
        with project.start("run", "--json") as process:
            wait_until(project.processes, process=process)
            refused = project.call("run", status=1)
            gate.touch()
            stdout, stderr = process.communicate(timeout=60)
        assert "another run uses this environment" in refused.stderr
        assert process.returncode == 0, stderr
        cells = {cell["cell"]: cell["attempts"] for cell in json.loads(stdout)["cells"]}
        assert set(cells.values()) == {1}

    def test_runs_of_different_environments_go_on_side_by_side(self, project, gate):
        with project.start("run", "--environments", "demo1.0", "--json") as process:
            wait_until(project.processes, process=process)
            other = project.run("--environments", "demo1.1", "--scenarios", "build")
            gate.touch()
            stdout, _ = process.communicate(timeout=60)
        assert other.table["build[shape=list]@demo1.1"] == ("failed", "build")
        assert {cell["outcome"] for cell in json.loads(stdout)["cells"]} == {"passed", "not applicable"}

    def test_reader_of_our_output_that_goes_away_is_no_error(self, project):
        project.run()
        with project.start("table", "--format", "html") as process:
            process.stdout.close()
            stderr = process.stderr.read()
            process.wait(60)
        assert stderr == ""
        assert process.returncode == 0


def count_or_none(project):
    store = Store(project.store)
    try:
        return store.count()
    except Exception:
        return None  # it is being made at this moment
    finally:
        store.close()
