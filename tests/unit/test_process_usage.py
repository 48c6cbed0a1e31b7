"""Memory, processor time and disk use of processes are measured, also if the processes hide it."""

import os
import shutil

import pytest

from harness.filesystem.folders import remove_folder
from harness.process import usage as measure


def disk_mib(folder):
    return measure.disk_mib(folder, [], free_before_mib=0)


def test_files_in_folders_count(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "file").write_bytes(b"x" * (3 << 20))
    (tmp_path / "in" / "link").symlink_to(tmp_path / "in" / "file")
    assert disk_mib(tmp_path) == 3


@pytest.mark.skipif(os.name == "nt", reason="paths are short there, and so are these")
def test_folders_that_no_path_reaches_are_over_any_limit(tmp_path):
    inner = os.open(tmp_path, os.O_RDONLY)
    for _ in range(600):
        os.mkdir("abcdefg", dir_fd=inner)
        outer, inner = inner, os.open("abcdefg", os.O_RDONLY, dir_fd=inner)
        os.close(outer)
    os.close(inner)
    assert disk_mib(tmp_path) > 1 << 30
    remove_folder(tmp_path / "abcdefg")


def test_more_than_can_be_looked_through_is_over_any_limit(tmp_path, monkeypatch):
    for number in range(8):
        (tmp_path / str(number)).write_text("")
    assert disk_mib(tmp_path) == 0
    monkeypatch.setattr(measure, "_MOST_ENTRIES", 7)
    assert disk_mib(tmp_path) > 1 << 30


def test_for_a_folder_that_is_closed_what_the_disk_has_lost_counts(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: shutil._ntuple_diskusage(100 << 20, 60 << 20, 40 << 20))
    assert measure.disk_mib(tmp_path, [], free_before_mib=90) == 0

    def closed(folder):
        raise PermissionError(13, "is closed", folder)

    monkeypatch.setattr(os, "scandir", closed)
    assert measure.disk_mib(tmp_path, [], free_before_mib=90) == 50
