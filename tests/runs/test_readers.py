"""`harness readers` as users have it: the process that reads a foreign file, the published table, and --try."""

import json
import shutil
import struct
import zipfile
import zlib
from pathlib import Path

import pytest

from tests.unit.test_readers import PACKAGES, READERS

FILES = Path(__file__).parents[1] / "fixtures" / "saved_models"
LAYERS = ["BatchNormalization", "Conv2D", "Dense", "DepthwiseConv2D", "Flatten", "Sequential"]
DEMO = '''\
"""Loads a file of the made-up package."""
import json
import sys

import demo

# %% open
with open(sys.argv[1], "rb") as file:
    data = file.read()
if demo.VERSION == "1.0" and not data.startswith(b"simple"):
    print("tried: " + json.dumps({"plain": "ValueError: too new"}))
    raise ValueError("too new")
own = __import__(sys.argv[3]).__name__ if len(sys.argv) > 3 else ""
weights = str(len(data.replace(b"simple", b""))) + own
print("tried: " + json.dumps({"way": "plain"}))
print("tried: " + json.dumps({"weights": weights, "count": 1, "predictions": "AAAAAAAA8D8="}))
'''
AGAIN = '''\
"""Saves a file of the made-up package in a form that its first release reads."""
import sys

import demo

# %% save
if sys.argv[2].endswith(".keras"):
    print("not in this version")
    raise SystemExit(125)
with open(sys.argv[1], "rb") as old, open(sys.argv[2], "wb") as new:
    new.write(b"simple" + old.read())
'''


def publish(project):
    """Write a table in which the third reader refuses what the first wrote."""
    reading = dict.fromkeys(("difference", "stage", "error", "label", "note", "link", "reason")) | {"differs": []}
    readings = [
        reading | {"grade": "full"},
        reading | {"grade": "refused", "stage": "open", "error": "TypeError: no groups"},
    ]
    line = {"written": True, "reason": None, "sha256": "ab", "bytes": 5}
    squares = {
        ".h5": {"tf2.12.1": [0, 0, 0, 1, 1]},
        ".keras": {"tf2.15.1": [None, None, 0, 0, 0]},
    }
    document = {
        "schema": 1,
        "scenario": "transfer",
        "generated": "2026-11-29",
        "models": [{"model": "convolution", "title": "", "layers": LAYERS}],
        "formats": [{"format": each, "title": each, "keeps": "model"} for each in squares],
        "options": ["plain"],
        "environments": [
            {"environment": id, "python": "3.11", "packages": PACKAGES[id], "variables": {}} for id in READERS
        ],
        "writers": list(READERS),
        "readers": list(READERS),
        "readings": readings,
        "squares": [
            {
                "model": "convolution",
                "format": format,
                "option": "plain",
                "lines": [{"writer": id, **line, "readings": numbers} for id, numbers in lines.items()],
            }
            for format, lines in squares.items()
        ],
    }
    path = project.root / "results" / "transfer" / "transfer.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document))


def prepare(project, read=DEMO):
    """Write the scripts that load and save a file of the made-up package."""
    folder = project.root / "prepare"
    folder.mkdir()
    (folder / "read_model.py").write_text(read)
    (folder / "save_model_again.py").write_text(AGAIN)


def test_a_file_is_answered_from_the_published_table(project):
    publish(project)
    done = project.call("readers", str(FILES / "tf2.12.1_depthwise.h5"), "--wanted", "tf2.16.2", "--json")
    document = done.document
    assert document["file"]["format"] == ".h5"
    assert "2.12" in document["file"]["writer"]
    assert document["file"]["layers"] == LAYERS
    assert {each["environment"]: each["grade"] for each in document["readers"]} == dict(
        zip(READERS, ["full", "full", "full", "refused", "refused"], strict=True)
    )
    assert [(each["load_in"], each["save_as"]) for each in document["chain"]] == [("tf2.15.1", ".keras")]
    text = project.call("readers", str(FILES / "tf2.12.1_depthwise.h5"), "--wanted", "tf2.16").stdout
    assert "full        tf2.12.1 to tf2.15.1" in text
    assert "[1] TypeError: no groups" in text


def test_a_writer_and_a_format_are_answered_without_a_file(project):
    publish(project)
    document = project.call(
        "readers", "--written-by", "tf2.12", "--format", "h5", "--wanted", "tf2.16", "--json"
    ).document
    assert document["file"]["writer"] == "tf2.12.1"
    assert document["readers"][3]["grade"] == "refused"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Neither a file nor its writer"),
        (["--written-by", "tf2.12", "--format", ".pt"], "there is no format '.pt'"),
        (["--written-by", "tf9", "--format", ".h5"], "there is no environment 'tf9'"),
        (["nothing.h5"], "there is no such file"),
        ([str(FILES / "tf2.12.1_depthwise.h5"), "--format", ".h5"], "--format is not needed"),
        ([str(FILES / "tf2.12.1_depthwise.h5"), "--environments", "x"], "--environments is for --try"),
        ([str(FILES / "tf2.12.1_depthwise.h5"), "--wanted", "tf9"], "there is no environment 'tf9'"),
        (["--try", "--written-by", "tf2.12", "--format", ".h5"], "--try needs a file"),
        ([str(FILES / "keras3.8.0_custom.weights.h5"), "--try"], "it has weights only"),
        ([str(FILES)], "not a SavedModel"),
    ],
)
def test_wrong_usage_is_refused_with_what_to_do(project, arguments, message):
    publish(project)
    done = project.call("readers", *arguments, status=2)
    assert message in done.stderr
    assert done.stdout == ""


def test_without_a_table_the_file_still_says_who_wrote_it(project):
    done = project.call("readers", str(FILES / "keras3.8.0_trained.keras"), status=1)
    assert "written by Keras 3.8.0" in done.stdout
    assert "There is no table of readers here" in done.stderr


def test_a_damaged_table_is_an_error_that_names_it(project):
    publish(project)
    path = project.root / "results" / "transfer" / "transfer.json"
    path.write_text("{}")
    assert "transfer.json" in project.call("readers", str(FILES / "tf2.12.1_depthwise.h5"), status=2).stderr


def _bomb(path):
    """Write an archive whose config.json unpacks to four GiB."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    # After a full flush nothing refers to what was before it, so that the same MiB can be repeated.
    data = (packer.compress(b" " * (1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)) * (4096 - 1) + packer.flush()
    name, size = b"config.json", (4096 - 1) << 20
    local = struct.pack("<4s5H3I2H", b"PK\x03\x04", 20, 0, 8, 0, 0, 0, len(data), size, len(name), 0) + name
    entry = (
        struct.pack("<4s6H3I5H2I", b"PK\x01\x02", 20, 20, 0, 8, 0, 0, 0, len(data), size, len(name), 0, 0, 0, 0, 0, 0)
        + name
    )
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 1, 1, len(entry), len(local) + len(data), 0)
    path.write_bytes(local + data + entry + end)


def _many_members(path):
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(50_000):
            archive.writestr(f"assets/{number}", b"")


def _heap_of_itself(path):
    """Write an HDF5 file whose group is a tree that has itself as its child, again and again."""
    data = bytearray((FILES / "tf2.12.1_trained.h5").read_bytes())
    at = data.find(b"TREE")
    children = struct.pack("<QQ", 0, at) * 32
    data[at + 5 : at + 8] = struct.pack("<BH", 1, 32)
    data[at + 24 : at + 24 + len(children)] = children
    path.write_bytes(data)


HOSTILE = {"zip bomb": _bomb, "many members": _many_members, "tree of itself": _heap_of_itself}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused_within_the_limits(project, tmp_path, name):
    path = tmp_path / "model.keras"
    HOSTILE[name](path)
    done = project.call("readers", str(path), status=2)
    assert str(path) in done.stderr
    assert not project.left_over()


def test_a_file_that_takes_too_long_is_refused(project, tmp_path, monkeypatch):
    from harness.errors import UsageError
    from harness.saved_models.reading import read_saved_file

    with pytest.raises(UsageError, match="too long"):
        read_saved_file(FILES / "tf2.12.1_depthwise.h5", timeout_s=0.001)


def test_control_characters_of_a_file_do_not_reach_the_terminal(project, tmp_path):
    path = tmp_path / "model.keras"
    config = {"class_name": "Evil\x1b[2J", "config": {"layers": [{"class_name": "\x1b]0;x\x07", "config": {}}]}}
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("metadata.json", json.dumps({"keras_version": "3.8.0\x1b[31m"}))
    assert "\x1b" not in project.call("readers", str(path), status=1).stdout


def test_the_file_itself_is_tried_in_environments_and_compared(project, tmp_path):
    publish(project)
    prepare(project)
    arguments = ("readers", str(FILES / "tf2.12.1_depthwise.h5"), "--try", "--json")
    document = project.call(*arguments).document
    grades = {each["environment"]: each["grade"] for each in document["readers"]}
    assert grades == {"demo1.0": "refused", "demo1.1": "full", "demo2.0": "full"}
    assert document["tried"] is True
    assert document["install"]["environment"] == "demo2.0"
    (cell,) = document["readers"][1]["cells"]
    assert project.call("show", cell).status == 0
    again = project.call(*arguments)
    assert "Nothing to run" not in again.stdout
    assert again.document == document
    assert "to run in" not in again.stderr


def test_a_way_into_a_reader_that_refuses_the_file_is_tried_with_the_file_itself(project):
    publish(project)
    prepare(project)
    arguments = ("readers", str(FILES / "tf2.12.1_depthwise.h5"), "--try", "--wanted", "demo1.0")
    document = project.call(*arguments, "--json").document
    assert [(each["load_in"], each["save_as"]) for each in document["chain"]] == [("demo2.0", ".h5")]
    assert document["chain_tried"] is True
    (cell,) = document["chain_cells"]
    assert cell.endswith("@demo2.0 -> demo1.0")
    assert "Each step was run with the file itself" in project.call(*arguments).stdout
    assert project.call("show", cell).status == 0


def test_a_way_that_does_not_exist_is_not_invented(project):
    publish(project)
    prepare(project, DEMO.replace("not data.startswith", "True or data.startswith"))
    arguments = ("readers", str(FILES / "tf2.12.1_depthwise.h5"), "--try", "--wanted", "demo1.0")
    document = project.call(*arguments, "--json").document
    assert document["chain"] is None
    assert "No way into demo1.0 was found" in project.call(*arguments).stdout


def test_a_folder_and_the_code_of_the_user_are_tried(project, tmp_path):
    publish(project)
    prepare(project, DEMO.replace("open(sys.argv[1]", "open(sys.argv[1] + '/saved_model.pb'"))
    folder = tmp_path / "my model[1]"
    shutil.copytree(FILES / "tf2.12.1_custom-tf", folder)
    code = tmp_path / "classes.py"
    code.write_text("class Plain: pass\n")
    document = project.call(
        "readers", str(folder), "--try", "--code", str(code), "--environments", "demo2.0", "--json"
    ).document
    (reader,) = document["readers"]
    assert reader["grade"] == "partial"
    assert "nothing to compare with" in reader["differs"][0]
    assert list((project.root / "results" / "answers").iterdir())
