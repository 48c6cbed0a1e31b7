"""Zygotes and fork servers: files of one import do not reach the next, a dead one costs nothing, their number is limited."""

import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from harness.execute.fork_choice import fork_server_kind
from harness.execute.forkserver.channel import ForkServerLost
from harness.execute.forkserver.server import CAN_FORK, Zygote
from harness.guest.shared_folder import contents_of, restore
from harness.model import Outcome, Preparation
from tests.making import make_python

pytestmark = pytest.mark.skipif(not CAN_FORK, reason="fork servers need Linux")

NOTES = (
    "import os\nplace = os.path.expanduser('~/.settings')\nfound = os.path.exists(place)\nopen(place, 'w').close()\n"
)

CYCLE = """\
import gc, weakref
class Kept:
    pass
one = Kept()
one.itself = one
cycle = weakref.ref(one)
del one
many = [[] for _ in range(100_000)]
"""


ACTS = "print()\n"
"""One statement: a script that only imports is not applicable."""


def importing(bench, *modules, rest="", **preparation):
    """Return a task whose script begins with the imports of these modules."""
    task = bench.task("asserts", source="".join(f"import {each}\n" for each in modules) + rest)
    preload = ("heavy", "one", "two")
    return replace(task, environment=replace(task.environment, preload=preload, **preparation))


def test_an_import_does_not_find_what_another_parents_import_has_left(bench):
    make_python(bench.folder / "environment", one=NOTES, two=NOTES)
    tasks = [importing(bench, "heavy", each, rest=f"print({each}.found)\n") for each in ("one", "two", "one")]
    attempts = [bench.run(task) for task in tasks]
    assert [(each.isolation, each.evidence.stdout) for each in attempts] == [("fork", "False\n")] * 3


def test_what_was_left_is_put_back_and_what_is_new_goes(tmp_path):
    outside = tmp_path / "outside"
    outside.write_text("outside")
    folder = tmp_path / "own"
    for name in ("kept", "changed", "removed", "linked", "in/folder"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("before")
    (folder / "link").symlink_to("kept")
    (folder / "empty").mkdir()
    before = contents_of(str(folder))
    (folder / "changed").write_text("after")
    (folder / "removed").unlink()
    (folder / "linked").unlink()
    (folder / "linked").symlink_to(outside)
    shutil.rmtree(folder / "in")
    (folder / "in").write_text("no folder any more")
    (folder / "link").unlink()
    (folder / "empty").rmdir()
    (folder / "new" / "deep").mkdir(parents=True)
    (folder / "new" / "deep" / "file").write_text("new")
    (folder / "other").symlink_to("kept", target_is_directory=True)
    restore(str(folder), before)
    assert contents_of(str(folder)) == before
    assert outside.read_text() == "outside"


def test_one_that_leaves_too_much_to_put_back_is_done_without(bench):
    source = "import os\nwith open(os.path.expanduser('~/large'), 'wb') as stream:\n    stream.truncate(1 << 40)\n"
    make_python(bench.folder / "environment", heavy=source)
    for _ in range(2):
        attempt = bench.run(importing(bench, "heavy"))
        assert attempt.isolation == "process"
    with (
        pytest.raises(ForkServerLost, match="leaves more than 64 MiB"),
        bench.fork_servers.lend(fork_server_kind(importing(bench, "heavy"), bench.python)),
    ):
        pass


def test_what_an_attempt_has_started_is_left_to_it_while_others_end(bench):
    make_python(bench.folder / "environment", one="")
    waits = (
        "import os, time\npid = os.fork()\nif pid == 0:\n    os.setsid()\n    time.sleep(3)\n    os._exit(0)\n"
        "assert os.waitpid(pid, 0)[1] == 0\n"
    )
    with ThreadPoolExecutor(1) as pool:
        longer = pool.submit(bench.run, importing(bench, "heavy", rest=waits))
        while not longer.done():
            assert bench.run(importing(bench, "heavy", "one", rest=ACTS)).outcome is Outcome.PASSED
    assert (longer.result().outcome, longer.result().isolation) == (Outcome.PASSED, "fork")


def test_one_that_was_killed_while_it_imported_is_made_again(bench):
    slow = "import time\ntime.sleep(1)\n"
    make_python(bench.folder / "environment", heavy=slow)
    task = importing(bench, "heavy", rest=ACTS)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(bench.run, task)
        while not (processes := bench.parent_processes()):
            time.sleep(0.01)
        processes[0].kill()
        assert (first.result().outcome, first.result().isolation) == (Outcome.PASSED, "process")
    assert bench.run(task).isolation == "fork"


def test_one_that_says_it_cannot_is_not_made_again(bench, monkeypatch):
    make_python(bench.folder / "environment", heavy="raise ValueError")
    made = []
    original = Zygote.__init__
    monkeypatch.setattr(Zygote, "__init__", lambda self, *given: (made.append(1), original(self, *given))[1])
    for _ in range(3):
        assert bench.run(importing(bench, "heavy")).isolation == "process"
    assert len(made) == 1


def test_few_scripts_do_without_what_a_zygote_was_prepared_with(bench):
    make_python(bench.folder / "environment", one="")
    script = bench.folder / "prepares.py"
    script.write_text("import heavy\nheavy.made = True\n")
    prepare = (Preparation(module="heavy", script=script),)
    rest = "print(hasattr(heavy, 'made'))\n"
    many, few = (importing(bench, *names, rest=rest, prepare=prepare) for names in (["heavy"], ["heavy", "one"]))
    assert bench.fork_servers.prepare(fork_server_kind(many, bench.python), for_many=True) is None
    assert [bench.run(task).evidence.stdout for task in (many, few)] == ["True\n", "False\n"]


def test_what_a_script_has_spoiled_is_done_without(bench):
    make_python(bench.folder / "environment", one="import heavy\nassert not hasattr(heavy, 'made')\n")
    script = bench.folder / "prepares.py"
    script.write_text("import heavy\nheavy.made = True\n")
    prepare = (Preparation(module="heavy", script=script),)
    task = importing(bench, "heavy", "one", rest=ACTS, prepare=prepare)
    assert "AssertionError" in bench.fork_servers.prepare(fork_server_kind(task, bench.python), for_many=True)
    assert (bench.run(task).outcome, bench.run(task).isolation) == (Outcome.PASSED, "fork")


def test_zygotes_without_fork_servers_do_not_pile_up(bench):
    make_python(bench.folder / "environment", one="raise ValueError")
    for setting in "abcd":
        source = f"import os\nos.environ['SETTING'] = '{setting}'\nimport heavy, one\n"
        task = bench.task("asserts", source=source)
        task = replace(task, environment=replace(task.environment, preload=("heavy", "one")))
        with pytest.raises(ForkServerLost), bench.fork_servers.lend(fork_server_kind(task, bench.python)):
            pass
    deadline = time.monotonic() + 5
    while len(bench.parent_processes()) > 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert len(bench.parent_processes()) == 2


def test_no_descriptors_are_left_where_parents_are_lost(bench):
    source = "import heavy, time\nif b'--serve' in open('/proc/self/cmdline', 'rb').read():\n    time.sleep(60)\n"
    task = bench.task("asserts", source=source)

    def lose_one():
        with ThreadPoolExecutor(1) as pool:
            running = pool.submit(bench.run, task)
            while len(processes := bench.parent_processes()) < 3 and not running.done():
                time.sleep(0.01)
            processes[1].kill()
            assert running.result().outcome is Outcome.PASSED

    lose_one()
    before = len([*Path("/proc/self/fd").iterdir()]), threading.active_count()
    for _ in range(3):
        lose_one()
    time.sleep(0.5)  # threads that have been told to end
    after = len([*Path("/proc/self/fd").iterdir()]), threading.active_count()
    assert all(now <= then for now, then in zip(after, before, strict=True)), (before, after)


@pytest.mark.parametrize(
    ("heavy", "told"),
    [
        pytest.param("", "gc.get_threshold(), gc.isenabled()", id="collector"),
        pytest.param("import gc\na, b, c = gc.get_threshold()\ngc.set_threshold(a * 50, b, c)\n",
                     "gc.get_threshold()", id="scaled"),
        pytest.param("import gc\ngc.set_threshold(0)\n", "gc.get_threshold()", id="none"),
        pytest.param("import gc\ngc.disable()\n", "gc.isenabled()", id="disabled"),
        pytest.param("", "gc.callbacks", id="callbacks"),
        pytest.param(CYCLE, "sys.modules['heavy'].cycle()", id="garbage"),
        pytest.param("", "sorted(sys.modules)", id="modules"),
        pytest.param("import signal\nsignal.signal(signal.SIGCHLD, print)\n",
                     "signal.getsignal(signal.SIGCHLD)", id="handler"),
        pytest.param("", "[str(signal.getsignal(each)) for each in range(1, 32)]", id="handlers"),
    ],
)  # fmt: skip
def test_the_interpreter_is_as_in_a_process_of_its_own(bench, heavy, told):
    make_python(bench.folder / "environment", heavy=heavy)
    task = importing(bench, "heavy", rest=f"import gc, signal, sys\nprint({told})\n")
    forked, alone = bench.run(task), bench.run(task, forked=False)
    assert (forked.isolation, alone.isolation) == ("fork", "process")
    assert forked.evidence.stdout == alone.evidence.stdout


def test_what_a_zygote_has_imported_is_not_looked_at_again_and_again(bench):
    make_python(bench.folder / "environment", heavy=CYCLE + "unseen = gc.get_freeze_count()\n")
    task = importing(bench, "heavy", rest="import sys\nprint(sys.modules['heavy'].unseen > 50_000)\n")
    forked, alone = bench.run(task), bench.run(task, forked=False)
    assert (forked.isolation, forked.evidence.stdout) == ("fork", "True\n")
    assert (alone.isolation, alone.evidence.stdout) == ("process", "False\n")
