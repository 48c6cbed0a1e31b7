"""The groups and the text attributes of an HDF5 file, as its specification describes them. No data, no filters.

What Keras and h5py write is read: superblocks 0 to 3, both forms of object headers and groups, attributes in the
header, fixed and variable-length text. What else there may be raises Unread. Links to other files are never followed.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from harness.saved_models.refusal import LONGEST_TEXT, MOST_PARTS, Damaged
from harness.saved_models.window import Window

SIGNATURE = b"\x89HDF\r\n\x1a\n"
_NOWHERE = (1 << 64) - 1
_LINK_INFO, _LINK, _ATTRIBUTE, _CONTINUATION, _SYMBOL_TABLE, _ATTRIBUTE_INFO = 0x02, 0x06, 0x0C, 0x10, 0x11, 0x15
_DEEPEST = 32
_FIXED, _VARIABLE = 3, 9
_SCALAR, _NULL = 0, 2


class Unread(Exception):
    """A file uses a form of HDF5 that is not read here. It may be sound."""


@dataclass(frozen=True)
class _Message:
    type: int
    flags: int
    data: bytes


@dataclass
class Hdf5:
    """An HDF5 file."""

    file: Window
    offset_size: int = 8
    length_size: int = 8
    root: int = 0
    """The address of the header of the root group."""
    _headers: dict[int, list[_Message]] = field(default_factory=dict)
    _heaps: dict[int, dict[int, bytes]] = field(default_factory=dict)

    @classmethod
    def of(cls, file: Window) -> Hdf5:
        """Read the superblock. Raises Damaged, also if the file is shorter than that says, and Unread."""
        if file.size < len(SIGNATURE) or file.read(0, len(SIGNATURE)) != SIGNATURE:
            raise Damaged("it does not begin as an HDF5 file")
        version = _byte(file.read(8, 1))
        if version in (0, 1):
            offset_size, length_size = file.read(13, 2)
            place = 24 + (4 if version == 1 else 0)
            names = ["base", "free", "end", "driver", "name", "root"]
        elif version in (2, 3):
            offset_size, length_size = file.read(9, 2)
            place, names = 12, ["base", "extension", "end", "root"]
        else:
            raise Unread(f"its superblock has version {version}")
        if offset_size not in (4, 8) or length_size not in (4, 8):
            raise Damaged("its addresses have an impossible size")
        data = file.read(place, offset_size * len(names))
        found = {
            name: int.from_bytes(data[at * offset_size : (at + 1) * offset_size], "little")
            for at, name in enumerate(names)
        }
        if found["base"] != 0:
            raise Unread("it begins with a user block")
        if found["end"] > file.size:
            raise Damaged(f"it is truncated: it has {file.size:,} of {found['end']:,} bytes")
        return cls(file=file, offset_size=offset_size, length_size=length_size, root=found["root"])

    def attributes(self, address: int) -> Mapping[str, tuple[str, ...]]:
        """Return the attributes of a group that hold text: each value is a tuple, also of a single one."""
        found = {}
        for message in self._header(address):
            if message.type == _ATTRIBUTE:
                named = self._attribute(message)
                if named is not None:
                    found[named[0]] = named[1]
            elif message.type == _ATTRIBUTE_INFO and self._is_dense(message.data, flag=1, skip=2):
                raise Unread("its attributes are in a heap of their own")
        return found

    def links(self, address: int) -> Mapping[str, int]:
        """Return the addresses of the members of a group, by name. Links to other places and files are left out."""
        found: dict[str, int] = {}
        for message in self._header(address):
            if message.type == _SYMBOL_TABLE:
                tree, heap = self._offsets(message.data, 2)
                found.update(self._symbols(tree, self._local_heap(heap)))
            elif message.type == _LINK:
                link = self._link(message.data)
                if link is not None:
                    found[link[0]] = link[1]
            elif message.type == _LINK_INFO and self._is_dense(message.data, flag=1, skip=8):
                raise Unread("its groups are in a heap of their own")
        return found

    def _header(self, address: int) -> list[_Message]:
        if address not in self._headers:
            second = self.file.read(address, 4) == b"OHDR"
            messages = self._second_header(address) if second else self._first_header(address)
            self._headers[address] = list(messages)
        return self._headers[address]

    def _first_header(self, address: int) -> Iterator[_Message]:
        version, _, count, _, size = struct.unpack("<BBHII", self.file.read(address, 12))
        if version != 1:
            raise Damaged(f"a header at {address:,} has version {version}")
        blocks = [(address + 16, size)]
        for place, length in blocks:
            data, at = self.file.read(place, length), 0
            while at + 8 <= len(data) and count > 0:
                type, size, flags = struct.unpack_from("<HHB", data, at)
                message = _Message(type, flags, _cut(data, at + 8, size))
                at, count = at + 8 + size, count - 1
                if type == _CONTINUATION:
                    blocks.append(self._continued(message.data))
                yield message
            if len(blocks) > MOST_PARTS:
                raise Damaged("a header has no end")

    def _second_header(self, address: int) -> Iterator[_Message]:
        version, flags = self.file.read(address + 4, 2)
        if version != 2:
            raise Damaged(f"a header at {address:,} has version {version}")
        place = address + 6 + (16 if flags & 0x20 else 0) + (4 if flags & 0x10 else 0)
        width = 1 << (flags & 3)
        length = int.from_bytes(self.file.read(place, width), "little")
        blocks = [(place + width, length, False)]
        head = 6 if flags & 4 else 4
        for start, size, continued in blocks:
            data, at = self.file.read(start, size), 0
            if continued:
                if data[:4] != b"OCHK":
                    raise Damaged(f"a header continues at {start:,}, where there is none")
                data, at = data[:-4], 4
            while at + head <= len(data):
                type, length, marks = struct.unpack_from("<BHB", data, at)
                message = _Message(type, marks, _cut(data, at + head, length))
                at += head + length
                if type == _CONTINUATION:
                    blocks.append((*self._continued(message.data), True))
                yield message
            if len(blocks) > MOST_PARTS:
                raise Damaged("a header has no end")

    def _continued(self, data: bytes) -> tuple[int, int]:
        wanted = _cut(data, 0, self.offset_size + self.length_size)
        return (
            int.from_bytes(wanted[: self.offset_size], "little"),
            int.from_bytes(wanted[self.offset_size :], "little"),
        )

    def _attribute(self, message: _Message) -> tuple[str, tuple[str, ...]] | None:
        data = message.data
        version, flags, name_size, type_size, space_size = struct.unpack("<BBHHH", _cut(data, 0, 8))
        if version not in (1, 2, 3):
            raise Unread(f"an attribute has version {version}")
        place = 9 if version == 3 else 8
        pieces = []
        for size in (name_size, type_size, space_size):
            pieces.append(_cut(data, place, size))
            place += size + (-size % 8 if version == 1 else 0)
        name = pieces[0].split(b"\0")[0].decode("utf-8", "replace")
        if version > 1 and flags & 3:
            return None  # its type is kept elsewhere: no text of Keras is
        return name, values if (values := self._texts(pieces[1], pieces[2], data[place:])) is not None else ()

    def _texts(self, type: bytes, space: bytes, data: bytes) -> tuple[str, ...] | None:
        kind, bits, size = type[0] & 15 if type else 0, _byte(type[1:2]), int.from_bytes(type[4:8], "little")
        if kind not in (_FIXED, _VARIABLE) or (kind == _VARIABLE and bits & 15 != 1):
            return None
        count = self._count(space)
        if kind == _FIXED:
            texts = _cut(data, 0, count * size)
            return tuple(_text(texts[at * size : (at + 1) * size]) for at in range(count)) if size else ()
        width = 8 + self.offset_size
        found = []
        for at in range(count):
            element = _cut(data, at * width, width)
            length = int.from_bytes(element[:4], "little")
            address = int.from_bytes(element[4 : 4 + self.offset_size], "little")
            index = int.from_bytes(element[4 + self.offset_size :], "little")
            found.append(_text(self._global_heap(address).get(index, b"")[:length]) if length else "")
        return tuple(found)

    def _count(self, space: bytes) -> int:
        """Return the number of elements of a data space."""
        version, dimensions = _cut(space, 0, 2)
        if version not in (1, 2):
            raise Unread(f"a data space has version {version}")
        if version == 2 and _byte(space[3:4]) == _NULL:
            return 0
        place, count = (8 if version == 1 else 4), 1
        for at in range(dimensions):
            size = _cut(space, place + at * self.length_size, self.length_size)
            count *= int.from_bytes(size, "little")
        if count > MOST_PARTS:
            raise Damaged(f"an attribute has {count:,} values")
        return count

    def _global_heap(self, address: int) -> Mapping[int, bytes]:
        if address in self._heaps:
            return self._heaps[address]
        start = self.file.read(address, 8 + self.length_size)
        size = int.from_bytes(start[8:], "little")
        if start[:4] != b"GCOL" or size > LONGEST_TEXT:
            raise Damaged(f"there is no heap of texts at {address:,}")
        data, at = self.file.read(address, size), 8 + self.length_size
        found: dict[int, bytes] = {}
        while at + 8 + self.length_size <= len(data):
            index = int.from_bytes(data[at : at + 2], "little")
            length = int.from_bytes(data[at + 8 : at + 8 + self.length_size], "little")
            if index == 0:
                break
            found[index] = _cut(data, at + 8 + self.length_size, length)
            at += 8 + self.length_size + length + (-length % 8)
        self._heaps[address] = found
        return found

    def _local_heap(self, address: int) -> bytes:
        data = self.file.read(address, 8 + 2 * self.length_size + self.offset_size)
        if data[:4] != b"HEAP":
            raise Damaged(f"there are no names of a group at {address:,}")
        size = int.from_bytes(data[8 : 8 + self.length_size], "little")
        place = int.from_bytes(data[8 + 2 * self.length_size :], "little")
        return self.file.read(place, size)

    def _symbols(self, tree: int, names: bytes, depth: int = 0) -> Iterator[tuple[str, int]]:
        if depth > _DEEPEST:
            raise Damaged("a group is a tree without an end")
        start = self.file.read(tree, 8)
        if start[:4] == b"SNOD":
            yield from self._symbol_node(tree, int.from_bytes(start[6:8], "little"), names)
            return
        if start[:4] != b"TREE" or start[4] != 0:
            raise Damaged(f"there is no group at {tree:,}")
        used = int.from_bytes(start[6:8], "little")
        step = self.length_size + self.offset_size
        data = self.file.read(tree + 8 + 2 * self.offset_size, used * step + self.length_size)
        for at in range(used):
            child = data[at * step + self.length_size : (at + 1) * step]
            yield from self._symbols(int.from_bytes(child, "little"), names, depth + 1)

    def _symbol_node(self, address: int, count: int, names: bytes) -> Iterator[tuple[str, int]]:
        width = 2 * self.offset_size + 24
        data = self.file.read(address + 8, count * width)
        for at in range(0, len(data), width):
            name, header = self._offsets(data[at : at + width], 2)
            if (
                int.from_bytes(data[at + 2 * self.offset_size : at + 2 * self.offset_size + 4], "little") != 2
            ):  # no link
                yield _text(_cut(names, name, 0) + names[name:].split(b"\0", 1)[0]), header

    def _link(self, data: bytes) -> tuple[str, int] | None:
        version, flags = _cut(data, 0, 2)
        if version != 1:
            raise Unread(f"a link has version {version}")
        place = 2
        kind = _byte(data[place : place + 1]) if flags & 8 else 0
        place += (1 if flags & 8 else 0) + (8 if flags & 4 else 0) + (1 if flags & 0x10 else 0)
        width = 1 << (flags & 3)
        length = int.from_bytes(_cut(data, place, width), "little")
        name = _text(_cut(data, place + width, length))
        return (name, self._offsets(data[place + width + length :], 1)[0]) if kind == 0 else None

    def _is_dense(self, data: bytes, *, flag: int, skip: int) -> bool:
        """Return whether an info message names a heap."""
        place = 2 + (skip if _byte(data[1:2]) & flag else 0)
        return int.from_bytes(_cut(data, place, self.offset_size), "little") != _NOWHERE >> (64 - 8 * self.offset_size)

    def _offsets(self, data: bytes, count: int) -> tuple[int, ...]:
        wanted = _cut(data, 0, count * self.offset_size)
        size = self.offset_size
        return tuple(int.from_bytes(wanted[at * size : (at + 1) * size], "little") for at in range(count))


def _cut(data: bytes, start: int, length: int) -> bytes:
    """Return exactly `length` bytes. Raises Damaged if there are fewer."""
    if start < 0 or start + length > len(data):
        raise Damaged("a part of it is cut off")
    return data[start : start + length]


def _byte(data: bytes) -> int:
    return data[0] if data else 0


def _text(data: bytes) -> str:
    return data.split(b"\0", 1)[0].decode("utf-8", "replace")
