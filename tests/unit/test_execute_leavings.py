"""What a script leaves for others to read is files, folders and links inside, whatever it was."""

import os
import shutil
import stat

import pytest

from harness.execute.leavings import make_harmless


@pytest.fixture
def work(tmp_path):
    work = tmp_path / "work"
    (work / "deep").mkdir(parents=True)
    (work / "deep" / "model").write_text("weights")
    (tmp_path / "outside").write_text("secret")
    return work


def test_plain_files_folders_and_links_inside_stay(work):
    (work / "latest").symlink_to("deep/model")
    (work / "deep" / "up").symlink_to("../deep")
    left = make_harmless(work)
    assert (left.removed, left.bytes) == ((), len("weights"))
    assert (work / "latest").read_text() == "weights"


@pytest.mark.parametrize(
    "target",
    ["/etc/passwd", "../outside", "deep/../../outside", "../work2"],
    ids=["absolute", "above", "around", "beside"],
)
def test_links_that_lead_out_go(work, target):
    (work / "link").symlink_to(target)
    assert make_harmless(work).removed == ("link",)
    assert not (work / "link").is_symlink()


@pytest.mark.parametrize("target", ["../../..", "../../../deep"], ids=["to the top", "to a folder"])
def test_links_that_lead_out_through_another_go(work, target):
    (work / "deep" / "in" / "it").mkdir(parents=True)
    (work / "deep" / "in" / "it" / "back").symlink_to(target)
    (work / "link").symlink_to("deep/in/it/back/../../outside")
    assert make_harmless(work).removed == ("link",)
    assert (work / "deep" / "in" / "it" / "back").is_symlink()


def test_folders_nested_deeper_than_they_can_be_copied_go(work, tmp_path):
    (work / "/".join("d" * 900)).mkdir(parents=True)
    assert make_harmless(work).removed == ("/".join("d" * 101),)
    shutil.copytree(work, tmp_path / "copy", symlinks=True)
    assert (tmp_path / "copy" / "deep" / "model").read_text() == "weights"


def test_what_is_no_file_goes(work, tmp_path):
    os.mkfifo(work / "deep" / "pipe")
    os.link(tmp_path / "outside", work / "shared")
    assert make_harmless(work).removed == ("deep/pipe", "shared")
    assert (tmp_path / "outside").read_text() == "secret"


def test_powers_go_and_whoever_keeps_it_may_read_it(work):
    (work / "deep" / "model").chmod(0o6000)
    (work / "deep").chmod(0o2000)
    make_harmless(work)
    assert stat.S_IMODE((work / "deep" / "model").stat().st_mode) == 0o600
    assert stat.S_IMODE((work / "deep").stat().st_mode) == 0o700


def test_holes_count(work):
    with (work / "sparse").open("wb") as stream:
        stream.truncate(10 << 30)
    assert make_harmless(work).bytes > 10 << 30


def test_a_link_in_the_place_of_the_folder_is_no_folder(work, tmp_path):
    (tmp_path / "other").symlink_to("work")
    with pytest.raises(NotADirectoryError):
        make_harmless(tmp_path / "other")
