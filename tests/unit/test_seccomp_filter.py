"""The seccomp filter, run by a small interpreter of its instructions."""

import struct

import pytest

from tests.guest_files import load

ns = load("seccomp.py")

X86_64, SOCKET, SHMGET = 0xC000003E, 41, 29


def decide(architecture, call, argument=0):
    """Run the assembled filter on a system call; return whether it is allowed."""
    code = list(struct.iter_unpack(ns.INSTRUCTION, ns.assemble(ns.program_of(X86_64, SOCKET, SHMGET))))
    data = {ns.ARCHITECTURE: architecture, ns.CALL_NUMBER: call, ns.FIRST_ARGUMENT: argument}
    place, loaded = 0, 0
    while True:
        operation, if_true, if_false, value = code[place]
        place += 1
        if operation == ns.LOAD:
            loaded = data[value]
        elif operation == ns.JUMP_IF_EQUAL:
            place += if_true if loaded == value else if_false
        elif operation == ns.JUMP_IF_AT_LEAST:
            place += if_true if loaded >= value else if_false
        else:
            return value == ns.SECCOMP_ALLOW


@pytest.mark.parametrize("kind", range(50))
def test_only_sockets_that_a_network_namespace_isolates_are_allowed(kind):
    assert decide(X86_64, SOCKET, kind) == (kind in ns.SOCKETS)


@pytest.mark.parametrize("call", [SHMGET, ns.SYS_IO_URING_SETUP, ns.X32_CALLS, ns.X32_CALLS + SOCKET])
def test_calls_that_go_around_limits_are_refused(call):
    assert not decide(X86_64, call)


@pytest.mark.parametrize("call", [0, 1, 40, 42, 56, 59, 231, 424, 426])
def test_other_calls_are_allowed(call):
    assert decide(X86_64, call)


@pytest.mark.parametrize("call", [0, 1, SOCKET, 102, 359])
def test_calls_of_another_architecture_are_refused(call):
    """A 64-bit process can make 32-bit calls, which have other numbers."""
    assert not decide(0x40000003, call, 1)


def test_a_jump_backwards_is_an_error():
    with pytest.raises(ValueError, match="backwards"):
        ns.assemble([("here", ns.LOAD, None, None, 0), (None, ns.JUMP_IF_EQUAL, "here", None, 0)])
