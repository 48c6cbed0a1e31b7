"""The files that a script reads: named in its header, found beside it, part of what identifies it."""

import pytest

from harness.errors import Problems
from harness.project.script import read_scenario
from harness.reports.report_folder import with_files

HEADER = '# /// script\n# [tool.harness]\n# files = {files}\n# ///\nprint(open("data.txt").read())\n'


def scenario(folder, *files, problems=None):
    path = folder / "script.py"
    path.write_text(HEADER.format(files=list(files)).replace("'", '"'))
    problems = problems if problems is not None else Problems()
    found = read_scenario(path, subject="", problems=problems)
    assert found is not None
    return found


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "sent"
    (folder / "models" / "deep").mkdir(parents=True)
    (folder / "data.txt").write_text("1")
    (folder / "models" / "a.h5").write_bytes(b"\x89HDF")
    (folder / "models" / "deep" / "b.h5").write_bytes(b"\x89HDF2")
    return folder


@pytest.mark.parametrize(
    ("patterns", "names"),
    [
        (["data.txt"], ["data.txt"]),
        (["*.txt"], ["data.txt"]),
        (["models/*.h5"], ["models/a.h5"]),
        (["models"], ["models/a.h5", "models/deep/b.h5"]),
        (["data.txt", "models/**/*.h5", "data.txt"], ["data.txt", "models/a.h5", "models/deep/b.h5"]),
    ],
    ids=["name", "glob", "glob in a folder", "folder", "several"],
)
def test_names_and_globs_find_files(folder, patterns, names):
    assert [each.name for each in scenario(folder, *patterns).script.files] == names


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("../secret.txt", "not a path below"),
        ("/etc/passwd", "not a path below"),
        ("a/../../secret.txt", "not a path below"),
        ("", "not a path below"),
        ("absent.txt", "there is no file"),
        ("link.txt", "there is no file"),
        ("linked/*.txt", "there is no file"),
    ],
)
def test_files_outside_the_folder_are_refused(folder, tmp_path, pattern, said):
    (tmp_path / "secret.txt").write_text("secret")
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    (folder / "linked").symlink_to(tmp_path)
    problems = Problems()
    assert scenario(folder, pattern, problems=problems).script.files == ()
    with pytest.raises(Exception, match=said):
        problems.raise_if_any("it")


def test_content_of_a_file_is_part_of_the_identity_and_of_the_key(folder):
    before = scenario(folder, "data.txt")
    (folder / "data.txt").write_text("2")
    after = scenario(folder, "data.txt")
    assert before.identity != after.identity
    assert before.script.digest != after.script.digest
    (folder / "data.txt").write_text("1")
    assert scenario(folder, "data.txt").identity == before.identity


def test_where_a_file_lies_is_no_part_of_the_identity(folder, tmp_path):
    other = tmp_path / "elsewhere"
    other.mkdir()
    (other / "data.txt").write_text("1")
    assert scenario(other, "data.txt").identity == scenario(folder, "data.txt").identity


@pytest.mark.parametrize(
    "text",
    [
        '"""A title."""\nimport keras\nprint(keras)\n',
        '# /// script\n# dependencies = ["keras"]\n# ///\nprint(1)\n',
        "# /// script\n# [tool.harness]\n# timeout = 5\n# ///\nprint(1)\n",
        "print(1)",
    ],
    ids=["no header", "a header", "a header with the table", "no newline at the end"],
)
def test_files_are_added_to_a_header(tmp_path, text):
    for name in ("data [1].txt", "more.txt"):
        (tmp_path / name).write_text("1")
    path = tmp_path / "script.py"
    path.write_text(with_files(text, ["data [1].txt", "more.txt"]))
    problems = Problems()
    found = read_scenario(path, subject="", problems=problems)
    problems.raise_if_any("it")
    assert [each.name for each in found.script.files] == ["data [1].txt", "more.txt"]
    assert [str(each) for each in found.header.dependencies] == (["keras"] if 'keras"]' in text else [])
    if "///" not in text:
        assert path.read_text().startswith(text.rstrip())


def test_header_that_names_files_stays():
    text = '# /// script\n# [tool.harness]\n# files = ["a"]\n# ///\n'
    assert with_files(text, ["b"]) == text
