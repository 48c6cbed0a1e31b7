"""The `.keras` archive: a ZIP file with a configuration, metadata and weights. Nothing is unpacked to disk."""

from __future__ import annotations

import errno
import struct
import zipfile
import zlib
from pathlib import PurePosixPath
from typing import BinaryIO

from harness.saved_models.config import Kinds, read_object
from harness.saved_models.file_facts import FileFacts, Format, from_mapping
from harness.saved_models.refusal import LONGEST_TEXT, Damaged, Refusal
from harness.saved_models.window import window_of

SIGNATURE = b"PK\x03\x04"
_END = b"PK\x05\x06"
_END_SIZE = 22
_LONGEST_COMMENT = 1 << 16
_LONGEST_DIRECTORY = 1 << 24
_MOST_UNPACKED = 1 << 40
_WEIGHTS = ("model.weights.h5", "model.weights.npz", "model.weights.json")
_READ = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def read_archive(stream: BinaryIO) -> FileFacts:
    """Return the facts of a `.keras` archive. Raises Refusal, also for every other ZIP file."""
    size = _check_directory(stream)
    try:
        with zipfile.ZipFile(stream) as archive:
            members = _checked(archive, size)
            if "config.json" not in members:
                raise Refusal(_other_archive(members), "Name a file that Keras saved")
            config = read_object(_member(archive, members["config.json"]), "its config.json")
            metadata = {}
            if "metadata.json" in members:
                metadata = read_object(_member(archive, members["metadata.json"]), "its metadata.json")
    except (zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, ValueError) as error:
        raise Damaged(f"it is a damaged ZIP archive: {type(error).__name__}") from None
    except OSError as error:
        if error.errno != errno.EINVAL:  # a place before the beginning of the file
            raise
        raise Damaged("it is a damaged ZIP archive: one of its members begins before the file") from None
    kinds = Kinds()
    kinds.add_model(config)
    compiled = config.get("compile_config")
    kinds.add_others(compiled)
    notes = [] if any(name in members for name in _WEIGHTS) else ["It has no weights: a reader gets fresh ones."]
    if any(PurePosixPath(name).suffix in (".pkl", ".pickle") for name in members):
        notes.append("It has pickled files. Keras does not need them; they were not read.")
    return FileFacts(
        format=Format.KERAS,
        keras=from_mapping(metadata, "keras_version"),
        saved=from_mapping(metadata, "date_saved"),
        layers=tuple(sorted(kinds.layers)),
        custom=kinds.sorted_custom,
        code=tuple(sorted(kinds.code)),
        nested=kinds.models > 1,
        mixed=kinds.mixed,
        compiled=bool(compiled),
        notes=tuple(notes),
    )


def _check_directory(stream: BinaryIO) -> int:
    """Return the size of the file. Raises Damaged if its directory is missing or too large to read into memory."""
    file = window_of(stream)
    length = min(file.size, _END_SIZE + _LONGEST_COMMENT)
    tail = file.read(file.size - length, length)
    place = tail.rfind(_END)
    if place < 0 or len(tail) < place + _END_SIZE:
        raise Damaged("it is truncated: the directory at the end of a ZIP archive is missing")
    directory = int.from_bytes(tail[place + 12 : place + 16], "little")
    if directory == 0xFFFFFFFF:
        raise Damaged("the directory of the archive is longer than any model needs")
    if directory > _LONGEST_DIRECTORY:
        raise Damaged(f"the directory of the archive has {directory:,} bytes")
    return file.size


def _checked(archive: zipfile.ZipFile, size: int) -> dict[str, zipfile.ZipInfo]:
    """Return the members by name. Raises Refusal for an archive that nobody should unpack."""
    members: dict[str, zipfile.ZipInfo] = {}
    for member in archive.infolist():
        name = member.filename
        parts = name.replace("\\", "/").split("/")
        if name.startswith(("/", "\\")) or ".." in parts or ":" in parts[0]:
            raise Refusal(f"one of its paths climbs out of the archive: {name[:100]!r}", "Do not unpack or load it")
        if name in members:
            raise Refusal(f"it has two members {name[:100]!r}: readers differ in which they take", "Do not load it")
        if (member.external_attr >> 16) & 0o170000 == 0o120000:
            raise Refusal(f"one of its members is a symbolic link: {name[:100]!r}", "Do not unpack or load it")
        members[name] = member
    if sum(each.compress_size for each in members.values()) > size:
        raise Refusal("its members overlap: it unpacks to more than it has", "Do not unpack or load it")
    if sum(each.file_size for each in members.values()) > _MOST_UNPACKED:
        raise Refusal("it unpacks to more than a TiB", "Do not unpack or load it")
    return members


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    """Return the content of a small member."""
    if member.flag_bits & 1:
        raise Refusal(f"{member.filename} is encrypted", "Decrypt it first")
    if member.compress_type not in _READ:
        raise Refusal(f"{member.filename} is compressed in a way that Keras does not use")
    with archive.open(member) as stream:
        data = stream.read(LONGEST_TEXT + 1)
    if len(data) > LONGEST_TEXT:
        raise Refusal(f"{member.filename} unpacks to more than {LONGEST_TEXT >> 20} MiB", "Do not unpack or load it")
    return data


def _other_archive(members: dict[str, zipfile.ZipInfo]) -> str:
    names = {PurePosixPath(name).name for name in members}
    if "data.pkl" in names:
        return "it is an archive of PyTorch, not of Keras"
    if any(name.endswith(".npy") for name in names):
        return "it is an archive of NumPy arrays, not a model"
    if "saved_model.pb" in names:
        return "it is a packed SavedModel: unpack it and name the folder"
    return "it is a ZIP archive without a config.json, and so not a Keras model"
