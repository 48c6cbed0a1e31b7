"""Packages without a wheel: the recorded reason, and builds in the sandbox with only the tools of the lock."""

import datetime as dt
import os
import socket
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from harness.environments.store import Unavailable
from harness.errors import HarnessError
from harness.locking.resolution import resolve
from harness.project.lock_file import parse_lock, write_lock
from harness.sandbox.backends import NO_SANDBOX
from harness.uv.failures import FailureKind, UvFailed
from tests.sandboxes import containing, sandbox_of
from tests.wheels import make_sdist, make_wheel

# Each action must fail. The built module lists those that succeeded.
HARM = """
import glob, os, pwd, socket, sys
def attempt(what, do):
    try:
        done = do()
    except (OSError, KeyError, IndexError):
        return
    if done is not False:
        found.append(what)
attempt("read a file outside", lambda: open({secret!r}).read())
attempt("listed the folder of caches", lambda: os.listdir({cache!r}))
attempt("listed a home folder", lambda: bool(set(os.listdir({home!r})) - set(sys.base_prefix.split("/"))))
attempt("saw a token", lambda: [value for value in os.environ.values() if value == "hunter2"][0])
attempt("opened a socket to the host", lambda: socket.create_connection(("127.0.0.1", {port}), 3))
attempt("asked the network", lambda: socket.create_connection(("192.0.2.1", 80), 1))
attempt("wrote a file outside", lambda: open({outside!r}, "w"))
attempt("wrote into the source", lambda: open({outside!r} + "/../x", "w"))
attempt("wrote into the tools", lambda: open(os.path.join(sys.prefix, "harm"), "w"))
attempt("wrote into the interpreter", lambda: open(os.path.join(sys.base_prefix, "lib", "harm"), "w"))
attempt("saw other processes", lambda: len(glob.glob("/proc/[0-9]*")) > 20)
attempt("saw this test", lambda: os.kill({pid}, 0))
"""


def publish(world, name="from_source", **more):
    return world.index.publish(make_sdist(world.index.folder, name, "1.0", **more), "2020-01-01")


@containing
def test_a_hostile_source_reaches_nothing_while_it_is_locked_and_built(world, tmp_path, backend):
    secret, outside = tmp_path / "secret", tmp_path / "outside"
    secret.write_text("hunter2")
    with socket.create_server(("127.0.0.1", 0)) as server:
        harm = HARM.format(
            secret=str(secret), outside=str(outside), cache=str(world.cache), pid=os.getpid(),
            home=str(Path.home()), port=server.getsockname()[1],
        )  # fmt: skip
        publish(world, does=harm)
        world.uv = replace(world.uv, variables={**world.uv.variables, "SECRET_TOKEN": "hunter2"})
        world.use_sandbox(sandbox_of(backend))

        provided = world.provide(world.environment("made-up", "from-source", imports=("from_source",)))

        server.settimeout(0.01)
        with pytest.raises(TimeoutError):
            server.accept()
    (module,) = provided.folder.rglob("from_source.py")
    assert module.read_text() == "built = True\nfound = []\n"
    assert not outside.exists()
    assert f"from-source 1.0: building from source in the sandbox ({backend})" in world.said


def test_harmful_actions_succeed_without_a_sandbox(world, tmp_path):
    """Proof that the test above can fail."""
    (tmp_path / "secret").write_text("")
    publish(world, does=HARM.format(secret=str(tmp_path / "secret"), outside=str(tmp_path / "outside"),
                                    cache=str(tmp_path), home=str(tmp_path), port=9, pid=os.getpid()))  # fmt: skip
    world.use_sandbox(NO_SANDBOX)

    provided = world.provide(world.environment("from-source", imports=("from_source",)))

    (module,) = provided.folder.rglob("from_source.py")
    for each in ("read a file outside", "wrote a file outside", "wrote into the tools", "saw this test"):
        assert each in module.read_text()
    assert "from-source 1.0: building from source WITHOUT a sandbox: --sandbox off" in world.said


def test_nothing_is_built_without_a_required_sandbox(world):
    publish(world, does="found.append('built')")
    lock = world.lock("from-source")

    def refuse():
        raise HarnessError("Scripts cannot be contained here")

    world.find_sandbox = refuse
    world.cache = world.cache.with_name("another-cache")
    with pytest.raises(HarnessError, match="cannot be contained"):
        world.provide(world.environment(lock=lock))
    assert not list(world.cache.rglob("*.whl"))


@pytest.mark.parametrize(
    ("wheels", "why"),
    [
        ([], "no wheel of from-source 1.0 was ever published"),
        ([("cp38-cp38-win_amd64", "2020-01-01")],
         "the one wheel of from-source 1.0 that was published by 2024-01-01 is not for Python {python} on {platform}"),
        ([("cp38-cp38-win_amd64", "2020-01-01"), ("cp39-cp39-manylinux2014_x86_64", "2020-01-01")],
         "none of the 2 wheels of from-source 1.0 that were published by 2024-01-01 is for Python {python} on {platform}"),
        ([("py3-none-any", "2024-05-05")], "no wheel of from-source 1.0 was published by 2024-01-01"),
    ],
    ids=["none", "one for others", "two for others", "later"],
)  # fmt: skip
def test_lock_records_reason_and_tools_of_a_build(world, wheels, why):
    world.index.add("hammer", "1.0", "2020-01-01")
    world.index.add("hammer", "2.0", "2025-01-01")
    publish(world, tools=["hammer"])
    for tag, date in wheels:
        wheel = make_wheel(world.index.folder, "from_source", "1.0", {"from_source.py": ""}, tag=tag)
        world.index.publish(wheel, date)

    lock = world.lock("from-source")

    [build] = lock.builds
    origin = lock.origin
    assert build.why == why.format(python=origin.python, platform=origin.platform)
    assert [(tool.name, tool.version, len(tool.hashes)) for tool in build.tools] == [("hammer", "1.0", 1)]
    assert parse_lock(write_lock(lock), name="lock", id="env") == lock


def test_dependencies_of_a_source_package_are_resolved(world):
    publish(world, requires=["made-up>=1", "helper-package ; python_version < '3'"])
    lock = world.lock("from-source")
    assert dict(lock.versions) == {"from-source": "1.0", "made-up": "1.0", "helper-package": "0.1"}


def test_source_is_built_once_and_then_needs_no_index(world):
    publish(world)
    lock = world.lock("from-source")
    assert len([line for line in world.said if "building from source" in line]) == 1
    world.provide(world.environment(lock=lock, imports=("from_source",)))
    world.provide(world.environment("made-up", "from-source", imports=("from_source",)))
    assert len([line for line in world.said if "building from source" in line]) == 1
    world.index.fails_with = 503
    (world.store.folder).rename(world.cache / "gone")
    assert world.provide(world.environment(lock=lock, imports=("from_source",))).built


def test_unused_wheel_is_pruned(world):
    publish(world)
    world.lock("from-source")
    world.builds.prune(unused_for=dt.timedelta(days=1))
    (kept,) = (world.cache / "wheels").iterdir()
    os.utime(kept, (0, 0))
    world.builds.prune(unused_for=dt.timedelta(days=1))
    assert list((world.cache / "wheels").iterdir()) == []


def test_source_with_another_hash_is_never_built(world):
    path = publish(world)
    lock = world.lock("from-source")
    world.cache = world.cache.with_name("another-cache")
    world.index.alters = True
    make_sdist(path.parent, "from_source", "1.0", does="found.append('another')")
    with pytest.raises(Unavailable, match="does not offer the locked files"):
        world.provide(world.environment(lock=lock))
    assert not list(world.cache.rglob("*.whl"))


def test_failed_build_reports_its_output(world):
    publish(world, does="raise RuntimeError('no network, no build')")
    with pytest.raises(UvFailed, match="no network, no build") as caught:
        world.lock("from-source")
    assert caught.value.kind is FailureKind.BUILD_FAILED


def test_build_of_another_package_is_rejected(world):
    does = "import os; open(os.path.join(folder, 'setuptools-99.0-py3-none-any.whl'), 'w').close(); os._exit(0)"
    publish(world, does=does)
    with pytest.raises(UvFailed) as caught:
        world.lock("from-source")
    assert caught.value.kind is FailureKind.BUILD_FAILED


def test_lock_without_build_tools_builds_nothing(world):
    publish(world)
    lock = replace(world.lock("from-source"), builds=())
    world.cache = world.cache.with_name("another-cache")
    with pytest.raises(Unavailable, match="has no build tools for from-source"):
        world.provide(world.environment(lock=lock))


def test_stopped_build_leaves_nothing(world):
    publish(world, does="import time; time.sleep(60)")
    stop = threading.Event()
    threading.Timer(1.5, stop.set).start()
    with pytest.raises(UvFailed, match="stopped"):
        world.lock("from-source", stop=stop)
    scratch = world.uv.scratch
    assert scratch is None or not [each for each in scratch.iterdir() if each.is_dir()]


def test_replacing_another_package_keeps_the_build_tools_of_the_base(world):
    """Later tools would make another wheel, and every replaced version would build it again."""
    publish(world, requires=["helper-package"], tools=["made_up"])
    base = world.lock("from-source", "made-up==1.0")
    later = dt.datetime(2025, 6, 1, tzinfo=dt.timezone.utc)
    origin = replace(base.origin, as_of=later)

    fresh = resolve(origin, builds=world.builds)
    kept = resolve(origin, builds=world.builds, built_as_in=base)

    assert [tool.version for tool in fresh.builds[0].tools if tool.name == "made-up"] == ["2.0"]
    assert kept.builds == base.builds
