"""Folders of one process: removed at the end, or by the next process if their process was killed."""

import os
import threading

import filelock
import pytest

from harness.filesystem.folders import OwnedFolder, remove_folder


def left_by_the_dead(parent, name="run-1-dead"):
    (parent / name).mkdir(parents=True)
    (parent / name / "file").write_text("")
    (parent / name).chmod(0o500)
    (parent / f"{name}.lock").write_text("")


def names(parent):
    return sorted(each.name for each in parent.iterdir() if not each.name.startswith("."))


def test_folder_exists_only_within_the_block(tmp_path):
    parent = tmp_path / "runs"
    with OwnedFolder(parent, "run-") as folder:
        assert folder.is_dir()
    assert names(parent) == []


@pytest.mark.parametrize("how", ["made", "cleaned"])
def test_folders_of_dead_processes_are_removed_and_of_live_ones_kept(tmp_path, how):
    left_by_the_dead(tmp_path)
    left_by_the_dead(tmp_path, "run-2-alive")
    left_by_the_dead(tmp_path, "other-3")
    with filelock.FileLock(tmp_path / "run-2-alive.lock"):
        if how == "cleaned":
            OwnedFolder(tmp_path, "run-").clean()
        else:
            with OwnedFolder(tmp_path, "run-"):
                pass
        assert names(tmp_path) == ["other-3", "other-3.lock", "run-2-alive", "run-2-alive.lock"]


def test_failed_removal_is_repeated_later(tmp_path, monkeypatch):
    """A child of the dead process may still write into the folder."""
    left_by_the_dead(tmp_path)
    monkeypatch.setattr("harness.filesystem.folders.shutil.rmtree", lambda *_, **__: None)
    with OwnedFolder(tmp_path, "run-"):
        pass
    assert len(names(tmp_path)) == 4
    monkeypatch.undo()
    OwnedFolder(tmp_path, "run-").clean()
    assert names(tmp_path) == []


def nest(folder, depth):
    """Create nested folders whose path is longer than the system's limit."""
    folder.mkdir()
    inner = os.open(folder, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("abcdefg", dir_fd=inner)
        outer, inner = inner, os.open("abcdefg", os.O_RDONLY, dir_fd=inner)
        os.close(outer)
    os.close(os.open("file", os.O_WRONLY | os.O_CREAT, dir_fd=inner))
    os.close(inner)


@pytest.mark.skipif(os.name == "nt", reason="paths are short there, and so are these")
def test_very_deep_folders_are_removed(tmp_path):
    left_by_the_dead(tmp_path)
    (tmp_path / "run-1-dead").chmod(0o700)
    nest(tmp_path / "run-1-dead" / "deep", 1300)
    (tmp_path / "run-1-dead" / "link").symlink_to(tmp_path)
    (tmp_path / "kept").write_text("")
    OwnedFolder(tmp_path, "run-").clean()
    assert names(tmp_path) == ["kept"]


def test_removal_does_not_follow_symlinks(tmp_path):
    (tmp_path / "outside").mkdir(mode=0o500)
    (tmp_path / "folder" / "closed").mkdir(parents=True)
    (tmp_path / "folder" / "closed" / "link").symlink_to(tmp_path / "outside")
    (tmp_path / "folder" / "closed").chmod(0)
    assert remove_folder(tmp_path / "folder")
    assert (tmp_path / "outside").stat().st_mode & 0o777 == 0o500


def test_clean_creates_nothing(tmp_path):
    OwnedFolder(tmp_path / "runs", "run-").clean()
    assert list(tmp_path.iterdir()) == []


def test_concurrent_folders_do_not_remove_each_other(tmp_path):
    lost = []
    barrier = threading.Barrier(8)

    def use():
        barrier.wait()
        for _ in range(20):
            try:
                with OwnedFolder(tmp_path, "run-") as folder:
                    (folder / "file").write_text("")
            except BaseException as error:
                lost.append(error)

    threads = [threading.Thread(target=use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert lost == []
    assert names(tmp_path) == []
