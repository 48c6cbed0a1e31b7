"""What saved models say about their writer: files that real releases wrote, and files that nobody should load."""

import io
import json
import os
import pickle
import shutil
import struct
import zipfile
from pathlib import Path

import pytest

from harness.saved_models.file_facts import FileFacts, Format
from harness.saved_models.file_kind import read_file
from harness.saved_models.refusal import LONGEST_TEXT, Damaged, Refusal

FILES = Path(__file__).parents[1] / "fixtures" / "saved_models"
CONVOLUTION = ("BatchNormalization", "Conv2D", "Dense", "DepthwiseConv2D", "Flatten", "Sequential")
NO_LAYERS = "A file of weights does not say which layers it is for."
CUSTOM = {"layers": ("Dense", "Plain", "Scale", "Sequential"), "custom": ("Mine>Scale", "Plain")}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("tf2.2.3_custom.h5", {"format": Format.H5, "writer": "Keras 2.3.0-tf", **CUSTOM}),
        ("tf2.2.3_custom-tf", {"format": Format.SAVED_MODEL, "writer": "Keras 2.3.0-tf, TensorFlow 2.2.3", **CUSTOM}),
        ("tf2.12.1_depthwise.h5", {"format": Format.H5, "writer": "Keras 2.12.0", "layers": CONVOLUTION, "custom": ()}),
        ("tf2.12.1_trained.h5", {"compiled": True, "custom": (), "backend": "tensorflow"}),
        ("tf2.12.1_lambda.h5", {"layers": ("Dense", "Functional", "Lambda"), "code": ("Lambda",), "custom": ()}),
        ("tf2.12.1_custom-tf", {"format": Format.SAVED_MODEL, "writer": "Keras 2.12.0, TensorFlow 2.12.1", **CUSTOM}),
        ("tf2.15.1_custom.keras", {"format": Format.KERAS, "writer": "Keras 2.15.0", **CUSTOM}),
        ("tf2.15.1_trained.h5", {"compiled": True, "custom": ()}),
        ("keras3.8.0_trained.keras", {"writer": "Keras 3.8.0", "layers": ("Dense", "Sequential"), "compiled": True}),
        ("keras3.8.0_lambda.keras", {"code": ("Lambda",), "compiled": False}),
        ("hdf5_latest.h5", {"format": Format.H5, "writer": "Keras 2.12.0", "layers": ("Dense", "Sequential")}),
        ("keras3.8.0_custom.weights.h5", {"format": Format.WEIGHTS, "writer": None, "layers": (),
                                          "notes": ("Its layout is that of TensorFlow 2.12 or later.", NO_LAYERS)}),
        ("tf2.12.1_dense.weights.h5", {"format": Format.WEIGHTS, "writer": None,
                                       "notes": ("Its layout is that of TensorFlow 2.12 to 2.14.", NO_LAYERS)}),
        ("keras3.8.0_lambda-export", {"format": Format.EXPORT, "writer": "TensorFlow 2.18.1"}),
        ("keras3.8.0_lambda-checkpoint", {"format": Format.CHECKPOINT, "writer": None}),
        ("keras3.8.0_lambda-checkpoint/ckpt-1", {"format": Format.CHECKPOINT}),
        ("keras3.8.0_lambda-checkpoint/ckpt-1.index", {"format": Format.CHECKPOINT}),
        ("tf2.12.1_custom-tf/saved_model.pb", {"format": Format.SAVED_MODEL}),
        ("tf2.12.1_custom-tf/variables/variables.index", {"format": Format.CHECKPOINT}),
    ],
)  # fmt: skip
def test_files_of_real_releases_say_who_wrote_them(name, expected):
    facts = read_file(FILES / name)
    assert {key: getattr(facts, key) for key in expected} == expected
    assert FileFacts.from_json(facts.to_json()) == facts


def test_a_form_of_hdf5_that_is_not_read_is_not_called_damaged():
    with pytest.raises(Refusal, match="not read here") as caught:
        read_file(FILES / "hdf5_attributes_in_a_heap.h5")
    assert not isinstance(caught.value, Damaged)
    assert "--written-by" in caught.value.next_step


def test_a_file_with_the_suffix_of_another_format_says_so():
    facts = read_file(FILES / "tf2.12.1_custom.keras")
    assert facts.format is Format.H5
    assert any("rename" in note for note in facts.notes)
    assert not read_file(FILES / "tf2.15.1_custom.keras").notes


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 5\n", "Git LFS"),
        (pickle.dumps({"weights": [1]}), "pickle"),
        (b"print('hello')\n" * 50, "text"),
        (b"\0" * 1000, "zeros"),
        (b"<html><body>Not found", "web page"),
        (bytes(range(0xF1, 0xF8)) + b"\xff" * 600, "no format of saved models"),
        (b"\x1c\0\0\0TFL3" + b"\0" * 100, "TensorFlow Lite"),
        (b"\x89HDF\r\n\x1a\n", "bytes"),
    ],
)
def test_what_is_no_model_is_refused_with_what_it_is(tmp_path, content, message):
    path = tmp_path / "model.h5"
    path.write_bytes(content)
    with pytest.raises(Refusal, match=message):
        read_file(path)


@pytest.mark.parametrize("name", ["tf2.12.1_trained.h5", "keras3.8.0_custom.weights.h5", "keras3.8.0_trained.keras"])
@pytest.mark.parametrize("part", [0.1, 0.5, 0.99])
def test_truncated_files_are_refused_as_truncated(tmp_path, name, part):
    data = (FILES / name).read_bytes()
    path = tmp_path / name
    path.write_bytes(data[: int(len(data) * part)])
    with pytest.raises(Damaged, match="truncated"):
        read_file(path)


def _archive(path, members, **config):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


GOOD = {
    "metadata.json": json.dumps({"keras_version": "3.8.0", "date_saved": "2025-01-01@00:00:00"}),
    "config.json": json.dumps({"class_name": "Sequential", "module": "keras", "config": {"layers": []}}),
    "model.weights.h5": b"\x89HDF",
}


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({**GOOD, "../../.bashrc": "x"}, "climbs out"),
        ({**GOOD, "/etc/passwd": "x"}, "climbs out"),
        ({**GOOD, "..\\..\\x": "x"}, "climbs out"),
        ({**GOOD, "C:/x": "x"}, "climbs out"),
        ({**GOOD, "config.json": "[" * 100_000}, "nested too deeply"),
        ({**GOOD, "config.json": "{"}, "not JSON"),
        ({**GOOD, "config.json": "[]"}, "not a JSON object"),
        ({**GOOD, "config.json": '{"x": ' + "9" * 10_000 + "}"}, "not JSON"),
        ({**GOOD, "config.json": " " * (LONGEST_TEXT + 2)}, "unpacks to more than"),
        ({"archive/data.pkl": b"\x80\x04."}, "PyTorch"),
        ({"saved_model.pb": b""}, "packed SavedModel"),
        ({"a.npy": b""}, "NumPy"),
        ({"readme": b""}, "without a config.json"),
    ],
    ids=range(13),
)
def test_archives_that_nobody_should_unpack_are_refused(tmp_path, members, message):
    with pytest.raises(Refusal, match=message):
        read_file(_archive(tmp_path / "model.keras", members))


def test_an_archive_with_two_configurations_is_refused(tmp_path):
    path = _archive(tmp_path / "model.keras", GOOD)
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("config.json", "{}")
    with pytest.raises(Refusal, match="two members"):
        read_file(path)


def test_an_archive_with_a_symbolic_link_is_refused(tmp_path):
    path = _archive(tmp_path / "model.keras", GOOD)
    link = zipfile.ZipInfo("assets/link")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(Refusal, match="symbolic link"):
        read_file(path)


def test_an_archive_whose_members_overlap_is_refused(tmp_path):
    """One block of compressed data that many entries of the directory name: a bomb without an end."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in GOOD.items():
            archive.writestr(name, content)
        archive.writestr("assets/0", b"\0" * 3_000_000)
        (inner,) = (each for each in archive.infolist() if each.filename == "assets/0")
        for number in range(1, 20):
            copy = zipfile.ZipInfo(f"assets/{number}")
            for key in ("compress_type", "CRC", "compress_size", "file_size", "header_offset", "flag_bits"):
                setattr(copy, key, getattr(inner, key))
            archive.filelist.append(copy)
            archive.NameToInfo[copy.filename] = copy
        archive._didModify = True
    path = tmp_path / "model.keras"
    path.write_bytes(stream.getvalue())
    with pytest.raises(Refusal, match="overlap"):
        read_file(path)


def test_an_archive_without_weights_or_with_pickles_says_so(tmp_path):
    members = {name: content for name, content in GOOD.items() if not name.startswith("model")}
    facts = read_file(_archive(tmp_path / "model.keras", {**members, "assets/tokens.pkl": b"\x80\x04."}))
    assert facts.keras == "3.8.0"
    assert len(facts.notes) == 2


def test_a_directory_of_an_archive_that_claims_gigabytes_is_not_read(tmp_path):
    data = bytearray(_archive(tmp_path / "model.keras", GOOD).read_bytes())
    place = data.rfind(b"PK\x05\x06")
    data[place + 12 : place + 16] = struct.pack("<I", 0xFFFFFFF0)
    (tmp_path / "model.keras").write_bytes(data)
    with pytest.raises(Damaged, match="directory"):
        read_file(tmp_path / "model.keras")


def test_hdf5_attributes_with_a_huge_shape_are_refused(tmp_path):
    data = bytearray((FILES / "tf2.12.1_trained.h5").read_bytes())
    # The data space of the attribute layer_names: version 1, one dimension, its size.
    place = data.find(b"layer_names\0")
    dimension = data.find(b"\x01\x01", place)
    data[dimension + 8 : dimension + 16] = (1 << 60).to_bytes(8, "little")
    (tmp_path / "model.h5").write_bytes(data)
    with pytest.raises(Damaged, match="values"):
        read_file(tmp_path / "model.h5")


def test_folders_that_are_no_saved_model_say_what_is_missing(tmp_path):
    with pytest.raises(Refusal, match="empty"):
        read_file(tmp_path)
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(Refusal, match=r"no saved_model\.pb"):
        read_file(tmp_path)
    shutil.copytree(FILES / "tf2.12.1_custom-tf", tmp_path / "1")
    with pytest.raises(Refusal, match="has one in it") as caught:
        read_file(tmp_path)
    assert caught.value.next_step.endswith("/1")


def test_links_that_lead_out_of_a_folder_are_not_followed(tmp_path):
    (tmp_path / "secret").write_bytes((FILES / "tf2.12.1_custom-tf" / "saved_model.pb").read_bytes())
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "saved_model.pb").symlink_to(tmp_path / "secret")
    with pytest.raises(Refusal, match="leads out"):
        read_file(folder)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_pipes_are_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "model.h5")
    with pytest.raises(Refusal, match="not a regular file"):
        read_file(tmp_path / "model.h5")


def test_a_checkpoint_without_its_data_or_with_less_is_refused(tmp_path):
    folder = tmp_path / "checkpoint"
    shutil.copytree(FILES / "keras3.8.0_lambda-checkpoint", folder)
    (data,) = folder.glob("*.data-*")
    data.write_bytes(data.read_bytes()[:-100])
    with pytest.raises(Damaged, match="truncated"):
        read_file(folder)
    data.unlink()
    with pytest.raises(Refusal, match="missing"):
        read_file(folder)


def test_a_damaged_saved_model_is_refused(tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(FILES / "tf2.12.1_custom-tf", folder)
    whole = (folder / "saved_model.pb").read_bytes()
    for data in (b"", b"hello world, this is no protocol buffer", whole[: len(whole) // 2], whole[100:]):
        (folder / "saved_model.pb").write_bytes(data)
        with pytest.raises(Refusal):
            read_file(folder)


def test_a_configuration_as_text_is_read(tmp_path):
    path = tmp_path / "model.json"
    dense = {"class_name": "Dense", "config": {}}
    path.write_text(json.dumps({"class_name": "Sequential", "config": {"layers": [dense]}, "keras_version": "2.12.0"}))
    facts = read_file(path)
    assert (facts.format, facts.keras, facts.layers) == (Format.JSON, "2.12.0", ("Dense", "Sequential"))
    path.write_text('{"a": 1}')
    with pytest.raises(Refusal, match="not the configuration of a model"):
        read_file(path)


def test_wrapped_and_nested_layers_are_found(tmp_path):
    dense = {"class_name": "Dense", "module": "keras.layers", "config": {}, "registered_name": None}
    inner = {"class_name": "Functional", "module": "keras", "config": {"layers": [dense]}}
    cell = {"class_name": "LSTMCell", "config": {}}
    wrapped = {"class_name": "Bidirectional", "config": {"layer": {"class_name": "RNN", "config": {"cell": cell}}}}
    loss = {"class_name": "Mine", "module": "__main__", "config": {}, "registered_name": "My>Mine"}
    config = {
        "class_name": "Sequential",
        "config": {"layers": [inner, wrapped, {"class_name": "Odd", "config": {"units": {"class_name": "X"}}}]},
        "compile_config": {"loss": loss, "optimizer": "adam"},
    }
    facts = read_file(_archive(tmp_path / "m.keras", {**GOOD, "config.json": json.dumps(config)}))
    assert facts.layers == ("Bidirectional", "Dense", "Functional", "LSTMCell", "Odd", "RNN", "Sequential")
    assert facts.custom == ("My>Mine", "Odd")
