"""Environments of generated wheels, built by the real uv: builds, reuse, rebuilds."""

import shutil
import subprocess
import threading
import zipfile
from dataclasses import replace

import pytest

from harness.environments.store import Unavailable
from harness.interpreters import Interpreter, Interpreters, MissingInterpreter
from tests.environments.test_concurrent_builds import start_builder
from tests.wheels import make_sdist, make_wheel


def run(provided, code):
    command = [provided.python, "-I", "-c", code]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout.strip()


def leftovers(world):
    return list(world.store.folder.glob(".building-*"))


def test_environment_matches_its_lock_and_is_built_once(world):
    environment = world.environment("made-up")

    first = world.provide(environment)
    second = world.provide(environment)

    assert dict(first.versions) == {"made-up": "1.0", "helper-package": "0.1"}
    assert (first.built, second.built) == (True, False)
    assert first.import_error is None
    assert first.folder == second.folder == world.store.folder_of(environment.lock, world.interpreter)
    assert run(first, "import made_up; print(made_up.version)") == "1.0"
    assert leftovers(world) == []
    assert world.said == []


def test_bytecode_is_compiled_at_build_time(world):
    provided = world.provide(world.environment("made-up", imports=()))

    assert len(list(provided.folder.rglob("made_up.*.pyc"))) == 1


def test_bytecode_of_another_environment_is_linked_and_the_rest_compiled(world):
    world.index.add("another", "1.0", "2023-01-01", "answer = 42\n")
    first = world.provide(world.environment("made-up", imports=()))

    second = world.provide(world.environment("made-up", "another", imports=()))

    (one,), (other,) = (list(each.folder.rglob("made_up.*.pyc")) for each in (first, second))
    assert one.samefile(other)
    assert len(list(second.folder.rglob("another.*.pyc"))) == 1
    assert run(second, "import made_up, another; print(made_up.version, another.answer)") == "1.0 42"


def test_bytecode_of_a_different_file_is_not_linked(world):
    """The same name and version with another file: the release was published again."""
    first = world.provide(world.environment("made-up", imports=()))
    (module,) = first.folder.rglob("made_up.py")
    module.parent.chmod(0o755)
    text = module.read_bytes()
    module.unlink()
    module.write_bytes(text)
    world.index.add("another", "1.0", "2023-01-01")

    second = world.provide(world.environment("made-up", "another", imports=()))

    (one,), (other,) = (list(each.folder.rglob("made_up.*.pyc")) for each in (first, second))
    assert not one.samefile(other)


def test_console_scripts_start_after_the_rename(world):
    modules = {"made_up_tool.py": "def main():\n    print('started')\n"}
    entry = {"made_up_tool-1.0.dist-info/entry_points.txt": "[console_scripts]\nmade-up-tool = made_up_tool:main\n"}
    wheel = make_wheel(world.index.folder, "made_up_tool", "1.0", {**modules, **entry})
    world.index.publish(wheel, "2023-01-01")

    provided = world.provide(world.environment("made-up-tool", imports=()))

    program = provided.python.with_name("made-up-tool")
    assert subprocess.run([program], check=True, capture_output=True, text=True, timeout=60).stdout == "started\n"


@pytest.mark.parametrize("version", ["3.8", "3.9", "3.10", "3.11", "3.12", "3.13"])
def test_every_python_that_is_found_gets_working_environments(world, version, tmp_path_factory):
    try:
        # One cache for all versions: probing every Python of a machine takes seconds.
        interpreter = Interpreters(tmp_path_factory.getbasetemp() / "interpreters", uv=world.uv).find(version)
    except MissingInterpreter as error:
        pytest.skip(str(error))
    world.interpreter = interpreter

    provided = world.provide(world.environment("made-up"))

    assert provided.import_error is None
    assert run(provided, "import platform; print(platform.python_version())") == interpreter.version


def test_failed_import_is_recorded_with_the_environment(world):
    marker = world.cache / "imported"
    text = f"open({str(marker)!r}, 'a').write('x')\nraise RuntimeError('\\nno\\nbecause')\n"
    world.index.add("broken", "1.0", "2023-01-01", text)
    environment = world.environment("broken", imports=("broken",))

    first, second = world.provide(environment), world.provide(environment)

    assert first.import_error == second.import_error == "import broken: RuntimeError: no"
    assert marker.read_text() == "x", "a plain exception is not tried again"


def test_crashed_import_is_tried_again_next_time(world):
    marker = world.cache / "imported"
    text = (
        f"import os\nif not os.path.exists({str(marker)!r}):\n    open({str(marker)!r}, 'w').close()\n    os.abort()\n"
    )
    world.index.add("crashes", "1.0", "2023-01-01", text)
    environment = world.environment("crashes", imports=("crashes",))

    first = world.provide(environment)
    assert (first.import_error, first.import_certain) == ("import crashes: killed by SIGABRT", False)
    assert world.provide(environment).import_error is None


def test_imports_use_variables_of_the_environment_and_an_empty_home(world):
    world.index.add("looks", "1.0", "2023-01-01", "import os\nassert os.environ['MODE'] == 'a', os.environ['HOME']\n")
    environment = world.environment("looks", imports=("looks",), variables=[("MODE", "a")])
    other = replace(environment, variables=(("MODE", "b"),))

    assert world.provide(environment).import_error is None
    error = world.provide(other).import_error
    assert error is not None
    assert ".building-" in error, "the home is a folder of its own"
    assert world.provide(environment).import_error is None


@pytest.mark.parametrize("change", ["deleted", "added", "overwritten", "python gone", "manifest garbled"])
def test_damaged_environment_is_rebuilt(world, change):
    environment = world.environment("made-up")
    first = world.provide(environment)
    module = next(first.folder.rglob("made_up.py"))
    module.parent.chmod(0o755)
    if change == "deleted":
        module.unlink()
    elif change == "added":
        module.with_name("stranger.py").write_text("")
    elif change == "overwritten":
        module.write_text("version = 'spoiled'\n")
    elif change == "python gone":
        first.python.parent.chmod(0o755)
        first.python.unlink()
    else:
        (first.folder / "manifest.json").write_text("{")

    second = world.provide(environment)

    assert second.built
    assert run(second, "import made_up; print(made_up.version)") == "1.0"
    assert any("damaged" in line for line in world.said) == (change != "manifest garbled")
    assert leftovers(world) == []
    assert not world.provide(environment).built


def test_corrupted_file_in_uvs_cache_is_not_installed(world):
    first = world.provide(world.environment("made-up"))
    module = next(first.folder.rglob("made_up.py"))
    if module.stat().st_nlink == 1:
        pytest.skip("uv copies files here: what is written in one environment stays there")
    text = module.read_text()
    module.write_text(text.replace("'1.0'", "'0.1'"))  # in place, of the same size: uv's cache has it, too
    world.index.add("another", "1.0", "2023-01-01")

    second = world.provide(world.environment("made-up", "another"))

    assert run(second, "import made_up; print(made_up.version)") == "1.0"
    assert any("files of made-up in uv's cache are not the published files" in line for line in world.said)


def test_wheel_that_was_published_with_a_wrong_record_is_installed(world):
    wheel = make_wheel(world.index.folder, "stripped", "1.0", {"stripped.py": "version = '1.0'\n"})
    with zipfile.ZipFile(wheel) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content.replace(b",16\n", b",1600\n") if name.endswith("RECORD") else content)
    world.index.publish(wheel, "2023-01-01")

    provided = world.provide(world.environment("stripped", imports=("stripped",)))

    assert run(provided, "import stripped; print(stripped.version)") == "1.0"


def test_two_packages_with_the_same_file_are_refused_by_name(world):
    folder = world.index.folder
    world.index.publish(make_wheel(folder, "layers", "1.0", {"layers.py": "version = '1.0'\n"}), "2023-01-01")
    world.index.publish(make_wheel(folder, "layers_nightly", "1.1", {"layers.py": "version = '1.1'\n"}), "2023-01-01")
    environment = world.environment("layers", "layers-nightly", imports=("layers",))

    with pytest.raises(Unavailable, match=r"layers and layers-nightly install different files at layers\.py") as caught:
        world.provide(environment)

    assert caught.value.conclusive
    assert leftovers(world) == []


def test_wrong_hash_is_rejected_but_not_final(world):
    environment = world.environment("made-up")
    pins = tuple(replace(pin, hashes=("0" * 64,)) if pin.name == "made-up" else pin for pin in environment.lock.pins)

    with pytest.raises(Unavailable, match=r"Hash mismatch for `made-up==1.0`") as caught:
        world.provide(replace(environment, lock=replace(environment.lock, pins=pins)))

    assert not caught.value.conclusive, "the index may be repaired"
    assert "harness lock --upgrade" in caught.value.next_step
    assert leftovers(world) == []


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        ({"fails_with": 503}, "503 Service Unavailable"),
        ({"fails_with": 403}, "403 Forbidden"),
        ({"cuts_off": True}, "end of file before message length reached"),
    ],
    ids=["503", "403", "cut off"],
)
def test_failure_of_the_index_is_temporary(world, trouble, reason):
    environment = world.environment("made-up")
    for name, value in trouble.items():
        setattr(world.index, name, value)

    with pytest.raises(Unavailable, match=reason) as caught:
        world.provide(environment)

    assert not caught.value.conclusive
    assert leftovers(world) == []
    world.index.fails_with, world.index.cuts_off = None, False
    assert world.provide(environment).built


def test_unreachable_index_is_no_final_result(world):
    environment = world.environment("made-up")
    world.uv = replace(world.uv, variables={**world.uv.variables, "UV_DEFAULT_INDEX": "http://127.0.0.1:9/simple"})

    with pytest.raises(Unavailable, match="Connection refused") as caught:
        world.provide(environment)

    assert not caught.value.conclusive
    assert "127.0.0.1" not in caught.value.reason


def test_warm_cache_suffices_without_an_index_and_is_reported(world):
    environment = world.environment("made-up")
    world.provide(environment)
    world.cache = world.cache.with_name("another-cache")
    world.index.fails_with = 503

    provided = world.provide(environment)

    assert provided.built
    assert provided.import_error is None
    assert world.said == ["env: the package index does not answer; installed from uv's cache"]


def test_incomplete_cache_without_an_index_is_reported(world):
    world.provide(world.environment("made-up"))
    world.index.add("another", "1.0", "2023-01-01")
    lock = world.lock("made-up", "another")
    world.index.fails_with = 503

    with pytest.raises(Unavailable, match=r"503 .*uv's cache does not have all files") as caught:
        world.provide(world.environment(lock=lock))

    assert not caught.value.conclusive
    assert leftovers(world) == []


def test_warm_cache_suffices_without_a_network(world, tmp_path):
    """Run in an empty network namespace, in which even the loopback interface is down."""
    environment = world.environment("made-up")
    world.provide(environment)
    world.cache = world.cache.with_name("another-cache")
    alone = ["unshare", "--user", "--net", "--map-root-user"]
    if shutil.which("unshare") is None or subprocess.run([*alone, "true"], capture_output=True, check=False).returncode:
        pytest.skip("no network can be taken away here")

    builder = start_builder(world, environment, tmp_path, before=alone)
    said, errors = builder.communicate(timeout=120)

    assert errors == ""
    assert said.splitlines() == ["env: the package index does not answer; installed from uv's cache", "True"]


def test_install_uses_hashed_wheels_only(world):
    lock = world.lock("made-up")
    world.uv = replace(world.uv, executable=fake_uv(world))
    with pytest.raises(Unavailable):
        world.provide(world.environment(lock=lock))
    install = next(line for line in (world.cache.parent / "asked").read_text().splitlines() if " install " in line)
    for option in ("--require-hashes", "--no-deps", "--only-binary :all:", "--no-config"):
        assert option in install
    assert "--no-binary" not in install


def fake_uv(world):
    """Create a program that logs its arguments, creates virtual environments with the real uv, and installs nothing."""
    path = world.cache.parent / "fake-uv"
    log, real = world.cache.parent / "asked", world.uv.executable
    path.write_text(f'#!/bin/sh\necho " $* " >> {log}\n[ "$1" = venv ] && exec {real} "$@"\nexit 1\n')
    path.chmod(0o755)
    return path


def test_missing_wheel_for_this_python_is_final(world):
    tag = "cp38-cp38-manylinux2014_x86_64"
    world.index.publish(make_wheel(world.index.folder, "old_one", "1.0", {"old_one.py": ""}, tag=tag), "2020-01-01")
    environment = world.environment("old-one", lock=world.lock("old-one", python="3.8"))
    if world.interpreter.version.startswith("3.8."):
        pytest.skip("this is the Python that it has a wheel for")

    with pytest.raises(Unavailable, match="no wheels with a matching Python ABI tag") as caught:
        world.provide(environment)

    assert caught.value.conclusive


def test_only_sources_in_the_lock_are_built(world):
    world.index.publish(make_sdist(world.index.folder, "from_source", "1.0"), "2020-01-01")
    environment = world.environment("made-up", "from-source", imports=("from_source",))
    assert environment.lock.origin.sources == ("from-source",)

    assert world.provide(environment).import_error is None

    origin = replace(environment.lock.origin, sources=())
    other = replace(environment, lock=replace(environment.lock, origin=replace(origin, python="3.99")))
    with pytest.raises(Unavailable, match="has no usable wheels"):
        world.provide(other)


def test_stopped_build_leaves_nothing(world):
    environment = world.environment("made-up")
    world.index.delay_s = 5
    stop = threading.Event()
    threading.Timer(0.5, stop.set).start()

    with pytest.raises(Unavailable, match="stopped") as caught:
        world.provide(environment, stop=stop)

    assert not caught.value.conclusive
    assert leftovers(world) == []


def test_environment_survives_a_moved_python(world, tmp_path):
    base = world.interpreter.executable
    for name in ("old", "new"):
        (tmp_path / name).symlink_to(base.parent.parent, target_is_directory=True)
    old, new = (tmp_path / name / base.parent.name / base.name for name in ("old", "new"))
    world.interpreter = Interpreter(executable=old, version=world.interpreter.version, implementation="cpython")
    environment = world.environment("made-up")
    world.provide(environment)
    (tmp_path / "old").unlink()
    world.interpreter = replace(world.interpreter, executable=new)

    provided = world.provide(environment)

    assert run(provided, "import made_up; print(made_up.version)") == "1.0"
    assert not world.provide(environment).built
