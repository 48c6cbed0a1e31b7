"""Forks of a process that has done the imports: they show what a new process shows, and cost no import."""

import contextlib
import os
import signal
import sys
import threading
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from harness.execute.artifacts import Artifacts
from harness.execute.parents import CAN_FORK, Parents
from harness.execute.run_task import parent_kind, run_task
from harness.model import Outcome
from harness.process import TOKEN_VARIABLE
from tests.making import OUTCOMES, outcome_task

pytestmark = pytest.mark.skipif(not CAN_FORK, reason="parents fork on Linux only")

HEAVY = """
import os, random, tempfile
with open(os.environ["IMPORTS"], "a") as stream:
    stream.write("imported\\n")
value = os.environ.get("SETTING", "unset")
tempfile.gettempdir()
"""


class Bench:
    """Runs scripts that begin with `import heavy`, in forks or in processes of their own."""

    def __init__(self, folder):
        self.folder = folder
        self.imports = folder / "imports"
        (folder / "modules").mkdir()
        (folder / "modules" / "heavy.py").write_text(HEAVY)
        self.stop = threading.Event()
        self.parents = Parents(folder / "runs", limit=2, stop=self.stop)
        self.variables = {"PYTHONPATH": str(folder / "modules"), "IMPORTS": str(self.imports)}

    def task(self, name, *, source=None, **options):
        task = outcome_task(name, variables=self.variables, **options)
        text = source if source is not None else "import heavy\n" + task.script.text
        marks = tuple(replace(mark, line=mark.line + 1) for mark in task.script.marks) if source is None else ()
        script = replace(task.script, text=text, marks=marks)
        return replace(task, script=script, environment=replace(task.environment, preload=("heavy",)))

    def run(self, task, *, forked=True):
        return run_task(
            task,
            python=Path(sys.executable),
            runs=self.folder / "runs",
            artifacts=Artifacts(folder=self.folder / "artifacts"),
            stop=self.stop,
            parents=self.parents if forked else None,
        )

    def imported(self):
        return len(self.imports.read_text().splitlines()) if self.imports.exists() else 0


@pytest.fixture
def bench(tmp_path):
    bench = Bench(tmp_path)
    yield bench
    bench.parents.close()
    left = [child for child in psutil.Process().children(recursive=True) if child.status() != psutil.STATUS_ZOMBIE]
    assert left == []


def shown(attempt):
    return attempt.outcome, attempt.stage, attempt.signature, attempt.reason


# Its `from __future__` must be the first statement, and no import may stand before it.
FORKABLE = sorted({path.stem for path in OUTCOMES.glob("*.py")} - {"passes", "is_no_python"})


@pytest.mark.slow
@pytest.mark.parametrize("name", FORKABLE)
def test_fork_shows_what_a_process_shows(bench, name):
    limits = {"timeout_s": 5, "memory_mib": 300} if "hang" in name or "memory" in name else {}
    task = bench.task(name, **limits)
    assert parent_kind(task, Path(sys.executable)) is not None
    assert shown(bench.run(task)) == shown(bench.run(task, forked=False))


def test_imports_are_done_once(bench):
    task = bench.task("asserts")
    attempts = [bench.run(task) for _ in range(5)]
    assert {attempt.isolation for attempt in attempts} == {"fork"}
    assert bench.imported() == 1


@pytest.mark.parametrize("name", ["segfaults", "exits_zero_silently"])
def test_what_did_not_end_by_itself_is_asked_again_in_a_process(bench, name):
    assert bench.run(bench.task(name)).isolation == "process"


def test_state_of_one_attempt_does_not_reach_the_next(bench):
    source = "import heavy\nassert not hasattr(heavy, 'mark')\nheavy.mark = 1\nopen('left', 'x').close()\n"
    task = bench.task("asserts", source=source)
    assert [bench.run(task).outcome for _ in range(3)] == [Outcome.PASSED] * 3


def test_variables_that_a_script_sets_first_reach_the_import(bench):
    source = "import os\nos.environ['SETTING'] = 'on'\nimport heavy\nassert heavy.value == 'on', heavy.value\n"
    attempt = bench.run(bench.task("asserts", source=source))
    assert (attempt.outcome, attempt.isolation) == (Outcome.PASSED, "fork")


def test_chance_and_places_are_the_forks_own(bench):
    source = "import heavy, os, random, tempfile\nprint(random.random(), tempfile.gettempdir(), os.environ['HOME'])\n"
    task = bench.task("asserts", source=source)
    assert bench.run(task).evidence.stdout != bench.run(task).evidence.stdout


def test_a_parent_that_dies_costs_no_result(bench):
    first = bench.task("asserts", source="import heavy\n")
    assert bench.run(first).isolation == "fork"
    for child in psutil.Process().children():
        if "--serve" in child.cmdline():
            os.kill(child.pid, signal.SIGKILL)
            child.wait()
    again = bench.run(first)
    assert (again.outcome, again.isolation) == (Outcome.PASSED, "process")
    assert bench.run(first).isolation == "fork", "a new parent takes its place"


def test_an_attempt_that_kills_its_parent_counts_by_itself(bench):
    source = (
        "import heavy, os, signal\nif b'--serve' in open('/proc/%d/cmdline' % os.getppid(), 'rb').read():\n"
        "    os.kill(os.getppid(), signal.SIGKILL)\n"
    )
    attempt = bench.run(bench.task("asserts", source=source))
    assert (attempt.outcome, attempt.isolation) == (Outcome.PASSED, "process")


def test_an_import_that_fails_leaves_it_to_the_script(bench):
    (bench.folder / "modules" / "heavy.py").write_text("raise ValueError('not today')")
    attempt = bench.run(bench.task("asserts"))
    assert (attempt.outcome, attempt.error, attempt.isolation) == (
        Outcome.FAILED,
        "ValueError: not today",
        "process",
    )


def token_of(process):
    """Tell the processes of this test's parent from those of others that run at the same time."""
    with contextlib.suppress(psutil.Error, OSError):
        return process.environ().get(TOKEN_VARIABLE) if process.status() != psutil.STATUS_ZOMBIE else None
    return None


def test_children_that_left_the_group_are_ended(bench):
    source = (
        "import heavy, os, time\nif os.fork() == 0:\n    os.setsid()\n    os.closerange(0, 3)\n    time.sleep(60)\n"
        "    os._exit(0)\n"
    )
    assert bench.run(bench.task("asserts", source=source)).outcome is Outcome.PASSED
    parents = [child for child in psutil.Process().children() if "--serve" in child.cmdline()]
    assert len(parents) == 1
    orphans = [
        process
        for process in psutil.process_iter()
        if process.pid != parents[0].pid and token_of(process) == token_of(parents[0])
    ]
    assert orphans == []


def test_parents_beyond_the_limit_are_ended(bench):
    for setting in "abcd":
        source = f"import os\nos.environ['SETTING'] = '{setting}'\nimport heavy\n"
        assert bench.run(bench.task("asserts", source=source)).isolation == "fork"
    assert len([child for child in psutil.Process().children() if "--serve" in child.cmdline()]) == 2


def test_a_header_may_ask_for_a_process(bench):
    task = bench.task("asserts")
    header = replace(task.script.header, own_process=True)
    assert bench.run(replace(task, script=replace(task.script, header=header))).isolation == "process"


# A cycle that only the collector can undo, globals, and an exit function. In which order Python ends objects, it leaves open.
SPEAKS_AT_EXIT = """
import heavy
import atexit, os

class Speaks:
    def __init__(self, word):
        self.word = word
    def __del__(self, say=os.write):
        say(1, self.word.encode() + b" ")

atexit.register(os.write, 1, b"exit ")
cycle = Speaks("cycle")
cycle.me = cycle
heavy.left = Speaks("in-the-module")
here = Speaks("global")
"""


def test_the_end_of_a_fork_ends_all_that_the_end_of_a_process_does(bench):
    task = bench.task("asserts", source=SPEAKS_AT_EXIT)
    forked, alone = bench.run(task), bench.run(task, forked=False)
    assert (forked.isolation, alone.isolation) == ("fork", "process")
    for attempt in (forked, alone):
        first, *rest = attempt.evidence.stdout.split()
        assert (first, sorted(rest)) == ("exit", ["cycle", "global", "in-the-module"])


def test_a_crash_of_what_only_the_collector_ends_is_seen(bench):
    source = (
        "import heavy, os\nclass Crashes:\n    def __del__(self, abort=os.abort):\n        abort()\n"
        "cycle = Crashes()\ncycle.me = cycle\n"
    )
    attempt = bench.run(bench.task("asserts", source=source))
    assert (attempt.outcome, attempt.stage) == (Outcome.CRASHED, "exit")


def test_the_collector_leaves_the_imports_alone(bench):
    source = "import heavy, gc\nassert not any(each is heavy for each in gc.get_objects())\n"
    attempt = bench.run(bench.task("asserts", source=source))
    assert (attempt.outcome, attempt.isolation) == (Outcome.PASSED, "fork")


def test_time_and_memory_inside_the_process_are_recorded(bench):
    source = "import heavy, time\ntime.sleep(0.2)\nkept = bytearray(64 << 20)\n"
    for attempt in (bench.run(bench.task("asserts", source=source), forked=forked) for forked in (True, False)):
        assert 0.2 <= attempt.script_s <= attempt.duration_s
        assert attempt.peak_mib >= 64


def test_numbers_that_a_script_forges_are_none(bench):
    source = (
        "import heavy, json, os\nhere = os.path.dirname(os.getcwd())\nwith open(here + '/report.json', 'w') as f:\n"
        "    json.dump({'outcome': 'passed', 'duration_s': float('nan'), 'peak_mib': [1]}, f)\nos._exit(0)\n"
    )
    attempt = bench.run(bench.task("asserts", source=source))
    assert (attempt.script_s, attempt.peak_mib) == (0.0, 0)
