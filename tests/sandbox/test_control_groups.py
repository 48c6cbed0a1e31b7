"""What the kernel enforces in control groups, with real processes in real groups."""

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from harness.cgroups.groups import RunGroup, here
from harness.cgroups.layout import Events, Mechanism, Over, task_limit
from harness.process.child import run_limited
from harness.process.limits import Limits
from harness.sandbox.backends import NO_SANDBOX

PROJECT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow
HOLDS = """
import os, time
hidden = os.memfd_create("hidden")
for number in range({mib}):
    os.write(hidden, bytes(1 << 20))
os.write(1, b"has it")
"""


@pytest.fixture
def run():
    base, why_not = here()
    if base is None:
        pytest.skip(f"no control group can be created here: {why_not}")
    with closing(RunGroup.create(base, total_mib=400)) as run:
        yield run
    assert not run.memory.exists()
    assert not run.pids.exists()


def ended(run, code, tmp_path, *, memory_mib=128, processes=8):
    """Run a script in a group of its own; polling sees nothing of what these scripts do."""
    limits = Limits(timeout_s=60, memory_mib=memory_mib, processes=processes)
    with replace(NO_SANDBOX, groups=run).group(limits) as group:
        assert group is not None
        return run_limited([sys.executable, "-I", "-S", "-c", code], env={}, cwd=tmp_path, limits=limits, group=group)


def test_memory_that_no_process_maps_counts(run, tmp_path):
    over = ended(run, HOLDS.format(mib=300), tmp_path)
    assert (over.over_memory, over.machine_out_of_memory, over.stdout) == (True, False, b"")
    within = ended(run, HOLDS.format(mib=20), tmp_path)
    assert (within.status, within.over_memory, within.stdout) == (0, False, b"has it")


def test_out_of_memory_in_a_child_is_out_of_memory_whatever_the_script_makes_of_it(run, tmp_path):
    code = "import os\nif os.fork() == 0:\n    kept = bytearray(os.urandom(1 << 20)) * 300\n    os._exit(0)\nos.wait()"
    assert ended(run, code, tmp_path).over_memory


def test_who_is_killed_at_the_limit_of_the_run_has_not_exceeded_its_own(run, tmp_path):
    over = ended(run, HOLDS.format(mib=600), tmp_path, memory_mib=1024)
    assert (over.over_memory, over.machine_out_of_memory) == (False, True)


def test_who_fails_without_a_group_while_another_group_is_killed_has_failed(run, tmp_path):
    fifo = tmp_path / "end"
    os.mkfifo(fifo)
    code = f"import sys\nopen({str(fifo)!r}).read()\nsys.exit(3)"
    limits = Limits(timeout_s=60, memory_mib=128, processes=8)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(
            run_limited, [sys.executable, "-I", "-S", "-c", code], env={}, cwd=tmp_path, limits=limits
        )
        with fifo.open("w"):
            assert ended(run, HOLDS.format(mib=300), tmp_path).over_memory
        failed = waiting.result()
    assert (failed.status, failed.machine_out_of_memory) == (3, False)


def test_processes_are_refused_by_the_kernel_and_the_attempt_ends(run, tmp_path):
    code = "import os, time\nwhile True:\n    try:\n        os.fork()\n    except OSError:\n        time.sleep(60)"
    over = ended(run, code, tmp_path, memory_mib=384, processes=2)
    assert over.over_processes
    assert run.peak_tasks() <= task_limit(2, os.cpu_count()) + 16


def test_what_has_left_its_process_group_ends_with_its_control_group(run, tmp_path):
    fifo = tmp_path / "alive"
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    code = f"import os, time\nif os.fork() == 0:\n    os.setsid()\n    open({str(fifo)!r}, 'w')\n    time.sleep(600)"
    with closing(run.attempt(memory_mib=64, processes=4)) as group:
        ended = run_limited(
            group.join_command(["/usr/bin/env", "-i", sys.executable, "-I", "-S", "-c", code]),
            env={}, cwd=tmp_path, limits=Limits(timeout_s=60),
        )  # fmt: skip
        assert ended.status == 0
    assert os.read(reader, 1) == b"", "somebody still holds the pipe"
    os.close(reader)


def test_room_of_the_run_shrinks_by_what_attempts_hold(run):
    assert run.available_mib() <= 400
    assert run.in_use_mib() < 50


def test_groups_of_a_run_that_was_killed_are_removed_by_the_next(run):
    left = run.memory.with_name("harness-1-1-0")
    (left / "attempt-0").mkdir(parents=True)
    base, _ = here()
    with closing(RunGroup.create(base, total_mib=64)):
        assert not left.exists()


def test_counts_of_an_untouched_group_are_zero(run):
    with closing(run.attempt(memory_mib=64, processes=4)) as group:
        assert group.events() == Events()
        assert group.over() is None
        assert group.mechanism in (Mechanism.CGROUP_V1, Mechanism.CGROUP_V2)


def test_over_has_the_words_that_a_watch_uses():
    assert {each.value for each in Over} == {"memory", "processes", "machine memory"}


@pytest.mark.parametrize("works", [True, False])
def test_the_harness_restarts_in_a_scope_only_if_that_works(tmp_path, works):
    """A stand-in for systemd-run: this shows what is called, not that systemd delegates a group."""
    fake = tmp_path / "systemd-run"
    status = "" if works else "exit 1\n"
    fake.write_text(f'#!/bin/sh\n{status}while [ "$1" != -- ]; do shift; done; shift; exec "$@"\n')
    fake.chmod(0o755)
    (tmp_path / "systemd").mkdir()
    (tmp_path / "systemd" / "private").touch()
    code = (
        "import os\nfrom harness.process import systemd_scope as scope\n"
        "scope.here = lambda: (None, 'none here')\nos.geteuid = lambda: 1000\n"
        "scope.enter_scope(dict(os.environ))\nprint(os.environ.get('HARNESS_SCOPE'), os.getpid())\n"
    )
    env = {"PATH": f"{tmp_path}:{os.defpath}", "XDG_RUNTIME_DIR": str(tmp_path), "PYTHONPATH": str(PROJECT)}
    ended = run_limited([sys.executable, "-c", code], env=env, cwd=tmp_path, limits=Limits(timeout_s=60))
    assert ended.status == 0, ended.stderr
    assert ended.stdout.split()[0] == (b"1" if works else b"None")
