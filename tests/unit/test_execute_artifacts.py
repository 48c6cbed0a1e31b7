"""Artifacts of a writer are stored atomically, and copied for readers."""

import shutil
import threading

import pytest

from harness.execute.artifacts import Artifacts


@pytest.fixture
def artifacts(tmp_path):
    return Artifacts(folder=tmp_path / "artifacts")


@pytest.fixture
def work(tmp_path):
    """A working folder with the files of a script."""
    work = tmp_path / "work"
    (work / "model" / "variables").mkdir(parents=True)
    (work / "model" / "variables" / "data").write_bytes(b"\0" * 100)
    (work / "model.h5").write_text("weights")
    (work / "latest").symlink_to("model.h5")
    (work / "dangling").symlink_to("nowhere")
    (work / "empty").mkdir()
    return work


def contents(folder):
    return {
        path.relative_to(folder).as_posix(): str(path.readlink()) if path.is_symlink() else path.is_file() and path.read_bytes()
        for path in folder.rglob("*")
    }  # fmt: skip


def test_reader_gets_the_files_of_the_writer(artifacts, work, tmp_path):
    written = contents(work)
    artifacts.keep("k", work)
    artifacts.copy_to("k", tmp_path / "read")
    assert contents(tmp_path / "read") == written


def test_changes_of_a_reader_do_not_affect_others(artifacts, work, tmp_path):
    artifacts.keep("k", work)
    artifacts.copy_to("k", tmp_path / "first")
    (tmp_path / "first" / "model.h5").write_text("spoilt")
    artifacts.copy_to("k", tmp_path / "second")
    assert (tmp_path / "second" / "model.h5").read_text() == "weights"


def test_first_version_is_kept(artifacts, work):
    later = shutil.copytree(work, work.with_name("later"), symlinks=True)
    (later / "model.h5").write_text("later")
    artifacts.keep("k", work)
    artifacts.keep("k", later)
    assert (artifacts.folder / "k" / "model.h5").read_text() == "weights"


def test_unknown_key_has_no_artifacts(artifacts):
    assert not artifacts.has("k")


def test_missing_folder_keeps_nothing(artifacts, work):
    with pytest.raises(OSError, match="gone"):
        artifacts.keep("k", work.with_name("gone"))
    assert not artifacts.has("k")
    assert list(artifacts.folder.iterdir()) == []


def test_concurrent_writers_keep_one_version(artifacts, work):
    barrier, lost = threading.Barrier(8), []
    written = contents(work)
    folders = [shutil.copytree(work, work.with_name(f"work{number}"), symlinks=True) for number in range(8)]

    def keep(folder):
        barrier.wait()
        try:
            artifacts.keep("k", folder)
        except BaseException as error:
            lost.append(error)

    threads = [threading.Thread(target=keep, args=(folder,)) for folder in folders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert lost == []
    assert [each.name for each in artifacts.folder.iterdir()] == ["k"]
    assert contents(artifacts.folder / "k") == written


def test_digest_is_that_of_names_and_contents(artifacts, work, tmp_path):
    shutil.copytree(work, tmp_path / "other", symlinks=True)
    artifacts.keep("one", work)
    artifacts.keep("two", tmp_path / "other")
    assert artifacts.digest("one") == artifacts.digest("two")
    assert artifacts.digest("one")[1] == 107
    (artifacts.folder / "two" / "model.h5").write_text("changed")
    assert artifacts.digest("one")[0] != artifacts.digest("two")[0]
    assert artifacts.digest("absent") == (None, None)
