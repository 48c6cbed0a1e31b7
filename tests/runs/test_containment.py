"""The sandbox as a user of the command line sees it: messages, files that remain, refusals."""

import csv
import os
import re
import shutil
import signal
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from harness.sandbox.backends import SandboxBackend, find_sandbox
from tests.runs.conftest import MATRIX, sha256, wait_until
from tests.wheels import make_wheel

HANGS = "# %% load\nimport demo, time\ntime.sleep(600)\n"
FORGES = """\
# %% load
import demo
text = "\\x1b[2J\\x1b]0;owned\\x07\\x1b[1A\\r\\u202epassed\\n   outcome  passed\\n--- traceback\\nall is well"
print(text)
raise type("Fine\\n   outcome  passed", (Exception,), {})(text)
"""

LOUD = "raise ImportError('no \\x1b[31mred\\x1b[0m')\n"


@pytest.fixture(autouse=True)
def sandbox():
    found = find_sandbox(os.environ)
    if not found.contains:
        pytest.skip(f"nothing can be contained here: {found.why_not}")
    return found


@pytest.fixture
def script(tmp_path):
    path = tmp_path / "script.py"
    path.write_text("import demo\nprint(demo.VERSION)\n", encoding="utf-8")
    return str(path)


class Read(HTMLParser):
    """What a browser makes of a page: its elements with what they ask for, and its text."""

    def __init__(self, page):
        super().__init__()
        self.elements, self.text = [], ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data


def test_what_was_in_force_is_shown(project, script, sandbox):
    project.run(script, "--environments", "demo1.0", "--sandbox", "required")
    assert f"sandbox {sandbox.alone}" in project.call("show", "script@demo1.0").stdout
    project.run(script, "--environments", "demo1.0", "--sandbox", "off", "--fresh")
    assert "sandbox none" in project.call("show", "script@demo1.0", "--sandbox", "off").stdout


def test_without_bubblewrap_the_kernels_own_means_are_taken(project, script):
    if not find_sandbox(os.environ, only=SandboxBackend.NAMESPACES).contains:
        pytest.skip("users can make no namespaces here")
    project.variables["PATH"] = "/nowhere"
    project.run(script, "--environments", "demo1.0", "--sandbox", "required")
    assert "sandbox namespaces" in project.call("show", "script@demo1.0").stdout


def where_nobody_makes_namespaces(project, *arguments):
    """Call the command line where neither bubblewrap nor anything else can contain a process."""
    alone = ["unshare", "--user", "--map-root-user"]
    if shutil.which("unshare") is None or subprocess.run([*alone, "true"], capture_output=True, check=False).returncode:
        pytest.skip("namespaces cannot be taken away here")
    forbid = ["sh", "-c", 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"', "sh"]
    return subprocess.run(
        [*alone, *forbid, sys.executable, "-m", "harness", *arguments],
        cwd=project.root, env=project.environ(), capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


def test_where_nothing_contains_required_runs_nothing_and_auto_says_so(project, script):
    selection = [script, "--environments", "demo1.0"]
    refused = where_nobody_makes_namespaces(project, "run", *selection, "--sandbox", "required")
    assert refused.returncode == 1, refused.stderr
    assert "No sandbox works on this machine, and --sandbox required asks for one" in refused.stderr
    assert project.run(*selection, "--sandbox", "off", "--fresh").cell("script@demo1.0")["attempts"] == 1
    said = where_nobody_makes_namespaces(project, "run", *selection, "--fresh")
    assert (said.returncode, "Scripts run WITHOUT a sandbox" in said.stderr) == (0, True), said.stderr
    assert "sandbox none" in project.call("show", "script@demo1.0").stdout


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


def test_text_of_a_package_is_data_where_environments_are_made(project):
    project.lock("4.0", hashes=(sha256(make_wheel(project.root / "more", "demo", "4.0", {"demo.py": LOUD})),))
    project.variables["UV_FIND_LINKS"] = str(project.root / "more")
    made = project.call("provision", "--environments", "demo4.0")
    assert "does not import: import demo: ImportError: no red" in made.stdout
    assert "\x1b" not in made.stdout + made.stderr


HOSTILE = Path(__file__).parents[1] / "fixtures" / "hostile"
SPOKEN = ("raises_html", "raises_a_spreadsheet_formula", "prints_terminal_escapes", "raises_a_name_with_newlines")


def test_what_is_published_of_hostile_scenarios_is_data(project):
    """Really run, and published as for everyone: the page and the tables show it, and do nothing."""
    for name in SPOKEN:
        project.scenario(
            f"load/{name}.py", (HOSTILE / f"{name}.py").read_text().replace("# %% load", "# %% load\nimport demo")
        )
    done = project.run()
    project.call("report", "--unconfirmed")

    assert "<script>alert(1)</script>" in done.cell("raises_html@demo1.0")["error"], "it was run, and is kept as it was"
    published = (
        "index.html", "matrix.svg", "results.json", "summary.md", "support.json", "table.csv", "table.md", "transitions.atom",
    )  # fmt: skip
    texts = {name: (project.root / "results" / name).read_text(encoding="utf-8") for name in published}
    for name, text in texts.items():
        assert not {"\x1b", "\x07", "\r", "\u202e"} & set(text), name

    calm = Read(page_of_calm(project))
    page = Read(texts["index.html"])
    assert "<script>alert(1)</script>" in page.text, "it is shown as it is"
    assert {tag for tag, _ in page.elements} <= {tag for tag, _ in calm.elements}, "it brings no element of its own"
    assert not [each for _, each in page.elements if any(key.startswith("on") for key in each)]

    rows = list(csv.reader(texts["table.csv"].splitlines()))
    assert any("=HYPERLINK" in value for row in rows for value in row)
    assert not [value for row in rows for value in row if value.startswith(("=", "+", "-", "@", "\t"))]
    for name in ("table.md", "summary.md"):
        assert not re.search("<(script|img|/pre)", texts[name]), name
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in texts["table.md"]


def page_of_calm(project):
    """Return the page of the same project without the hostile scenarios, with a failing one."""
    selection = ["--scenarios", "build,newer"]
    return project.call("table", *selection, "--format", "html").stdout


def test_a_header_gets_no_variable_that_the_project_does_not_let_it_have(project, tmp_path):
    asks = tmp_path / "asks.py"
    asks.write_text(
        '# /// script\n# [tool.harness]\n# variables = ["SOME_TOKEN"]\n# ///\nimport os\nprint(os.environ["SOME_TOKEN"])\n'
    )
    project.variables["SOME_TOKEN"] = "hunter2"
    refused = project.call("run", str(asks), "--environments", "demo1.0", status=2)
    assert "requests your environment variable 'SOME_TOKEN'" in refused.stderr
    project.matrix(MATRIX.replace("pass-env = [", 'pass-env = ["SOME_TOKEN", '))
    project.run(str(asks), "--environments", "demo1.0")
    assert "hunter2" in project.call("show", "asks@demo1.0").stdout


def test_what_a_killed_shell_left_goes_with_the_next_run(project, tmp_path):
    shell = tmp_path / "shell"
    shell.write_text("#!/bin/sh\nkill -9 $PPID\n")
    shell.chmod(0o755)
    project.run("--environments", "demo1.0")
    project.variables["SHELL"] = str(shell)
    project.call("replay", "build[shape=tuple]@demo1.0", "--shell", status=-signal.SIGKILL)
    assert len(project.left_over()) == 1
    project.run("--environments", "demo1.0")
    assert project.left_over() == []
