"""Checkpoints of TensorFlow: the index of `NAME.index`, a sorted table, and the data files that it needs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from harness.saved_models.file_facts import FileFacts, Format
from harness.saved_models.protobuf import fields, varint
from harness.saved_models.refusal import Budget, Damaged, Refusal
from harness.saved_models.window import Window, open_regular, window_of

_FOOTER = 48
_MAGIC = 0xDB4775248B80FB57.to_bytes(8, "little")
_UNCOMPRESSED = 0
_SHARDS = 1
_SHARD, _OFFSET, _SIZE = 3, 4, 5
_LATEST = re.compile(r'^model_checkpoint_path: "([^"\\/]{1,200})"$', re.MULTILINE)
_LONGEST_STATE = 1 << 16


def checkpoint_prefix(path: Path) -> Path | None:
    """Return the common beginning of the files of a checkpoint: of one of its files, its prefix or its folder."""
    if path.is_dir():
        state = path / "checkpoint"
        if state.is_file():
            with open_regular(state, below=path) as stream:
                found = _LATEST.search(stream.read(_LONGEST_STATE).decode("utf-8", "replace"))
            if found is not None and (path / f"{found[1]}.index").is_file():
                return path / found[1]
        indexes = sorted(each for each in path.glob("*.index") if each.is_file())
        return indexes[0].with_suffix("") if len(indexes) == 1 else None
    stem = re.sub(r"\.(index|meta|data-\d{5}-of-\d{5})$", "", path.name)
    prefix = path.with_name(stem)
    return prefix if path.with_name(f"{stem}.index").is_file() else None


def read_checkpoint(prefix: Path) -> FileFacts:
    """Check a checkpoint. It does not say who wrote it. Raises Refusal, also if one of its data files is missing."""
    folder = prefix.parent
    with open_regular(prefix.with_name(f"{prefix.name}.index"), below=folder) as stream:
        entries = list(_entries(window_of(stream)))
    if not entries or entries[0][0] != b"":
        raise Damaged("its index has no header")
    budget = Budget()
    shards = max(1, dict(_numbers(entries[0][1], budget)).get(_SHARDS, 0))
    ends: dict[int, int] = {}
    for _, entry in entries[1:]:
        numbers = dict(_numbers(entry, budget))
        shard = numbers.get(_SHARD, 0)
        ends[shard] = max(ends.get(shard, 0), numbers.get(_OFFSET, 0) + numbers.get(_SIZE, 0))
    for shard, end in sorted(ends.items()):
        name = f"{prefix.name}.data-{shard:05d}-of-{shards:05d}"
        path = folder / name
        if not path.is_file():
            raise Refusal(f"its data file {name} is missing", "Copy all files of the checkpoint into one folder")
        if path.stat().st_size < end:
            raise Damaged(f"{name} is truncated: it has {path.stat().st_size:,} of {end:,} bytes")
    note = "A checkpoint does not say which version wrote it, nor which layers it is for."
    return FileFacts(format=Format.CHECKPOINT, notes=(note,))


def _numbers(entry: bytes, budget: Budget) -> Iterator[tuple[int, int]]:
    yield from ((number, value) for number, value in fields(entry, budget) if isinstance(value, int))


def _entries(file: Window) -> Iterator[tuple[bytes, bytes]]:
    """Yield the keys and values of a sorted table."""
    if file.size < _FOOTER:
        raise Damaged("its index is truncated" if file.size else "its index is empty")
    footer = file.read(file.size - _FOOTER, _FOOTER)
    if footer[40:] != _MAGIC:
        raise Damaged("its index is not that of a checkpoint, or is truncated")
    at = 0
    handle = []
    for _ in range(4):
        number, at = varint(footer, at)
        handle.append(number)
    for _, value in _block(file, handle[2], handle[3]):
        offset, at = varint(value, 0)
        size, _ = varint(value, at)
        yield from _block(file, offset, size)


def _block(file: Window, offset: int, size: int) -> Iterator[tuple[bytes, bytes]]:
    data = file.read(offset, size + 1)
    if data[size] != _UNCOMPRESSED:
        raise Refusal("its index is compressed: that is not read here")
    if size < 4:
        raise Damaged("its index has an empty block")
    end = size - 4 - 4 * int.from_bytes(data[size - 4 : size], "little")
    at, key = 0, b""
    while at < end:
        file.budget.spend(len(key))
        shared, at = varint(data, at)
        more, at = varint(data, at)
        length, at = varint(data, at)
        if shared > len(key) or at + more + length > end:
            raise Damaged("its index contradicts itself")
        key = key[:shared] + data[at : at + more]
        yield key, data[at + more : at + more + length]
        at += more + length
