"""Detection of changed files in an environment."""

import base64
import hashlib
import os
import sys

import pytest

from harness.environments.integrity import contents, corrupted_packages, site_packages

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="environments are laid out another way there")


@pytest.fixture
def folder(tmp_path):
    site = tmp_path / "lib" / "python3.11" / "site-packages"
    info = site / "my_part-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "my_part.py").write_text("x = 1\n")
    digest = base64.urlsafe_b64encode(hashlib.sha256(b"x = 1\n").digest()).rstrip(b"=").decode()
    (info / "RECORD").write_text(
        f"my_part.py,sha256={digest},6\n"
        "my_part.pyc,sha256=notthis,1\n"
        "../../../bin/my-part,sha256=northis,1\n"
        "my_part-1.0.dist-info/RECORD,,\n"
    )
    return tmp_path


def change_content(folder):
    path = site_packages(folder) / "my_part.py"
    before = path.stat()
    path.write_text("x = 2\n")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + 1))


def change_size(folder):
    (site_packages(folder) / "my_part.py").write_text("x = 10\n")


def remove(folder):
    (site_packages(folder) / "my_part.py").unlink()


@pytest.mark.parametrize("change", [change_content, change_size, remove])
def test_change_is_detected_and_attributed_to_its_package(folder, change):
    before = contents(folder)
    assert corrupted_packages(folder) == ()

    change(folder)

    assert contents(folder) != before
    assert corrupted_packages(folder) == ("my-part",)


def test_metadata_that_was_published_with_another_record_is_no_damage(folder):
    record = next(site_packages(folder).glob("my_part*.dist-info/RECORD"))
    (record.parent / "METADATA").write_text("Version: 1.0\n")
    record.write_text(f"{record.read_text()}{record.parent.name}/METADATA,sha256=0000,18\n")

    assert corrupted_packages(folder) == ()


def test_additional_file_is_detected(folder):
    before = contents(folder)
    (site_packages(folder) / "sitecustomize.py").write_text("")

    assert contents(folder).files == before.files + 1


def test_bytecode_and_metadata_are_ignored(folder):
    before = contents(folder)
    (site_packages(folder) / "__pycache__").mkdir()
    (site_packages(folder) / "__pycache__" / "my_part.cpython-311.pyc").write_bytes(b"")
    for name in ("manifest.json", "imports.json", "used"):
        (folder / name).write_text("")

    assert contents(folder) == before


def test_manifest_in_another_folder_is_not_ignored(folder):
    before = contents(folder)
    (site_packages(folder) / "manifest.json").write_text("")

    assert contents(folder) != before
