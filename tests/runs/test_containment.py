"""Containment as whoever runs a stranger's script meets it: what is said, what is left, what is refused."""

import os
import signal

import pytest

from harness.containment.sandbox import Means, find_sandbox
from tests.runs.conftest import wait_until

HANGS = "# %% load\nimport demo, time\ntime.sleep(600)\n"
FORGES = """\
# %% load
import demo
text = "\\x1b[2J\\x1b]0;owned\\x07\\x1b[1A\\r\\u202epassed\\n   outcome  passed\\n--- traceback\\nall is well"
print(text)
raise type("Fine\\n   outcome  passed", (Exception,), {})(text)
"""


@pytest.fixture(autouse=True)
def sandbox():
    found = find_sandbox(os.environ)
    if not found.contains:
        pytest.skip(f"nothing can be contained here: {found.why_not}")
    return found


@pytest.fixture
def script(tmp_path):
    path = tmp_path / "script.py"
    path.write_text("import demo\n", encoding="utf-8")
    return str(path)


def test_what_was_in_force_is_shown(project, script, sandbox):
    project.run(script, "--environments", "demo1.0", "--sandbox", "required")
    assert f"sandbox {sandbox.alone}" in project.call("show", "script@demo1.0").stdout
    project.run(script, "--environments", "demo1.0", "--sandbox", "off", "--fresh")
    assert "sandbox none" in project.call("show", "script@demo1.0").stdout


def test_without_bubblewrap_the_kernels_own_means_are_taken(project, script):
    if not find_sandbox(os.environ, only=Means.NAMESPACES).contains:
        pytest.skip("users can make no namespaces here")
    project.variables["PATH"] = "/nowhere"
    project.run(script, "--environments", "demo1.0", "--sandbox", "required")
    assert "sandbox namespaces" in project.call("show", "script@demo1.0").stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=["stopped", "killed"])
def test_nothing_contained_outlives_the_run(project, script, number):
    project.scenario("load/hangs.py", HANGS)
    with project.start("run", "--scenarios", "hangs", "--sandbox", "required") as process:
        wait_until(project.processes, process=process)
        process.send_signal(number)
        process.communicate(timeout=60)
    wait_until(lambda: not project.processes())
    project.run(script, "--environments", "demo1.0")
    assert project.left_over() == []


def test_text_of_a_script_is_data_wherever_it_is_shown(project):
    project.scenario("load/forges.py", FORGES)
    selection = ["--scenarios", "forges", "--environments", "demo1.0"]
    ran = project.call("run", *selection)
    shown = project.call("show", "forges@demo1.0").stdout
    replayed = project.call("replay", "forges@demo1.0", status=None)
    texts = [ran.stdout, ran.stderr, shown, replayed.stdout, replayed.stderr]
    texts += [
        project.call("table", *selection, "--format", each).stdout for each in ("markdown", "csv", "html", "terminal")
    ]
    for text in texts:
        assert not {"\x1b", "\x07", "\r", "\u202e"} & set(text)
    assert [line for line in shown.splitlines() if line.startswith("   outcome")] == ["   outcome  failed"]
    assert [line for line in shown.splitlines() if line.startswith("---")] == ["--- traceback", "--- stdout"]
