"""The format of a saved model by its content, or the kind of another file. Reads it in this process."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from harness.saved_models.checkpoint import checkpoint_prefix, read_checkpoint
from harness.saved_models.config import Kinds, read_object
from harness.saved_models.file_facts import FileFacts, Format, from_mapping
from harness.saved_models.hdf5 import SIGNATURE as HDF5
from harness.saved_models.hdf5_model import read_hdf5
from harness.saved_models.keras_archive import SIGNATURE as ZIP
from harness.saved_models.keras_archive import read_archive
from harness.saved_models.refusal import Refusal
from harness.saved_models.saved_model import GRAPH, read_saved_model, refuse_other_folder
from harness.saved_models.window import Window, open_regular, window_of

_HEAD = 512
_OTHER = (
    (b"version https://git-lfs.github.com/spec", "it is a pointer of Git LFS, not the file itself", "Run git lfs pull"),
    (b"\x80\x02", "it is a pickle: reading it would run its code", "Save the model with model.save"),
    (b"\x80\x03", "it is a pickle: reading it would run its code", "Save the model with model.save"),
    (b"\x80\x04", "it is a pickle: reading it would run its code", "Save the model with model.save"),
    (b"\x80\x05", "it is a pickle: reading it would run its code", "Save the model with model.save"),
    (b"PK\x05\x06", "it is an empty ZIP archive", ""),
    (b"\x93NUMPY", "it is an array of NumPy, not a model", ""),
    (b"\x1f\x8b", "it is a gzip archive", "Unpack it, and name what is in it"),
    (b"<!DOCTYPE", "it is a web page: the download failed", "Download the file itself"),
    (b"<html", "it is a web page: the download failed", "Download the file itself"),
)
_TFLITE = b"TFL3"


def read_file(path: Path) -> FileFacts:
    """Return the facts of a saved model. Raises Refusal, and OSError."""
    prefix = None if (path / GRAPH).exists() else checkpoint_prefix(path)
    if prefix is not None:
        return read_checkpoint(prefix)
    if path.is_dir():
        if not (path / GRAPH).exists():
            raise refuse_other_folder(path)
        return read_saved_model(path)
    if path.name == GRAPH:
        return read_saved_model(path.parent)
    with open_regular(path) as stream:
        head = stream.read(_HEAD)
        if not head:
            raise Refusal("it is empty")
        if head.startswith(ZIP):
            return _named(path, read_archive(stream))
        if head.startswith(HDF5):
            return _named(path, read_hdf5(window_of(stream)))
        if head.lstrip().startswith(b"{"):
            return _read_json(window_of(stream))
    raise _refusal(head)


def _read_json(file: Window) -> FileFacts:
    """Return the facts of the configuration of a model, as `model.to_json` writes it. Raises Refusal."""
    config = read_object(file.read(0, file.size), "the file")
    if "class_name" not in config or "config" not in config:
        raise Refusal("it is JSON, but not the configuration of a model: it has no class_name and config")
    kinds = Kinds()
    kinds.add_model(config)
    return FileFacts(
        format=Format.JSON,
        keras=from_mapping(config, "keras_version"),
        backend=from_mapping(config, "backend"),
        layers=tuple(sorted(kinds.layers)),
        custom=kinds.sorted_custom,
        code=tuple(sorted(kinds.code)),
        nested=kinds.models > 1,
        mixed=kinds.mixed,
        notes=("It has the configuration only: the weights are in another file.",),
    )


def _named(path: Path, facts: FileFacts) -> FileFacts:
    """Return the facts of a file, with a note if its suffix is that of another format: readers use the suffix."""
    wanted = (".keras",) if facts.format is Format.KERAS else (".h5", ".hdf5")
    if path.name.lower().endswith(wanted):
        return facts
    named = (
        f"The content is {facts.format}, and the name does not end in {wanted[0]}: rename it, readers go by the name."
    )
    return replace(facts, notes=(*facts.notes, named))


def _refusal(head: bytes) -> Refusal:
    for magic, what, next_step in _OTHER:
        if head.startswith(magic):
            return Refusal(what, next_step)
    if head[4:8] == _TFLITE:
        return Refusal("it is a model of TensorFlow Lite, which Keras does not read")
    if not any(head):
        return Refusal("it begins with zeros: the copy or download is incomplete")
    kind = "text" if _is_text(head) else "of no format of saved models"
    return Refusal(f"it is {kind}: a saved model is a .keras or .h5 file, a SavedModel folder or a checkpoint")


def _is_text(head: bytes) -> bool:
    try:
        return head[:-4].decode("utf-8").replace("\n", "").replace("\r", "").replace("\t", "").isprintable()
    except UnicodeDecodeError:
        return False
