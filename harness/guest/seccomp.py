"""The seccomp filter of a sandbox: the system calls that it refuses.

Loaded by path: standard library only, Python 3.6 or newer.
"""

import ctypes
import errno
import platform
import struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import List, Optional, Tuple

    from harness.guest import system_calls
    from harness.guest.worker import load

    Instruction = Tuple[Optional[str], int, Optional[str], Optional[str], int]
else:
    system_calls = load("system_calls.py")

SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW = 1, 4
SECCOMP_ALLOW, SECCOMP_ERRNO = 0x7FFF0000, 0x00050000
# What filters know an architecture by, and its numbers of seccomp, socket and shmget.
CALLS = {"x86_64": (0xC000003E, 317, 41, 29), "aarch64": (0xC00000B7, 277, 198, 194)}
LOAD, JUMP_IF_EQUAL, JUMP_IF_AT_LEAST, RETURN = 0x20, 0x15, 0x35, 0x06  # operations of a seccomp filter
CALL_NUMBER, ARCHITECTURE, FIRST_ARGUMENT = 0, 4, 16  # offsets in struct seccomp_data
INSTRUCTION = "=HBBI"
SYS_IO_URING_SETUP, X32_CALLS = 425, 0x40000000
SOCKETS = (1, 2, 10, 16)  # local ones, IPv4, IPv6, netlink


def install() -> None:
    """Refuse all kinds of sockets but those that a network namespace isolates: others reach the host from any (vsock).

    Also refuse segments of System V: no process maps them, so a polled memory limit would not see them. Where the
    kernel has no such filters, or on another architecture, nothing is refused.
    """
    known = CALLS.get(platform.machine())
    if known is None:
        return
    code = ctypes.create_string_buffer(assemble(program_of(*known[:1] + known[2:])))
    filters = struct.pack("HP", len(code.raw) // struct.calcsize(INSTRUCTION), ctypes.addressof(code))
    # SPEC_ALLOW: kernels before 5.16 would else switch speculative execution off, which is slow.
    system_calls.libc.syscall(known[1], SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, filters)


def program_of(architecture: int, socket_call: int, shmget: int) -> "List[Instruction]":
    """Return the filter as (label or None, operation, label if true, label if false, value) for each instruction.

    A label of None is the next instruction. `architecture` is the number that filters know, the others are calls.
    """
    program: "List[Instruction]" = [
        (None, LOAD, None, None, ARCHITECTURE),
        (None, JUMP_IF_EQUAL, None, "refuse", architecture),  # 32-bit calls have other numbers: refuse them all
        (None, LOAD, None, None, CALL_NUMBER),
        (None, JUMP_IF_AT_LEAST, "refuse", None, X32_CALLS),
        (None, JUMP_IF_EQUAL, "refuse", None, SYS_IO_URING_SETUP),  # it makes sockets, too, past any filter
        (None, JUMP_IF_EQUAL, "refuse", None, shmget),
        (None, JUMP_IF_EQUAL, None, "allow", socket_call),
        (None, LOAD, None, None, FIRST_ARGUMENT),
    ]
    program += [(None, JUMP_IF_EQUAL, "allow", None, kind) for kind in SOCKETS]
    program.append(("refuse", RETURN, None, None, SECCOMP_ERRNO | errno.EAFNOSUPPORT))
    program.append(("allow", RETURN, None, None, SECCOMP_ALLOW))
    return program


def assemble(program: "List[Instruction]") -> bytes:
    """Return the machine code of a filter: labels become offsets, counted from the instruction after the jump."""
    places = {label: place for place, (label, _, _, _, _) in enumerate(program) if label is not None}
    code = []
    for place, (_, operation, if_true, if_false, value) in enumerate(program):
        offsets = [0 if label is None else places[label] - place - 1 for label in (if_true, if_false)]
        if min(offsets) < 0 or max(offsets) > 255:
            raise ValueError("a jump leads backwards or too far")
        code.append(struct.pack(INSTRUCTION, operation, offsets[0], offsets[1], value))
    return b"".join(code)
