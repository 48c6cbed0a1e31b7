"""Forks of a fork server: they give the same results as fresh processes, without the cost of imports."""

import contextlib
import ctypes
import mmap
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from harness.execute.executor import ForkImports
from harness.execute.fork_choice import fork_server_kind
from harness.execute.forkserver.channel import ForkServerLost
from harness.execute.forkserver.server import CAN_FORK
from harness.model import Outcome, Overlay, Preparation
from harness.process.child import TOKEN_VARIABLE
from tests.making import OUTCOMES, make_python

pytestmark = pytest.mark.skipif(not CAN_FORK, reason="fork servers need Linux")


def shown(attempt):
    return attempt.outcome, attempt.stage, attempt.signature, attempt.reason


# Its `from __future__` must be the first statement, and no import may stand before it.
FORKABLE = sorted({path.stem for path in OUTCOMES.glob("*.py")} - {"passes", "is_no_python"})


@pytest.mark.slow
@pytest.mark.parametrize("name", FORKABLE)
def test_fork_gives_the_same_result_as_a_process(bench, name):
    limits = {"timeout_s": 5, "memory_mib": 300} if "hang" in name or "memory" in name else {}
    task = bench.task(name, **limits)
    assert fork_server_kind(task, bench.python) is not None
    assert shown(bench.run(task)) == shown(bench.run(task, forked=False))


def test_imports_are_done_once(bench):
    task = bench.task("asserts", source="import heavy\nprint(heavy.imported)\n")
    attempts = [bench.run(task) for _ in range(5)]
    assert {(attempt.isolation, attempt.sandbox) for attempt in attempts} == {("fork", str(bench.sandbox.fork_servers))}
    assert len({attempt.evidence.stdout for attempt in attempts}) == 1


def test_first_import_is_shared_by_all_fork_servers(bench):
    make_python(bench.folder / "environment", more="import heavy\nheavy.more = True\n")
    few, many = (
        bench.task("asserts", source=f"{line}\nprint(heavy.imported, hasattr(heavy, 'more'))\n")
        for line in ("import heavy", "import heavy, more")
    )
    few, many = (
        replace(task, environment=replace(task.environment, preload=("heavy", "more"))) for task in (few, many)
    )
    told = [bench.run(task).evidence.stdout.split() for task in (many, few, many)]
    assert [more for _, more in told] == ["True", "False", "True"]
    assert len({imported for imported, _ in told}) == 1


def test_zygote_ends_with_its_last_user(bench):
    make_python(bench.folder / "environment", more="")
    tasks = [bench.task("asserts", source=f"{line}\nprint(1)\n") for line in ("import heavy", "import heavy, more")]
    tasks = [replace(task, environment=replace(task.environment, preload=("heavy", "more"))) for task in tasks]
    imports = ForkImports(bench.fork_servers, note=print)
    assert len({imports.kind_of(task, bench.python).zygote for task in tasks}) == 1
    for task, left in zip(tasks, (1, 0), strict=True):
        imports.prepare(task, bench.python, tasks=1)
        assert len(bench.parent_processes()) == 2
        imports.release(task, bench.python)
        deadline = time.monotonic() + 5
        while len(bench.parent_processes()) > left and time.monotonic() < deadline:
            time.sleep(0.01)  # what has been told to end may take a moment
        assert len(bench.parent_processes()) == left


def test_garbage_collector_has_default_settings(bench):
    task = bench.task("asserts", source="import heavy, gc\nprint(gc.get_threshold(), gc.isenabled())\n")
    forked, alone = bench.run(task), bench.run(task, forked=False)
    assert (forked.isolation, alone.isolation) == ("fork", "process")
    assert forked.evidence.stdout == alone.evidence.stdout


def test_module_may_change_thresholds_of_the_garbage_collector(bench):
    make_python(bench.folder / "environment", heavy="import gc\ngc.set_threshold(7, 8, 9)\n")
    task = bench.task("asserts", source="import heavy, gc\nprint(gc.get_threshold())\n")
    assert (bench.run(task).evidence.stdout, bench.run(task).isolation) == ("(7, 8, 9)\n", "fork")


def has_huge_pages():
    """Whether the system gathers pages into huge ones when asked to."""
    with mmap.mmap(-1, 8 << 20, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as memory:
        memory.write(b"x" * (8 << 20))
        first = ctypes.c_char.from_buffer(memory)
        aligned = -(-ctypes.addressof(first) // (2 << 20)) * (2 << 20)
        del first
        return ctypes.CDLL(None).madvise(ctypes.c_void_p(aligned), ctypes.c_size_t(2 << 20), 25) == 0


def test_fork_server_of_many_attempts_uses_huge_pages(bench):
    if not has_huge_pages():
        pytest.skip("this system has none on demand")
    make_python(bench.folder / "environment", heavy="kept = [str(number) for number in range(300_000)]\n")
    task = bench.task("asserts", source="import heavy\nassert heavy.kept[-1] == '299999'\n")
    assert bench.fork_servers.prepare(fork_server_kind(task, bench.python), for_many=True) is None
    _, parent = bench.parent_processes()
    smaps = Path(f"/proc/{parent.pid}/smaps").read_text().splitlines()
    assert any(int(line.split()[1]) for line in smaps if line.startswith("AnonHugePages:"))
    assert (bench.run(task).outcome, bench.run(task).isolation) == (Outcome.PASSED, "fork")


@pytest.mark.parametrize(
    ("name", "limits", "outcome"),
    [
        ("segfaults", {}, Outcome.CRASHED),
        ("exits_zero_silently", {}, Outcome.ERROR),
        ("eats_memory", {"memory_mib": 200}, Outcome.OUT_OF_MEMORY),
    ],
)
def test_abnormal_end_is_repeated_in_a_process(bench, name, limits, outcome):
    attempt = bench.run(bench.task(name, **limits))
    assert (attempt.isolation, attempt.outcome) == ("process", outcome)


def test_only_objects_of_the_script_are_destroyed_at_exit(bench):
    heavy = "class Loud:\n    def __init__(self, name):\n        self.name = name\n"
    heavy += "    def __del__(self):\n        print('gone:', self.name, flush=True)\nmade_by_import = Loud('import')\n"
    make_python(bench.folder / "environment", heavy=heavy)
    source = "import atexit, heavy\natexit.register(print, 'at exit', flush=True)\n"
    source += "mine = heavy.Loud('script')\nheavy.other = heavy.Loud('left in a module')\n"
    attempt = bench.run(bench.task("asserts", source=source))
    said = attempt.evidence.stdout.splitlines()
    assert (attempt.isolation, sorted(said[1:])) == ("fork", ["gone: left in a module", "gone: script"])
    assert said[0] == "at exit"


def test_exit_handlers_can_use_imports(bench):
    heavy = "import atexit, sys\natexit.register(lambda: print('heavy' in sys.modules, flush=True))\n"
    make_python(bench.folder / "environment", heavy=heavy)
    source = "import atexit, heavy\natexit.register(lambda: print(__import__('heavy') is heavy, flush=True))\n"
    task = bench.task("asserts", source=source)
    forked, alone = bench.run(task), bench.run(task, forked=False)
    assert (forked.isolation, alone.isolation) == ("fork", "process")
    assert forked.evidence.stdout == alone.evidence.stdout == "True\nTrue\n"


# `sys` is emptied after all others, so what hangs on it sees which of these were.
LOOKS_LAST = """
import heavy, os, sys

class Looks:
    def __del__(self, heavy=heavy, notify=os.write):
        notify(1, b"emptied" if heavy.__dict__.get("imported") is None else b"left")

sys.looks = Looks()
"""


@pytest.mark.skipif(sys.version_info > (3, 13), reason="Python numbers the states of no dictionary any more")
@pytest.mark.parametrize(("change", "told"), [("", "left"), ("heavy.mine = 1\n", "emptied")])
def test_changed_modules_are_cleared_at_exit(bench, change, told):
    attempt = bench.run(bench.task("asserts", source=LOOKS_LAST + change))
    assert (attempt.isolation, attempt.evidence.stdout) == ("fork", told)
    alone = bench.run(bench.task("asserts", source=LOOKS_LAST + change), forked=False)
    assert alone.evidence.stdout == "emptied"


def test_lazy_modules_are_not_loaded_at_exit(bench):
    lazy = bench.folder / "environment" / "lazy_one.py"
    heavy = "import importlib.util, sys\n"
    heavy += f"spec = importlib.util.spec_from_file_location('lazy_one', {str(lazy)!r})\n"
    heavy += "spec.loader = importlib.util.LazyLoader(spec.loader)\nmodule = importlib.util.module_from_spec(spec)\n"
    heavy += "sys.modules['lazy_one'] = module\nspec.loader.exec_module(module)\nloaded = []\n"
    lazy.write_text("import heavy\nheavy.loaded.append(1)\nvalue = 7\n")
    make_python(bench.folder / "environment", heavy=heavy)
    source = "import heavy\nprint(heavy.loaded)\nimport lazy_one\nprint(lazy_one.value, heavy.loaded)\n"
    attempt = bench.run(bench.task("asserts", source=source))
    assert (attempt.isolation, attempt.evidence.stdout) == ("fork", "[]\n7 [1]\n")


def test_state_of_one_attempt_does_not_reach_the_next(bench):
    source = "import heavy\nassert not hasattr(heavy, 'mark')\nheavy.mark = 1\nopen('left', 'x').close()\n"
    task = bench.task("asserts", source=source)
    assert [bench.run(task).outcome for _ in range(3)] == [Outcome.PASSED] * 3


def test_variables_that_a_script_sets_first_reach_the_import(bench):
    source = "import os\nos.environ['SETTING'] = 'on'\nimport heavy\nassert heavy.value == 'on', heavy.value\n"
    attempt = bench.run(bench.task("asserts", source=source))
    assert (attempt.outcome, attempt.isolation) == (Outcome.PASSED, "fork")


def test_scheduling_policy_and_priority_are_equal(bench):
    source = "import heavy, os\nprint(os.sched_getscheduler(0), os.getpriority(os.PRIO_PROCESS, 0))\n"
    task = bench.task("asserts", source=source)
    forked, alone = bench.run(task), bench.run(task, forked=False)
    assert (forked.isolation, alone.isolation) == ("fork", "process")
    assert forked.evidence.stdout == alone.evidence.stdout
    assert forked.evidence.stdout.split()[1] == str(os.getpriority(os.PRIO_PROCESS, 0))


def test_random_state_and_folders_are_separate(bench):
    source = "import heavy, os, random, tempfile\nprint(random.random())\n"
    task = bench.task("asserts", source=source)
    assert bench.run(task).evidence.stdout != bench.run(task).evidence.stdout
    source = "import heavy, os, tempfile\nprint(tempfile.gettempdir(), os.environ['HOME'], os.getcwd())\n"
    task = bench.task("asserts", source=source)
    assert bench.run(task).evidence.stdout.split() == [
        "<attempt>/private/tmp",
        "<attempt>/private/home",
        "<attempt>/work",
    ]


@pytest.mark.parametrize("dies", ["root", "parent"])
def test_death_of_a_fork_server_loses_no_result(bench, dies):
    first = bench.task("asserts", source="import heavy\nprint(1)\n")
    assert bench.run(first).isolation == "fork"
    root, parent = bench.parent_processes()
    victim = root if dies == "root" else parent
    victim.kill()
    psutil.wait_procs([victim], timeout=5)
    again = bench.run(first)
    assert (again.outcome, again.isolation) == (Outcome.PASSED, "process")
    assert bench.run(first).isolation == "fork", "a new parent takes its place"


def test_attempts_end_with_their_fork_server(bench):
    source = "import heavy, time\nif b'--serve' in open('/proc/self/cmdline', 'rb').read():\n    time.sleep(60)\n"
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(bench.run, bench.task("asserts", source=source))
        deadline = time.monotonic() + 30
        while len(processes := bench.parent_processes()) < 3:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        root, parent, *attempt = processes
        parent.kill()
        attempt_of_its_own = running.result()
    assert (attempt_of_its_own.outcome, attempt_of_its_own.isolation) == (Outcome.PASSED, "process")
    assert psutil.wait_procs(attempt, timeout=5)[1] == []
    assert root.is_running()


def test_attempt_that_kills_its_fork_server_is_repeated_alone(bench):
    source = (
        "import heavy, os, signal\nif b'--serve' in open('/proc/%d/cmdline' % os.getppid(), 'rb').read():\n"
        "    os.kill(os.getppid(), signal.SIGKILL)\n"
    )
    attempt = bench.run(bench.task("asserts", source=source))
    # In a sandbox it reaches but the process that stands over it, which nothing in there can end.
    assert (attempt.outcome, attempt.isolation) == (Outcome.PASSED, "fork" if bench.contained else "process")


THREADED = "import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()\n"


@pytest.mark.parametrize("heavy", ["", THREADED], ids=["alone", "with_a_thread"])
@pytest.mark.parametrize("too_many", [False, True])
def test_init_processes_do_not_count_for_the_limits(bench, heavy, too_many):
    """Of a process that has threads the first one of namespaces is not forked at once, so that one more waits."""
    make_python(bench.folder / "environment", heavy="", more=heavy)
    source = (
        f"import heavy, more, os, time\nfor _ in range({3 if too_many else 2}):\n    if os.fork() == 0:\n"
        "        time.sleep(2)\n        os._exit(0)\ntime.sleep(2)\n"
    )
    task = bench.task("asserts", source=source)
    script = replace(task.script, header=replace(task.script.header, processes=3))
    task = replace(task, script=script, environment=replace(task.environment, preload=("heavy", "more")))
    standing = 0 if not bench.contained else 2 if heavy else 1
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(bench.run, task)
        most = 0
        while not running.done():
            with contextlib.suppress(ValueError, psutil.Error):
                _, parent = bench.parent_processes()[:2]
                most = max(most, len(parent.children(recursive=True)))
            time.sleep(0.05)
        attempt = running.result()
    if too_many:
        assert (attempt.outcome, attempt.error.partition(":")[0]) == (Outcome.FAILED, "TooManyProcesses")
    else:
        assert (attempt.outcome, attempt.isolation, most) == (Outcome.PASSED, "fork", 3 + standing)


def test_failed_import_is_repeated_by_the_script(bench):
    make_python(bench.folder / "environment", heavy="raise ValueError('not today')")
    attempt = bench.run(bench.task("asserts"))
    assert (attempt.outcome, attempt.error, attempt.isolation) == (
        Outcome.FAILED,
        "ValueError: not today",
        "process",
    )


class TestScriptsThatPrepareAParent:
    """They make once what each fork would make anew, and are trusted with nothing else."""

    MADE = "import heavy\nprint(hasattr(heavy, 'made'))\n"

    def prepared(self, bench, source, **options):
        """Have the parent of a task prepared by a script; give the task, and what went wrong."""
        script = bench.folder / "prepares.py"
        script.write_text(source)
        task = bench.task("asserts", source=self.MADE)
        task = replace(
            task, environment=replace(task.environment, prepare=(Preparation(module="heavy", script=script),))
        )
        kind = fork_server_kind(task, bench.python)
        return task, bench.fork_servers.prepare(kind, **{"for_many": True, **options})

    def test_forks_inherit_prepared_state(self, bench):
        task, failed = self.prepared(bench, "import heavy\nheavy.made = True\n")
        attempt = bench.run(task)
        assert (failed, attempt.isolation, attempt.evidence.stdout) == (None, "fork", "True\n")

    def test_prepare_scripts_run_in_zygote_and_fork_servers(self, bench):
        times = "import heavy\nheavy.times = getattr(heavy, 'times', 0) + 1\n"
        _, failed = self.prepared(bench, times)
        task = bench.task("asserts", source="import heavy\nprint(heavy.times)\n")
        task = replace(
            task,
            environment=replace(
                task.environment, prepare=(Preparation(module="heavy", script=bench.folder / "prepares.py"),)
            ),
        )
        assert (failed, bench.run(task).evidence.stdout) == (None, "2\n")

    def test_prepare_scripts_see_all_objects(self, bench):
        task, failed = self.prepared(
            bench, "import gc, heavy\nheavy.made = True\nassert any(each is heavy for each in gc.get_objects())\n"
        )
        assert (failed, bench.run(task).evidence.stdout) == (None, "True\n")

    def test_prepare_scripts_depend_on_variables(self, bench):
        (bench.folder / "prepares.py").write_text("import heavy\nheavy.made = True\n")
        preparation = Preparation(module="heavy", script=bench.folder / "prepares.py", where=(("SETTING", "on"),))
        for setting, made in (("on", "True\n"), ("off", "False\n")):
            source = f"import os\nos.environ['SETTING'] = {setting!r}\n{self.MADE}"
            task = bench.task("asserts", source=source)
            task = replace(task, environment=replace(task.environment, prepare=(preparation,)))
            assert bench.fork_servers.prepare(fork_server_kind(task, bench.python), for_many=True) is None
            assert bench.run(task).evidence.stdout == made

    def test_fresh_process_runs_no_prepare_script(self, bench):
        task, _ = self.prepared(bench, "import heavy\nheavy.made = True\n")
        assert bench.run(task, forked=False).evidence.stdout == "False\n"

    def test_few_attempts_run_without_prepare_scripts(self, bench):
        task, failed = self.prepared(bench, "import heavy\nheavy.made = True\n", for_many=False)
        assert (failed, bench.run(task).evidence.stdout) == (None, "False\n")

    @pytest.mark.parametrize(
        ("source", "reason"),
        [
            pytest.param(
                "import heavy, threading\nheavy.made = True\n"
                "threading.Thread(target=threading.Event().wait, daemon=True).start()\n",
                "prepares.py leaves threads running, which no fork has",
                id="threads",
            ),
            pytest.param("1 / 0\n", "prepares.py: ZeroDivisionError: division by zero", id="failure"),
        ],
    )
    def test_failed_prepare_script_is_reported_and_skipped(self, bench, source, reason):
        task, failed = self.prepared(bench, source)
        attempt = bench.run(task)
        assert (failed, attempt.isolation, attempt.evidence.stdout) == (f"RuntimeError: {reason}", "fork", "False\n")

    def test_prepare_script_needs_the_import_of_its_module(self, bench):
        task, _ = self.prepared(bench, "", for_many=False)
        environment = replace(
            task.environment, prepare=(Preparation(module="absent", script=bench.folder / "prepares.py"),)
        )
        (bench.folder / "prepares.py").write_text("1 / 0\n")
        kind = fork_server_kind(replace(task, environment=environment), bench.python)
        assert bench.fork_servers.prepare(kind, for_many=True) is None


def token_of(process):
    """Separate the processes of this test's parent from those of others that run at the same time."""
    with contextlib.suppress(psutil.Error, OSError):
        return process.environ().get(TOKEN_VARIABLE) if process.status() != psutil.STATUS_ZOMBIE else None
    return None


def test_children_outside_the_process_group_are_killed(bench):
    source = (
        "import heavy, os, time\nif os.fork() == 0:\n    os.setsid()\n    os.closerange(0, 3)\n    time.sleep(60)\n"
        "    os._exit(0)\n"
    )
    assert bench.run(bench.task("asserts", source=source)).outcome is Outcome.PASSED
    _, parent = bench.parent_processes()
    around = {parent.pid, *(each.pid for each in parent.parents())}
    orphans = [
        process
        for process in psutil.process_iter()
        if process.pid not in around and token_of(process) == token_of(parent)
    ]
    assert orphans == []


def test_fork_server_does_not_import_the_overlaid_package(bench):
    """A framework that imports the package as it is imported itself, and one that is imported before that."""
    heavy = "import os\nimported = os.urandom(8).hex()\ntry:\n    import lib\nexcept ImportError:\n    lib = None\n"
    make_python(bench.folder / "environment", heavy=heavy, lib="where = 'installed'\n")
    source = "import heavy, lib\nprint(heavy.imported, getattr(heavy, 'lib'), lib.where)\n"
    told = []
    for tree in ("one", "other", "one"):
        (bench.folder / "trees" / tree / "lib").mkdir(parents=True, exist_ok=True)
        (bench.folder / "trees" / tree / "lib" / "__init__.py").write_text(f"where = '{tree}'\n")
        task = bench.task("asserts", source=source)
        environment = replace(task.environment, preload=("heavy", "lib"), imports=("heavy", "lib"))
        overlay = Overlay(package="lib", folder=bench.folder / "trees" / tree, digest=tree)
        attempt = bench.run(replace(task, environment=environment, overlay=overlay))
        assert (attempt.outcome, attempt.isolation) == (Outcome.PASSED, "fork"), attempt.error
        told.append(attempt.evidence.stdout.split())
    assert [words[1:] for words in told] == [["None", "one"], ["None", "other"], ["None", "one"]]
    assert len({imported for imported, *_ in told}) == 1


FRAMEWORK = """\
import importlib.util, os, sys as state
imported = os.urandom(8).hex()
# As TensorFlow does it.
__path__ = [os.path.join(os.path.dirname(importlib.util.find_spec("lib").origin), "_heavy"), *__path__]
try:
    import heavy.nothing
except ImportError:
    pass
try:
    importlib.import_module("lib.parts")
except (ImportError, AttributeError):
    pass
"""


def framework_with_overlays(bench, *trees, parts="where = __file__\n"):
    """Make a framework that records where `lib` is, and overlays of `lib`."""
    site = make_python(bench.folder / "environment", lib="").parent.parent
    (site,) = site.glob("lib/python*/site-packages")
    for root, part in [(site, parts), *((bench.folder / "trees" / tree, parts) for tree in trees)]:
        for name in ("lib", "lib/_heavy", "lib/_heavy/lib"):
            (root / name).mkdir(parents=True, exist_ok=True)
        (root / "lib" / "__init__.py").write_text(f"where = {root.name!r}\n")
        (root / "lib" / "parts.py").write_text(part)
        (root / "lib" / "_heavy" / "lib" / "__init__.py").write_text("from lib import parts, where\nplace = __file__\n")
    (site / "lib.py").unlink(missing_ok=True)
    (site / "heavy.py").unlink(missing_ok=True)
    (site / "heavy").mkdir()
    (site / "heavy" / "__init__.py").write_text(FRAMEWORK)


def overlaid(bench, tree, source):
    task = bench.task("asserts", source=source)
    environment = replace(task.environment, preload=("heavy", "lib"), imports=("heavy",))
    overlay = Overlay(package="lib", folder=bench.folder / "trees" / tree, digest=tree)
    return replace(task, environment=environment, overlay=overlay)


def test_part_of_a_framework_is_imported_from_the_overlay(bench):
    """`import tensorflow.keras` uses the location that TensorFlow recorded while it was imported."""
    framework_with_overlays(bench, "one", "other")
    source = "import heavy\nimport heavy.lib\nprint(heavy.lib.where, heavy.lib.parts.where, heavy.__path__)\n"
    source += (
        "print('harness_holds_back' in heavy.state.modules, heavy.state.meta_path, *dict.fromkeys(heavy.state.path))\n"
    )
    for tree in ("one", "other", "one"):
        task = overlaid(bench, tree, source)
        forked, alone = bench.run(task), bench.run(task, forked=False)
        assert forked.outcome is Outcome.PASSED, forked.evidence.traceback
        assert forked.isolation == ("fork" if bench.contained else "process")
        assert forked.evidence.stdout == alone.evidence.stdout
        assert forked.evidence.stdout.startswith(tree)


def test_failing_import_of_an_overlaid_package_is_repeated_in_a_process(bench, caplog):
    """There, the framework has tried it first: what that left can make the second try fail in another way."""
    first = "import sys\nif 'lib.tried' not in sys.modules:\n    sys.modules['lib.tried'] = sys\n"
    first += "    raise ImportError('first')\nraise ValueError('second')\n"
    framework_with_overlays(bench, "one", parts=first)
    task = overlaid(bench, "one", "import heavy\nimport heavy.lib\n")
    with caplog.at_level("INFO"):
        forked, alone = bench.run(task), bench.run(task, forked=False)
    assert (forked.isolation, forked.outcome, forked.error) == ("process", Outcome.FAILED, "ValueError: second")
    assert alone.error == forked.error
    reason = "its fork failed" if bench.contained else "it may import lib as a part of another package"
    assert f"process of its own: {reason}" in caplog.text


def test_fork_servers_above_the_limit_are_ended(bench):
    for setting in "abcd":
        source = f"import os\nos.environ['SETTING'] = '{setting}'\nimport heavy\n"
        assert bench.run(bench.task("asserts", source=source)).isolation == "fork"
    assert len(bench.parent_processes()) == 4, "two, and their roots"


def test_header_can_require_a_process(bench):
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
    def __del__(self, notify=os.write):
        notify(1, self.word.encode() + b" ")

atexit.register(os.write, 1, b"exit ")
cycle = Speaks("cycle")
cycle.me = cycle
heavy.left = Speaks("in-the-module")
here = Speaks("global")
"""


def test_exit_of_a_fork_matches_exit_of_a_process(bench):
    task = bench.task("asserts", source=SPEAKS_AT_EXIT)
    forked, alone = bench.run(task), bench.run(task, forked=False)
    assert (forked.isolation, alone.isolation) == ("fork", "process")
    for attempt in (forked, alone):
        first, *rest = attempt.evidence.stdout.split()
        assert (first, sorted(rest)) == ("exit", ["cycle", "global", "in-the-module"])


def test_crash_in_the_final_garbage_collection_is_detected(bench):
    source = (
        "import heavy, os\nclass Crashes:\n    def __del__(self, abort=os.abort):\n        abort()\n"
        "cycle = Crashes()\ncycle.me = cycle\n"
    )
    attempt = bench.run(bench.task("asserts", source=source))
    assert (attempt.outcome, attempt.stage) == (Outcome.CRASHED, "exit")


def test_garbage_collector_skips_imports(bench):
    source = "import heavy, gc\nassert not any(each is heavy for each in gc.get_objects())\n"
    attempt = bench.run(bench.task("asserts", source=source))
    assert (attempt.outcome, attempt.isolation) == (Outcome.PASSED, "fork")


def test_time_and_memory_inside_the_process_are_recorded(bench):
    source = "import heavy, time\ntime.sleep(0.2)\nkept = bytearray(64 << 20)\n"
    for attempt in (bench.run(bench.task("asserts", source=source), forked=forked) for forked in (True, False)):
        assert 0.2 <= attempt.script_s <= attempt.duration_s
        assert attempt.peak_mib >= 64


def test_forged_numbers_are_ignored(bench):
    source = (
        "import heavy, json, os\nhere = os.path.dirname(os.getcwd())\nwith open(here + '/report.json', 'w') as f:\n"
        "    json.dump({'outcome': 'passed', 'duration_s': float('nan'), 'peak_mib': [1]}, f)\nos._exit(0)\n"
    )
    attempt = bench.run(bench.task("asserts", source=source))
    assert attempt.script_s == 0.0
    # On a busy machine the script lives long enough for its memory to be measured from outside; else there is no number.
    assert type(attempt.peak_mib) is int
    assert attempt.peak_mib < 1000


def test_sandbox_of_a_fork_server_has_no_variables_of_a_script(bench):
    """The system's library loads code from where some of them say, and that is not contained yet."""
    task = bench.task("passes", source="import os\nos.environ['CHOSEN'] = 'here'\nimport heavy\nassert heavy.chosen")
    kind = fork_server_kind(task, bench.python)
    assert ("CHOSEN", "here") in kind.zygote.variables
    with bench.fork_servers.lend(kind) as server:
        seen = psutil.Process(server.zygote._process.pid).environ()
    assert ("CHOSEN" in seen) is not bench.contained
    attempt = bench.run(task)
    assert (attempt.outcome, attempt.isolation) == (Outcome.PASSED, "fork"), attempt.error


def test_fork_server_that_cannot_start_is_skipped(bench):
    task = bench.task("passes", source="import heavy\nprint(1)\n")
    kind = fork_server_kind(task, bench.python)
    kind = replace(kind, zygote=replace(kind.zygote, variables=(("A", "x" * (1 << 18)),)))
    with pytest.raises(ForkServerLost), bench.fork_servers.lend(kind):
        pass
    assert bench.run(task).outcome is Outcome.PASSED


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("import heavy\nwhile True:\n    pass\n", id="busy"),
        pytest.param("import heavy, time\nwhile True:\n    time.sleep(0.1)\n", id="asleep"),
        pytest.param("import heavy, threading\nthreading.Event().wait()\n", id="waits for an event"),
        pytest.param("import heavy\nheavy.turns()\n", id="busy in a package"),
    ],
)
def test_endless_script_takes_its_limit_once(bench, source):
    make_python(bench.folder / "environment", heavy="def turns():\n    while True:\n        pass\n")
    attempt = bench.run(bench.task("asserts", source=source, timeout_s=2))
    assert (attempt.outcome, attempt.isolation) == (Outcome.TIMED_OUT, "fork")


def test_fork_that_waits_for_what_the_fork_server_holds_is_no_result(bench):
    """A process of its own shows what the script shows."""
    heavy = (
        "import os, threading\nserver = os.getpid()\nlock = threading.Lock()\nlock.acquire()\n"
        "def use():\n    if os.getppid() and lock.locked() and forked:\n        lock.acquire()\n"
        "forked = False\ndef note():\n    global forked\n    forked = True\n"
        "os.register_at_fork(after_in_child=note)\n"
    )
    make_python(bench.folder / "environment", heavy=heavy)
    attempt = bench.run(bench.task("asserts", source="import heavy\nheavy.use()\n", timeout_s=2))
    assert (attempt.outcome, attempt.isolation) == (Outcome.PASSED, "process")
