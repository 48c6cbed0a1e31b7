"""Results under different conditions are kept apart: without a sandbox, under another time limit, with an overlay."""

import pytest

from tests.runs.test_containment import sandbox  # noqa: F401 - these tests need one
from tests.runs.test_runs import count

HOME = """\
# %% load
import os, demo
assert "harness-canary" not in os.environ.get("PATH", "")
open(os.path.join(os.environ["HOME"], "seen"), "w").close()
assert os.getcwd().startswith("/attempt"), "it sees the machine"
"""
SLOW = """\
# %% load
import demo, time
print("waiting")
time.sleep(3)
"""
CELL = "mine@demo1.0"


@pytest.fixture
def script(tmp_path):
    def write(text):
        path = tmp_path / "mine.py"
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write


class TestSandbox:
    def test_what_shows_another_result_without_one_is_not_flaky(self, project, script):
        path = script(HOME)
        ordinary = project.run(path, "--environments", "demo1.0")
        off = project.run(path, "--environments", "demo1.0", "--sandbox", "off")
        assert (ordinary.cell(CELL)["outcome"], ordinary.cell(CELL)["condition"]) == ("passed", None)
        assert (off.cell(CELL)["outcome"], off.cell(CELL)["condition"]) == ("failed", "sandbox off")
        assert {done.cell(CELL)["flaky"] for done in (ordinary, off)} == {None}
        assert project.run(path, "--environments", "demo1.0", "--repeat", "2").cell(CELL)["flaky"] is None

    def test_table_and_show_have_the_condition_that_is_asked_for_and_name_the_other(self, project, script):
        path = script(HOME)
        asked = ("table", path, "--environments", "demo1.0")
        project.run(path, "--environments", "demo1.0", "--sandbox", "off")
        never = project.call(*asked).stdout
        assert "1 cell has a result under another condition (sandbox off)" in " ".join(never.split())
        assert "--environments demo1.0 --sandbox off" in " ".join(never.split())
        assert project.call(*asked, "--format", "json").document["counts"]["never_run"] == 1
        assert project.call(*asked, "--sandbox", "off", "--format", "json").document["counts"]["passed"] == 0
        refused = project.call("show", CELL, status=1).stderr
        assert f"{CELL}: never run under this condition" in refused
        assert f"`harness show {CELL} --sandbox off`" in refused
        shown = project.call("show", CELL, "--sandbox", "off").stdout
        assert "condition  sandbox off" in shown
        assert f"harness replay {CELL} --sandbox off" in shown
        assert project.call("show", CELL, "--sandbox", "off", "--json").document["condition"] == "sandbox off"

    def test_replay_repeats_the_condition_that_is_asked_for(self, project, script):
        path = script(HOME)
        project.run(path, "--environments", "demo1.0")
        first = project.call("replay", CELL, "--sandbox", "off")
        assert "It was never run before under these conditions" in first.stdout
        assert "The same as on" in project.call("replay", CELL, "--sandbox", "off").stdout
        assert "The same as on" in project.call("replay", CELL).stdout
        assert "another condition (sandbox off)" in " ".join(project.call("table", path).stdout.split())


class TestTimeout:
    def test_time_out_under_a_shorter_limit_is_no_result_for_the_limit_of_the_script(self, project, script):
        path = script(SLOW)
        asked = (path, "--environments", "demo1.0")
        short = project.run(*asked, "--timeout", "1").cell(CELL)
        assert (short["outcome"], short["condition"]) == ("timed out", "timeout 1 s")
        assert short["error"] == "Timeout: over 1 s"
        table = project.call("table", *asked)
        assert "another condition (timeout 1 s)" in " ".join(table.stdout.split())
        assert project.call("table", *asked, "--format", "json").document["counts"]["never_run"] == 1
        full = project.run(*asked).cell(CELL)
        assert (full["outcome"], full["condition"], full["attempts"], full["flaky"]) == ("passed", None, 1, None)
        again = project.run(*asked, "--timeout", "1").cell(CELL)
        assert (again["outcome"], again["flaky"]) == ("timed out", None), "a pass after 3 s is none within 1 s"
        assert count(project) == 2

    def test_pass_within_a_shorter_limit_is_the_result_for_all_longer_ones(self, project, script):
        asked = (script(SLOW), "--environments", "demo1.0")
        assert project.run(*asked, "--timeout", "60").cell(CELL)["condition"] is None
        assert "Nothing to run" in project.run(*asked).stderr
        assert "Nothing to run" in project.run(*asked, "--timeout", "20").stderr

    def test_replay_and_show_take_the_limit(self, project, script):
        asked = (script(SLOW), "--environments", "demo1.0")
        project.run(*asked)
        replayed = project.call("replay", CELL, "--timeout", "1").stdout
        assert "timed out" in replayed
        assert "condition  timeout 1 s" in replayed
        assert project.call("show", CELL, "--json").document["outcome"] == "passed"
        assert project.call("show", CELL, "--timeout", "1", "--json").document["outcome"] == "timed out"

    @pytest.mark.parametrize("seconds", ["0", "-1", "soon", "nan", "inf"])
    def test_what_is_no_limit_is_refused(self, project, seconds):
        assert "is not a number of seconds above 0" in project.call("run", "--timeout", seconds, status=2).stderr
