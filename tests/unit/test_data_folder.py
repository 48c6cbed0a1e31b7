"""Folders of downloaded data: what is data, the digest of all, what is refused, what may be extracted again."""

import os
import tarfile
import zipfile
from pathlib import Path

import pytest

from harness.commands.published_results import is_ordinary
from harness.errors import UsageError
from harness.model import Cache, CachePlace, CellInputs, Condition
from harness.project.data_folder import read_data
from harness.session import Session

KERAS = Cache(folder=".keras", place=CachePlace.HOME, leave_out=("keras.json",))
HUB = Cache(folder="tfhub_modules", place=CachePlace.TEMPORARY, leave_out=("*.lock",))


@pytest.fixture
def read(tmp_path):
    def read(folder):
        return read_data(folder, (KERAS, HUB), remembered_in=tmp_path / "checksums")

    return read


@pytest.fixture
def folder(tmp_path):
    """A folder with data of both packages, settings and a lock."""
    folder = tmp_path / "data"
    for name in (
        ".keras/datasets/a.npz",
        ".keras/keras.json",
        "tfhub_modules/0a/saved_model.pb",
        "tfhub_modules/0a.lock",
    ):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return folder


def names(data):
    return [each.name for each in data.files]


class TestFiles:
    def test_files_of_all_packages_are_found_without_settings_and_locks(self, read, folder):
        data = read(folder)
        assert names(data) == [".keras/datasets/a.npz", "tfhub_modules/0a/saved_model.pb"]
        assert [each.in_cache for each in data.files] == ["datasets/a.npz", "0a/saved_model.pb"]
        assert data.bytes == len("".join(names(data)))
        assert len(data.digest) == 16

    def test_folder_of_one_package_can_be_named_itself(self, read, folder):
        data = read(folder / ".keras")
        assert (names(data), data.folder) == ([".keras/datasets/a.npz"], folder)

    @pytest.mark.parametrize(
        ("path", "words"),
        [
            pytest.param("missing", "there is no folder", id="missing"),
            pytest.param("empty", "has no data. Data is in these folders of it: .keras, tfhub_modules", id="empty"),
            pytest.param("file", "there is no folder", id="a file"),
        ],
    )
    def test_folder_without_data_is_refused(self, read, tmp_path, path, words):
        (tmp_path / "empty" / "datasets").mkdir(parents=True)
        (tmp_path / "file").touch()
        with pytest.raises(UsageError) as refused:
            read(tmp_path / path)
        assert words in " ".join(str(refused.value).split())

    @pytest.mark.parametrize("name", ["datasets/link.npz", "models"])
    def test_link_is_refused_because_a_sandbox_cannot_follow_it(self, read, folder, tmp_path, name):
        (folder / ".keras" / name).symlink_to(tmp_path)
        with pytest.raises(UsageError, match=f"{name} is a link"):
            read(folder)


class TestDigest:
    def test_is_of_names_and_contents_and_not_of_dates_and_places(self, read, folder, tmp_path):
        before = read(folder).digest
        os.utime(folder / ".keras/datasets/a.npz", (1, 1))
        assert read(folder).digest == before
        (folder / ".keras/keras.json").write_text("other settings")
        assert read(folder).digest == before
        folder.rename(tmp_path / "moved")
        assert read(tmp_path / "moved").digest == before
        (tmp_path / "moved/.keras/datasets/a.npz").write_text(".keras/datasets/b.npz")
        assert read(tmp_path / "moved").digest != before

    def test_file_that_did_not_change_is_not_read_again(self, read, folder):
        before = read(folder)
        (folder / ".keras/datasets/a.npz").chmod(0)
        assert read(folder) == before

    def test_damaged_memory_is_as_none(self, read, folder, tmp_path):
        before = read(folder)
        for path in (tmp_path / "checksums").iterdir():
            path.write_text('{"schema": 1, "found": []')
        assert read(folder) == before


class TestArchives:
    def test_files_that_an_archive_beside_them_contains_may_be_extracted_again(self, read, tmp_path):
        datasets = tmp_path / "data/.keras/datasets"
        (datasets / "cats").mkdir(parents=True)
        (datasets / "dogs_extracted").mkdir()
        for name in ("cats/1.jpg", "cats/own.txt", "dogs_extracted/2.jpg"):
            (datasets / name).write_text(name)
        with tarfile.open(datasets / "cats.tar.gz", "w:gz") as tar:
            tar.add(datasets / "cats/1.jpg", "cats/1.jpg")
        with zipfile.ZipFile(datasets / "dogs.zip", "w") as archive:
            archive.write(datasets / "dogs_extracted/2.jpg", "2.jpg")
        extracted = [each.in_cache for each in read(tmp_path / "data").files if each.extracted]
        assert extracted == ["datasets/cats/1.jpg", "datasets/dogs_extracted/2.jpg"]

    @pytest.mark.parametrize("name", ["broken.tar.gz", "broken.zip", "broken.tgz", "broken.tar.xz"])
    def test_archive_that_cannot_be_read_contains_nothing(self, read, tmp_path, name):
        datasets = tmp_path / "data/.keras/datasets"
        datasets.mkdir(parents=True)
        (datasets / name).write_bytes(b"\x1f\x8bPK not an archive")
        (datasets / "other").touch()
        assert not any(each.extracted for each in read(tmp_path / "data").files)


class TestCondition:
    def test_data_is_a_part_of_a_condition(self):
        condition = Condition(sandboxed=False, data="0123456789abcdef")
        assert str(condition) == "sandbox off, data 0123456789abcdef"
        assert Condition.parse(str(condition)) == condition
        assert condition.options[-2:] == ("--data", "DIR")

    @pytest.mark.parametrize("asked", [{"fetch_data": True}, {"data_folder": Path("data")}], ids=str)
    def test_published_results_say_nothing_of_a_run_with_data(self, asked):
        assert is_ordinary(Session(root=Path(), variables={}, notify=print))
        assert not is_ordinary(Session(root=Path(), variables={}, notify=print, **asked))

    def test_key_without_data_is_that_of_earlier_versions(self):
        values = {
            "script": "s", "write_key": None, "parameters": "{}", "lock": "l", "interpreter": "i",
            "variables": (("A", "1"),), "worker": "w", "platform": "p",
        }  # fmt: skip
        assert CellInputs(**values).key == "217311fa6dae9fbb00fa8e4deddffc7a65649e935a71eb815089ffbd93143afe"
        assert CellInputs(**values, data="0123456789abcdef").key != CellInputs(**values).key
