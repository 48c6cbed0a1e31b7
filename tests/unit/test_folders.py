"""Folders of one process: gone at the end, and removed by the next one if their process was killed."""

import threading

import filelock
import pytest

from harness.folders import OwnedFolder


def left_by_the_dead(parent, name="run-1-dead"):
    (parent / name).mkdir(parents=True)
    (parent / name / "file").write_text("")
    (parent / name).chmod(0o500)
    (parent / f"{name}.lock").write_text("")


def names(parent):
    return sorted(each.name for each in parent.iterdir() if not each.name.startswith("."))


def test_it_is_there_within_the_block_and_nothing_is_afterwards(tmp_path):
    parent = tmp_path / "runs"
    with OwnedFolder(parent, "run-") as folder:
        assert folder.is_dir()
    assert names(parent) == []


@pytest.mark.parametrize("how", ["made", "cleaned"])
def test_what_a_dead_process_left_goes_and_what_a_living_one_has_stays(tmp_path, how):
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


def test_what_cannot_be_removed_yet_is_removed_by_a_later_one(tmp_path, monkeypatch):
    """A process of the dead may be ending still, and write into it."""
    left_by_the_dead(tmp_path)
    monkeypatch.setattr("harness.folders.shutil.rmtree", lambda *_, **__: None)
    with OwnedFolder(tmp_path, "run-"):
        pass
    assert len(names(tmp_path)) == 4
    monkeypatch.undo()
    OwnedFolder(tmp_path, "run-").clean()
    assert names(tmp_path) == []


def test_cleaning_makes_nothing(tmp_path):
    OwnedFolder(tmp_path / "runs", "run-").clean()
    assert list(tmp_path.iterdir()) == []


def test_many_at_once_do_not_remove_each_others(tmp_path):
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
