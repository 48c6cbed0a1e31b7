"""Disks that are full or may not be written to: said, nothing lost, and the same command goes on once there is room.

A small disk of its own is mounted where the tests may do so. Of the disk of the store: tests/faults/stores.py.
"""

import contextlib
import shutil

import pytest

from tests.faults.faults import CannotInject, small_disk
from tests.runs.test_runs import TABLE


def test_full_disk_under_the_cache_loses_columns_until_there_is_room(project, tmp_path):
    with contextlib.ExitStack() as stack:
        try:
            again = stack.enter_context(small_disk(tmp_path / "disk", "size=300k"))
        except CannotInject as why:
            pytest.skip(str(why))
        shutil.copytree(project.cache, tmp_path / "disk", dirs_exist_ok=True)
        project.cache = tmp_path / "disk"
        done = project.run(status=None)
        assert done.status == 1
        assert "Traceback" not in done.stderr
        assert any(word in done.stderr for word in ("No space left", "the disk is full", "are free")), done.stderr
        again("size=200m")
        assert project.run().table == TABLE
        assert project.left_over() == []


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
