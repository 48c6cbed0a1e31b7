"""Concurrent builds of one environment, killed builds, and full disks."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from harness.environments.store import Unavailable
from harness.project.lock_file import write_lock

# Runs in another process: provide the environment of a lock, and print whether this process built it.
_BUILDER = """
import json, os, sys
from pathlib import Path
from harness.model import Environment
from harness.project.lock_file import read_lock
from harness.environments.store import EnvironmentStore
from harness.interpreters import Interpreter
from harness.locking.source_builds import SourceBuilds
from harness.uv.client import Uv
request = json.loads(sys.argv[1])
lock = read_lock(Path(request["lock"]))
environment = Environment(id="env", family="family", lock=lock, imports=("made_up",))
interpreter = Interpreter(
    executable=Path(request["python"]), version=request["version"], implementation="cpython"
)
cache, uv = Path(request["cache"]), Uv.find(os.environ)
builds = lambda: SourceBuilds.default(cache, uv)
store = EnvironmentStore(cache, uv=uv, find_builds=builds, notify=print)
print(store.provide(environment, interpreter).built)
"""


def start_builder(world, environment, tmp_path, before=()):
    lock = tmp_path / "env.txt"
    lock.write_text(write_lock(environment.lock))
    request = {
        "lock": str(lock),
        "python": str(world.interpreter.executable),
        "version": world.interpreter.version,
        "cache": str(world.cache),
    }
    command = [*before, sys.executable, "-c", _BUILDER, json.dumps(request)]
    return subprocess.Popen(
        command, env=dict(world.uv.variables), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_concurrent_processes_build_an_environment_once(world, tmp_path):
    environment = world.environment("made-up")
    world.index.delay_s = 0.5

    builders = [start_builder(world, environment, tmp_path) for _ in range(4)]
    ended = [builder.communicate(timeout=120) for builder in builders]

    assert [errors for _, errors in ended] == [""] * 4
    assert sorted(said for said, _ in ended) == ["False\n", "False\n", "False\n", "True\n"]


@pytest.mark.parametrize("after_s", [0.0, 0.2, 0.6, 1.0])
def test_killed_build_leaves_no_partial_environment(world, tmp_path, after_s):
    environment = world.environment("made-up")
    world.index.delay_s = 0.5
    builder = start_builder(world, environment, tmp_path)
    deadline = time.monotonic() + 60
    while not list(world.store.folder.glob(".building-*")) and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(after_s)
    builder.send_signal(signal.SIGKILL)
    builder.communicate(timeout=60)
    folder = world.store.folder_of(environment.lock, world.interpreter)
    assert not folder.exists() or (folder / "manifest.json").exists()

    provided = world.provide(environment)

    assert provided.import_error is None
    assert dict(provided.versions) == {"made-up": "1.0", "helper-package": "0.1"}
    assert list(world.store.folder.glob(".building-*")) == []


@pytest.fixture
def small_disk(tmp_path):
    folder = tmp_path / "small"
    folder.mkdir()
    mount = shutil.which("mount")
    command = [mount or "mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", folder]
    if mount is None or subprocess.run(command, check=False, capture_output=True).returncode != 0:
        pytest.skip("no small disk can be mounted here")
    yield folder
    subprocess.run(["umount", folder], check=True)


@pytest.mark.parametrize("what", ["environments", "uv-cache"])
def test_full_disk_is_reported_and_temporary(world, small_disk, what):
    world.index.add("large", "1.0", "2023-01-01", "".join(f"x{number} = {number}\n" for number in range(40_000)))
    environment = world.environment("large", imports=())
    there = world.uv
    roomy = world.cache
    if what == "environments":
        world.cache = small_disk / "cache"
    else:
        world.uv = replace(there, variables={**there.variables, "UV_CACHE_DIR": str(small_disk / "cache")})

    with pytest.raises(Unavailable, match=r"No space left on device|disk is full") as caught:
        world.provide(environment)

    assert not caught.value.conclusive
    assert list(world.store.folder.glob(".building-*")) == []
    world.cache, world.uv = roomy, there
    assert world.provide(environment).built


def test_folders_of_an_environment_are_read_only(world):
    provided = world.provide(world.environment("made-up"))
    module = next(provided.folder.rglob("made_up.py"))

    assert module.parent.stat().st_mode & 0o222 == 0
    if os.geteuid() != 0:
        with pytest.raises(PermissionError):
            module.with_name("new.py").write_text("")
    cached = [path for path in Path(world.uv.variables["UV_CACHE_DIR"]).rglob("made_up.py") if path.samefile(module)]
    assert all(path.stat().st_mode & 0o200 for path in cached), (
        "files are shared with uv's cache: their permissions do not change"
    )
