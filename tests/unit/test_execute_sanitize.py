"""Sanitized artifacts contain only files, folders and links inside the folder."""

import os
import shutil
import stat

import pytest

from harness.execute.sanitize import sanitize


@pytest.fixture
def work(tmp_path):
    work = tmp_path / "work"
    (work / "deep").mkdir(parents=True)
    (work / "deep" / "model").write_text("weights")
    (tmp_path / "outside").write_text("secret")
    return work


def test_files_folders_and_inner_links_are_kept(work):
    (work / "latest").symlink_to("deep/model")
    (work / "deep" / "up").symlink_to("../deep")
    result = sanitize(work)
    assert (result.removed, result.bytes) == ((), len("weights"))
    assert (work / "latest").read_text() == "weights"


@pytest.mark.parametrize(
    "target",
    ["/etc/passwd", "../outside", "deep/../../outside", "../work2"],
    ids=["absolute", "above", "around", "beside"],
)
def test_links_to_the_outside_are_removed(work, target):
    (work / "link").symlink_to(target)
    assert sanitize(work).removed == ("link",)
    assert not (work / "link").is_symlink()


@pytest.mark.parametrize("target", ["../../..", "../../../deep"], ids=["to the top", "to a folder"])
def test_links_to_the_outside_through_another_are_removed(work, target):
    (work / "deep" / "in" / "it").mkdir(parents=True)
    (work / "deep" / "in" / "it" / "back").symlink_to(target)
    (work / "link").symlink_to("deep/in/it/back/../../outside")
    assert sanitize(work).removed == ("link",)
    assert (work / "deep" / "in" / "it" / "back").is_symlink()


def test_folders_too_deep_to_copy_are_removed(work, tmp_path):
    (work / "/".join("d" * 900)).mkdir(parents=True)
    assert sanitize(work).removed == ("/".join("d" * 101),)
    shutil.copytree(work, tmp_path / "copy", symlinks=True)
    assert (tmp_path / "copy" / "deep" / "model").read_text() == "weights"


def test_special_files_and_hard_links_are_removed(work, tmp_path):
    os.mkfifo(work / "deep" / "pipe")
    os.link(tmp_path / "outside", work / "shared")
    assert sanitize(work).removed == ("deep/pipe", "shared")
    assert (tmp_path / "outside").read_text() == "secret"


def test_permissions_are_reset(work):
    (work / "deep" / "model").chmod(0o6000)
    (work / "deep").chmod(0o2000)
    sanitize(work)
    assert stat.S_IMODE((work / "deep" / "model").stat().st_mode) == 0o600
    assert stat.S_IMODE((work / "deep").stat().st_mode) == 0o700


def test_sparse_files_count_with_their_full_size(work):
    with (work / "sparse").open("wb") as stream:
        stream.truncate(10 << 30)
    assert sanitize(work).bytes > 10 << 30


def test_link_instead_of_the_folder_is_rejected(work, tmp_path):
    (tmp_path / "other").symlink_to("work")
    with pytest.raises(NotADirectoryError):
        sanitize(tmp_path / "other")
