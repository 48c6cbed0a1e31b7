"""Disks that are full or may not be written to: said, nothing lost, and the same command goes on once there is room.

A small disk of its own is mounted where the tests may do so.
"""

import os
import shutil
import subprocess
import sys

import pytest

from tests.runs.test_runs import TABLE, count

PRINTS = '''\
# /// script
# [tool.harness.parameters]
# number = [{numbers}]
# ///
"""Leaves evidence that cannot be packed."""
# %% tags=["parameters"]
number = 0
# %% load
import base64, os
print(base64.b64encode(os.urandom(90000)).decode())
'''


@pytest.fixture
def disk(tmp_path):
    """Give a function that mounts a small disk, to be changed by options later."""
    folder = tmp_path / "disk"
    folder.mkdir()

    def mount(options):
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
        if (
            sys.platform != "linux"
            or os.geteuid() != 0
            or subprocess.run(command, capture_output=True, check=False).returncode
        ):
            pytest.skip("no disk can be mounted here")
        return folder

    def remount(options):
        subprocess.run(["mount", "-o", f"remount,{options}", str(folder)], check=True, capture_output=True)

    mount.again = remount
    yield mount
    subprocess.run(["umount", "-l", str(folder)], capture_output=True, check=False)


def test_full_disk_under_the_store_is_said_and_nothing_recorded_is_lost(project, disk):
    folder = disk("size=900k")
    project.variables["HARNESS_STORE"] = str(folder / "attempts.sqlite")
    numbers = ", ".join(map(str, range(20)))
    project.scenario("load/prints.py", PRINTS.format(numbers=numbers))
    done = project.run("--scenarios", "prints", "--environments", "demo1.0", status=1)
    assert "could not be recorded" in done.stderr
    assert "Make room" in done.stderr
    assert project.left_over() == []
    project.root.joinpath("results").mkdir(exist_ok=True)
    kept = count_at(folder / "attempts.sqlite")
    assert 0 < kept < 20
    disk.again("size=20m")
    again = project.run("--scenarios", "prints", "--environments", "demo1.0")
    assert again.attempts == {f"prints[number={number}]@demo1.0": 1 for number in range(20)}


def count_at(path):
    from harness.record.store import Store

    store = Store(path)
    try:
        return store.count()
    finally:
        store.close()


def test_full_disk_under_the_cache_loses_columns_until_there_is_room(project, disk):
    folder = disk("size=300k")
    shutil.copytree(project.cache, folder, dirs_exist_ok=True)
    project.cache = folder
    done = project.run(status=None)
    assert done.status == 1
    assert "Traceback" not in done.stderr
    assert any(word in done.stderr for word in ("No space left", "the disk is full", "are free")), done.stderr
    disk.again("size=200m")
    assert project.run().table == TABLE
    assert project.left_over() == []


def test_store_on_a_disk_that_may_only_be_read(project, disk):
    project.run()
    folder = disk("size=20m")
    for each in project.store.parent.iterdir():
        if each.is_file():
            shutil.copy(each, folder / each.name)
    project.variables["HARNESS_STORE"] = str(folder / "attempts.sqlite")
    before = count_at(folder / "attempts.sqlite")
    disk.again("ro")
    refused = project.run("--fresh", status=1)
    assert "the store cannot be used" in refused.stderr
    assert "HARNESS_STORE" in refused.stderr
    disk.again("rw")
    assert count_at(folder / "attempts.sqlite") == before == count(project)


def test_place_of_the_store_that_is_no_folder(project, tmp_path):
    (tmp_path / "file").write_text("")
    project.variables["HARNESS_STORE"] = str(tmp_path / "file" / "attempts.sqlite")
    assert "the store cannot be used" in project.run(status=1).stderr


def test_place_of_the_cache_that_is_no_folder(project, tmp_path):
    (tmp_path / "file").write_text("")
    project.cache = tmp_path / "file" / "cache"
    refused = project.run(status=None)
    assert refused.status == 1
    assert "the cache cannot be used" in refused.stderr
    assert "HARNESS_CACHE" in refused.stderr
