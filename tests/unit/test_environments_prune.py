"""Pruning of the environment store."""

import datetime as dt
import os

import pytest

from harness.environments.prune import disk_use, prune, remove_environment
from harness.filesystem.atomic import make_folders_read_only, write_whole
from harness.filesystem.folders import remove_folder

NOW = dt.datetime(2025, 6, 1, tzinfo=dt.timezone.utc)
KEPT, OTHER = "a" * 16, "b" * 16


@pytest.fixture
def store(tmp_path, monkeypatch):
    # The search for orphaned processes scans all processes; these tests do not need it.
    monkeypatch.setattr("harness.environments.prune.end_orphans", lambda folder: None)

    def add(fingerprint, idle):
        folder = tmp_path / f"{fingerprint}-cpython-3.11.7"
        (folder / "lib").mkdir(parents=True)
        (folder / "lib" / "file.py").write_text("x")
        (folder / "used").write_text("")
        moment = (NOW - idle).timestamp()
        os.utime(folder / "used", (moment, moment))
        make_folders_read_only(folder / "lib")
        return folder

    return add


@pytest.mark.parametrize(
    ("fingerprint", "idle", "stays"),
    [
        (KEPT, dt.timedelta(days=1), True),
        (KEPT, dt.timedelta(days=31), False),
        (OTHER, dt.timedelta(minutes=10), True),
        (OTHER, dt.timedelta(days=1), False),
    ],
    ids=["in a lock", "in a lock, unused for long", "in no lock, just used", "in no lock"],
)
def test_unwanted_environments_are_removed(store, tmp_path, fingerprint, idle, stays):
    folder = store(fingerprint, idle)

    pruned = prune(tmp_path, keep={KEPT}, unused_for=dt.timedelta(days=30), now=NOW)

    assert folder.exists() is stays
    assert pruned.environments == (0 if stays else 1)


def test_one_environment_is_removed(store):
    folder, other = store(KEPT, dt.timedelta(0)), store(OTHER, dt.timedelta(0))
    assert remove_environment(folder)
    assert not folder.exists() and other.is_dir()


def test_remains_of_killed_builds_are_removed_and_other_folders_kept(tmp_path, store):
    dead = tmp_path / f".building-{KEPT}-cpython-3.11.7-123-0123abcd"
    aside = tmp_path / f"{dead.name}-old"
    strange = tmp_path / ".something"
    for folder in (dead, aside, strange):
        folder.mkdir()

    pruned = prune(tmp_path, keep=(), unused_for=dt.timedelta(days=30), now=NOW)

    assert (dead.exists(), aside.exists(), strange.exists()) == (False, False, True)
    assert (pruned.environments, pruned.leftovers) == (0, 2)


def test_missing_store_is_empty(tmp_path):
    pruned = prune(tmp_path / "none", keep=(), unused_for=dt.timedelta(0), now=NOW)

    assert (pruned.environments, pruned.leftovers) == (0, 0)
    assert disk_use(tmp_path / "none").bytes == 0


def test_shared_files_count_once(tmp_path, store):
    one, two = store(KEPT, dt.timedelta(0)), store(OTHER, dt.timedelta(0))
    for folder in (one, two):
        (folder / "lib").chmod(0o755)
    (one / "lib" / "large").write_bytes(b"x" * 100_000)
    (two / "lib" / "large").hardlink_to(one / "lib" / "large")
    (two / "lib" / "elsewhere").hardlink_to(_outside(tmp_path))

    use = disk_use(tmp_path)

    assert use.environments == 2
    assert 150_000 < use.bytes < 200_000
    assert 100_000 < use.own_bytes < 150_000


def _outside(tmp_path):
    path = tmp_path / "cached"
    path.write_bytes(b"x" * 50_000)
    return path


def test_write_is_atomic(tmp_path, monkeypatch):
    path = tmp_path / "lock.txt"
    path.write_text("old")
    write_whole(path, "new")
    assert path.read_text() == "new"

    with pytest.raises(UnicodeEncodeError):
        write_whole(path, "half \udcff")

    assert path.read_text() == "new"
    assert [each.name for each in tmp_path.iterdir()] == ["lock.txt"]


def test_removing_a_missing_folder_is_no_error(tmp_path):
    remove_folder(tmp_path / "none")
