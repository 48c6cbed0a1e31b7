"""Scripts from outside are known by their content: no command shows the evidence of another script with the same name."""

import re
import sqlite3
import unicodedata

import pytest

from tests.runs.conftest import BUILD
from tests.runs.test_command_line import WROTE_AND_READ
from tests.runs.test_runs import count

ONE = "import demo\nprint('one')\nassert f'demo {demo.VERSION}' != 'demo 1.0', 'one fails'\n"
TWO = "import demo\nprint('two')\n"
CANDIDATE = r"harness show '(repro~[0-9a-f]{8}@demo1\.0)'$"
HERE = ("--environments", "demo1.0")
ID = re.compile(r"[^\s'\"`|]+@demo[0-9.]+(?: -> demo[0-9.]+)?(?: \+ \w+==[0-9.]+)?")


@pytest.fixture
def script(tmp_path):
    def write(name, text):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write


@pytest.fixture
def both(project, script):
    """Two scripts with one name, run one after the other."""
    paths = [script("i1/repro.py", ONE), script("i2/repro.py", TWO)]
    for path in paths:
        project.run(path, *HERE)
    return paths


class TestOneNameForTwoScripts:
    def test_label_alone_lists_the_candidates_with_commands_that_work(self, project, both):
        refused = project.call("show", "repro@demo1.0", status=2).stderr
        assert "Several scripts are 'repro'" in refused
        for path, first in zip(both, ("import demo", "import demo"), strict=True):
            assert f"{path}, 20" in refused
            assert first in refused
        commands = re.findall(CANDIDATE, refused, re.MULTILINE)
        shown = {project.call("show", each, "--json").document["stdout"] for each in commands}
        assert shown == {"one\n", "two\n"}

    def test_path_shows_and_replays_the_script_that_is_there(self, project, both):
        for path, said, outcome in zip(both, ("one\n", "two\n"), ("failed", "passed"), strict=True):
            document = project.call("show", f"{path}@demo1.0", "--json").document
            assert (document["stdout"], document["outcome"], document["current"]) == (said, outcome, True)
            replayed = project.call("replay", f"{path}@demo1.0").stdout
            assert f"  {said}" in replayed
            assert "The same as on" in replayed

    def test_replay_takes_the_recorded_text_when_the_file_is_another_now(self, project, script):
        path = script("i1/repro.py", ONE)
        project.run(path, *HERE)
        script("i1/repro.py", "raise SystemExit('edited')\n")
        replayed = project.call("replay", "repro@demo1.0").stdout
        assert "The same as on" in replayed
        assert "  one" in replayed

    def test_both_run_in_one_command(self, project, script):
        done = project.run(script("i1/repro.py", ONE), script("i2/repro.py", TWO), *HERE)
        assert sorted(outcome for outcome, _ in done.table.values()) == ["failed", "passed"]
        assert all(re.fullmatch(r"repro~[0-9a-f]{8}@demo1\.0", id) for id in done.table)
        for id, (outcome, _) in done.table.items():
            assert project.call("show", id, "--json").document["outcome"] == outcome

    def test_one_content_under_one_name_is_run_once(self, project, script):
        done = project.run(script("i1/repro.py", TWO), script("i2/repro.py", TWO), *HERE)
        assert done.table == {"repro@demo1.0": ("passed", None)}
        assert count(project) == 1

    def test_ids_say_which_one_as_soon_as_there_are_two(self, project, script):
        first = script("i1/repro.py", ONE)
        assert list(project.run(first, *HERE).table) == ["repro@demo1.0"]
        project.run(script("i2/repro.py", TWO), *HERE)
        (id,) = project.run(first, *HERE).table
        assert re.fullmatch(r"repro~[0-9a-f]{8}@demo1\.0", id)
        table = project.call("table", "--cells", id, "--format", "json")
        assert table.table == {id: ("failed", None)}

    def test_wrong_digest_lists_those_that_there_are(self, project, both):
        refused = project.call("show", "repro~00000000@demo1.0", status=2).stderr
        assert "No script 'repro' with the digest '00000000'" in refused
        assert len(re.findall(CANDIDATE, refused, re.MULTILINE)) == 2


class TestNames:
    def test_script_that_was_run_under_another_name_is_found(self, project, script):
        project.run(script("first.py", ONE), *HERE)
        again = project.run(script("second.py", ONE), *HERE)
        assert "Nothing to run" in again.stderr
        assert again.table == {"second@demo1.0": ("failed", None)}
        assert project.call("show", "second@demo1.0", "--json").document["error"] == "AssertionError: one fails"
        assert "The same as on" in project.call("replay", "second@demo1.0").stdout
        assert project.call("show", "first@demo1.0", "--json").document["cell"] == "first@demo1.0"

    @pytest.mark.parametrize("name", ["größe", "報告", "रिपोर्ट"])
    def test_names_in_all_alphabets_stay_readable(self, project, script, name):
        path = script(f"{unicodedata.normalize('NFD', name)}.py", ONE)
        assert list(project.run(path, *HERE).table) == [f"{name}@demo1.0"]
        assert project.call("show", f"{name}@demo1.0", "--json").document["stdout"] == "one\n"
        assert project.call("show", f"{unicodedata.normalize('NFD', name)}@demo1.0").status == 0

    def test_names_that_cannot_be_told_apart_in_ids_are_told_apart_by_digests(self, project, script):
        done = project.run(script("a b.py", ONE), script("a_b.py", TWO), *HERE)
        assert sorted(outcome for outcome, _ in done.table.values()) == ["failed", "passed"]

    def test_script_that_is_named_like_a_scenario_simply_runs(self, project, script):
        project.run("--scenarios", "build", *HERE)
        (id,) = project.run(script("build.py", ONE), *HERE).table
        assert re.fullmatch(r"build~[0-9a-f]{8}@demo1\.0", id)
        assert project.call("show", id, "--json").document["stdout"] == "one\n"
        assert project.call("show", "build[shape=list]@demo1.0", "--json").document["outcome"] == "passed"
        table = project.call("table", "--scenarios", "build", *HERE, "--format", "json").document
        assert {cell["scenario"] for cell in table["cells"]} == {"build"}

    def test_labels_of_a_scenario_are_not_those_of_a_script_with_its_name(self, project, script):
        known = '# [[tool.harness.label]]\n# error = "one fails"\n# label = "bug"\n# note = "of the scenario"\n'
        project.scenario("build/build.py", BUILD.replace("# ///\n", f"#\n{known}# ///\n"))
        (cell,) = project.run(script("build.py", ONE), *HERE).document["cells"]
        assert cell["label"] is None
        assert project.call("show", cell["cell"], "--json").document["label"] is None


class TestPaths:
    def test_path_with_parameters_and_with_two_steps(self, project, script, tmp_path):
        path = script("deep/mine.py", BUILD)
        project.run(path, "--environments", "demo1.1")
        assert project.call("show", f"{path}[shape=list]@demo1.1", "--json").document["outcome"] == "failed"
        for name, text in WROTE_AND_READ.items():
            script(f"steps/{name}", text)
        steps = str(tmp_path / "steps")
        project.run(steps, "--writers", "demo1.0", "--readers", "demo2.0")
        shown = project.call("show", f"{steps}@demo1.0 -> demo2.0", "--json").document
        assert (shown["outcome"], shown["stdout"]) == ("passed", "read\n")

    def test_two_steps_are_known_by_both_files(self, project, script, tmp_path):
        for folder, said in (("a", "read\n"), ("b", "again\n")):
            for name, text in WROTE_AND_READ.items():
                script(f"{folder}/steps/{name}", text.replace("'read'", repr(said.strip())))
            project.run(str(tmp_path / folder / "steps"), "--writers", "demo1.0", "--readers", "demo2.0")
        for folder, said in (("a", "read\n"), ("b", "again\n")):
            id = f"{tmp_path / folder / 'steps'}@demo1.0 -> demo2.0"
            assert project.call("show", id, "--json").document["stdout"] == said
            assert "The same as on" in project.call("replay", id).stdout

    def test_cells_may_be_named_by_path(self, project, script):
        path = script("deep/mine.py", ONE)
        assert project.run("--cells", f"{path}@demo1.0").table == {"mine@demo1.0": ("failed", None)}

    @pytest.mark.parametrize(
        ("named", "said"),
        [
            pytest.param("nowhere/repro.py@demo1.0", "there is no file 'nowhere/repro.py'", id="path"),
            pytest.param("nobody@demo1.0", "there is no scenario 'nobody', and no script of that name was run", id="label"),
            pytest.param("nobody~0123abcd@demo1.0", "there is no scenario 'nobody~0123abcd'", id="label and digest"),
            pytest.param("build[shape=list]", "Write scenario[name=value]@environment", id="no environment"),
        ],
    )  # fmt: skip
    def test_what_is_not_there_is_named(self, project, named, said):
        for command in ("show", "replay"):
            assert said in project.call(command, named, status=2).stderr


class TestEveryIdThatIsPrintedIsAccepted:
    def printed(self, *texts):
        return {id for text in texts for id in ID.findall(text)}

    def test_by_every_command(self, project, both, script, tmp_path):
        for name, text in WROTE_AND_READ.items():
            script(f"steps/{name}", text)
        steps = (str(tmp_path / "steps"), "--writers", "demo1.0", "--readers", "demo1.1")
        outputs = [
            *(project.call(command, *both, *HERE, "--json").stdout for command in ("run", "plan")),
            *(project.call("table", *both, *HERE, "--format", each).stdout for each in ("json", "csv", "markdown")),
            project.call("run", *both, *HERE).stdout,
            project.call("run", *steps, "--json").stdout,
            project.call("plan", script("never.py", "import demo\nprint('never')\n"), *HERE, "--json").stdout,
            project.call("show", f"{both[0]}@demo1.0").stdout,
            project.call("replay", f"{both[1]}@demo1.0").stdout,
            project.call("show", "repro@demo1.0", status=2).stderr,
        ]
        ids = self.printed(*outputs)
        assert {"never@demo1.0", "steps@demo1.0 -> demo1.1"} <= ids
        assert sum(id.startswith("repro~") for id in ids) == 2
        for id in sorted(ids - {"repro@demo1.0"}):
            done = project.call("show", id, status=None)
            assert done.status == 0 or "never run" in done.stderr, (id, done.stderr)
            assert project.call("table", "--cells", id, "--format", "json").status == 0
            assert project.run("--cells", id).status == 0
            assert project.call("replay", id).status == 0


def test_store_of_an_earlier_version_keeps_scripts_apart(project, both):
    connection = sqlite3.connect(project.store)
    connection.execute("DROP INDEX attempts_by_identity")
    for column in ("identity", "external"):
        connection.execute(f"ALTER TABLE attempts DROP COLUMN {column}")
    connection.execute("DROP TABLE scripts")
    connection.execute("DELETE FROM migrations WHERE name = 'm009_identities'")
    connection.commit()
    connection.close()
    refused = project.call("show", "repro@demo1.0", status=2).stderr
    assert "path not recorded" in refused
    commands = re.findall(CANDIDATE, refused, re.MULTILINE)
    assert {project.call("show", each, "--json").document["stdout"] for each in commands} == {"one\n", "two\n"}
