"""The wire format of protocol buffers: fields of a message by number. No schema, no dependencies."""

from __future__ import annotations

from collections.abc import Iterator

from harness.saved_models.refusal import Budget, Damaged
from harness.saved_models.window import Window

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
_LONGEST_VARINT = 10


def fields(data: bytes, budget: Budget) -> Iterator[tuple[int, int | bytes]]:
    """Yield the fields of a message: numbers of variable length as int, everything else as bytes. Raises Damaged."""
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        budget.spend(0)
        value: int | bytes
        match key & 7:
            case 0:
                value, at = varint(data, at)
            case 1 | 5 as kind:
                value, at = _cut(data, at, 8 if kind == FIXED64 else 4)
            case 2:
                length, at = varint(data, at)
                value, at = _cut(data, at, length)
            case _:
                raise Damaged("it is not a protocol buffer")
        yield _number(key), value


def parts(file: Window) -> Iterator[tuple[int, Window]]:
    """Yield the fields of a long message that have bytes, as windows: nothing of them is read. Raises Damaged."""
    at = 0
    while at < file.size:
        key, at = _varint_in(file, at)
        match key & 7:
            case 0:
                _, at = _varint_in(file, at)
            case 1 | 5 as kind:
                at += 8 if kind == FIXED64 else 4
            case 2:
                length, at = _varint_in(file, at)
                yield _number(key), file.part(at, length)
                at += length
            case _:
                raise Damaged("it is not a protocol buffer")
    if at > file.size:
        raise Damaged("it is truncated")


def varint(data: bytes, at: int) -> tuple[int, int]:
    """Return a number of variable length, and where it ends. Raises Damaged."""
    value = 0
    for place in range(_LONGEST_VARINT):
        if at + place >= len(data):
            raise Damaged("it is truncated")
        byte = data[at + place]
        value |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            return value, at + place + 1
    raise Damaged("it is not a protocol buffer")


def _varint_in(file: Window, at: int) -> tuple[int, int]:
    value, length = varint(file.read(at, min(_LONGEST_VARINT, file.size - at)), 0)
    return value, at + length


def _cut(data: bytes, at: int, length: int) -> tuple[bytes, int]:
    if at + length > len(data):
        raise Damaged("it is truncated")
    return data[at : at + length], at + length


def _number(key: int) -> int:
    if key >> 3 == 0:
        raise Damaged("it is not a protocol buffer")
    return key >> 3


def text(value: int | bytes) -> str:
    """Return a field that holds text; empty if it is a number."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else ""
