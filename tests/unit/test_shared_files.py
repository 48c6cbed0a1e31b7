"""Files that several folders share are on disk once; what an archive asks for outside its folder is refused."""

import io
import os
import tarfile
from pathlib import Path

import pytest

from harness.filesystem.shared_files import SharedFiles


@pytest.fixture
def shared(tmp_path):
    return SharedFiles(tmp_path / "shared")


def archive(**files):
    """Return an archive with files and their contents; `None` is a folder, a tuple a symbolic link."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.mode = 0o755 if name.endswith(".sh") or content is None else 0o644
            if content is None:
                member.type = tarfile.DIRTYPE
            elif isinstance(content, tuple):
                member.type, member.linkname = tarfile.SYMTYPE, content[0]
            else:
                member.size = len(content)
            tar.addfile(member, io.BytesIO(content) if isinstance(content, bytes) else None)
    stream.seek(0)
    return tarfile.open(fileobj=stream)


def test_a_file_of_two_archives_is_on_disk_once(shared, tmp_path):
    with archive(**{"lib": None, "lib/same.py": b"1", "lib/sub/other.py": b"2"}) as tar:
        shared.extract(tar, tmp_path / "one")
    with archive(**{"lib/same.py": b"1", "lib/sub/other.py": b"3"}) as tar:
        shared.extract(tar, tmp_path / "two")
    assert (tmp_path / "one/lib/same.py").samefile(tmp_path / "two/lib/same.py")
    assert [(tmp_path / each / "lib/sub/other.py").read_bytes() for each in ("one", "two")] == [b"2", b"3"]


def test_a_file_that_can_be_executed_is_another_file(shared, tmp_path):
    with archive(**{"run.sh": b"1", "text": b"1"}) as tar:
        shared.extract(tar, tmp_path / "one")
    assert [os.access(tmp_path / "one" / each, os.X_OK) for each in ("run.sh", "text")] == [True, False]


def test_files_are_read_only_as_a_change_would_be_one_of_every_folder(shared, tmp_path):
    with archive(**{"run.sh": b"1", "text": b"1"}) as tar:
        shared.extract(tar, tmp_path / "one")
    assert [(tmp_path / "one" / each).stat().st_mode & 0o777 for each in ("run.sh", "text")] == [0o555, 0o444]


def test_a_file_that_was_cut_short_is_written_again(shared, tmp_path):
    (tmp_path / "one").mkdir()
    shared.link(b"whole", tmp_path / "one/a")
    (tmp_path / "one/a").chmod(0o644)
    (tmp_path / "one/a").write_bytes(b"wh")
    shared.link(b"whole", tmp_path / "one/b")
    assert (tmp_path / "one/b").read_bytes() == b"whole"


def test_a_file_that_two_write_at_the_same_time_is_on_disk_once(shared, tmp_path, monkeypatch):
    own = os.link

    def late(source, place):
        if not Path(source).exists() and Path(place).name == "a":  # another one is quicker
            monkeypatch.setattr(os, "link", own)
            shared.link(b"text", tmp_path / "b")
            raise FileNotFoundError
        own(source, place)

    monkeypatch.setattr(os, "link", late)
    shared.link(b"text", tmp_path / "a")
    assert (tmp_path / "a").samefile(tmp_path / "b")
    assert len(list((tmp_path / "shared").glob("??/*"))) == 1


def test_where_no_more_links_are_allowed_a_file_is_a_copy(shared, tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(31, "Too many links")

    shared.link(b"text", tmp_path / "a")
    monkeypatch.setattr(os, "link", refuse)
    shared.link(b"text", tmp_path / "b")
    assert (tmp_path / "b").read_bytes() == b"text"
    assert not (tmp_path / "a").samefile(tmp_path / "b")


@pytest.mark.parametrize("name", ["../outside", "/outside", "in/../../outside"])
def test_a_path_that_leaves_the_folder_is_refused(shared, tmp_path, name):
    with archive(**{name: b"1"}) as tar:
        try:
            shared.extract(tar, tmp_path / "one")
        except tarfile.FilterError:
            pass
        else:  # an absolute path is made relative
            assert [each.name for each in (tmp_path / "one").iterdir()] == ["outside"]
    assert not (tmp_path / "outside").exists()


def test_symbolic_links_are_kept_inside_and_refused_outside(shared, tmp_path):
    with archive(**{"a": b"1", "b": ("a",)}) as tar:
        shared.extract(tar, tmp_path / "one")
    assert (tmp_path / "one/b").readlink().name == "a"
    with archive(**{"b": ("/etc/passwd",)}) as tar, pytest.raises(tarfile.FilterError):
        shared.extract(tar, tmp_path / "two")


def test_prune_removes_what_no_folder_has(shared, tmp_path):
    shared.link(b"gone", tmp_path / "gone")
    shared.link(b"kept", tmp_path / "kept")
    (tmp_path / "gone").unlink()
    assert shared.prune() > 0
    assert [each.read_bytes() for each in (tmp_path / "shared").glob("??/*")] == [b"kept"]
