"""What the init process of a sandbox does: it starts the script's process, reaps orphans, and reports the status.

Loaded by path: standard library only, Python 3.6 or newer.
"""

import os
import platform
import select
import signal
import struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Optional

    from harness.guest import seccomp, system_calls
    from harness.guest.worker import load
else:
    seccomp = load("seccomp.py")
    system_calls = load("system_calls.py")

STATUS_VARIABLE = "HARNESS_STATUS_DESCRIPTOR"
PR_SET_DUMPABLE, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT = 4, 24, 38, 47
PR_CAP_AMBIENT_CLEAR_ALL = 4
SYS_KEYCTL = {"x86_64": 250, "aarch64": 219}
KEYCTL_JOIN_SESSION_KEYRING = 1


def act_as_init(status_pipe: "Optional[int]" = None) -> None:
    """Act as init: stay as PID 1 of the PID namespace, and return in a child that runs the script.

    Other processes can neither kill nor trace PID 1. It reaps orphans. When the child ends, it writes the child's raw
    status to a descriptor (from an environment variable by default) and ends; the kernel then ends all others.
    """
    named = os.environ.pop(STATUS_VARIABLE, None)
    if status_pipe is None and named is not None:
        status_pipe = int(named)
    system_calls.call("prctl", PR_SET_DUMPABLE, 0, 0, 0, 0)
    join_new_keyring()
    before = {}
    for number in range(1, signal.NSIG):
        try:
            before[number] = signal.signal(number, signal.SIG_DFL if number == signal.SIGCHLD else signal.SIG_IGN)
        except (OSError, ValueError):
            pass  # reserved by the system
    child = os.fork()
    if child == 0:
        system_calls.call("prctl", PR_SET_DUMPABLE, 1, 0, 0, 0)
        if status_pipe is not None:
            os.close(status_pipe)
        os.setsid()
        seccomp.install()
        for number, handler in before.items():
            if handler is not None:
                signal.signal(number, handler)
        return
    close_standard_streams()
    status = None
    while status is None:
        ended, raw = os.wait()
        if ended == child:
            status = raw
    if status_pipe is not None:
        os.write(status_pipe, b"%d" % status)
    os._exit(exit_like(status, really=False))


def exit_like(status: int, really: bool = True) -> int:
    """Return the exit status for a raw status. If a signal ended the process, end this one with the same signal."""
    if not os.WIFSIGNALED(status):
        return os.WEXITSTATUS(status)
    number = os.WTERMSIG(status)
    if really:
        try:
            signal.signal(number, signal.SIG_DFL)
        except (OSError, ValueError):
            pass  # SIGKILL
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [number])
        os.kill(os.getpid(), number)
    return 128 + number


def drop_capabilities() -> None:
    """Drop all capabilities and set no_new_privs, so that none can be gained again."""
    system_calls.call("prctl", PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    system_calls.libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    for capability in range(64):
        if system_calls.libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0:
            break  # beyond the last one
    header = struct.pack("=Ii", 0x20080522, 0)
    system_calls.call("capset", header, struct.pack("=6I", 0, 0, 0, 0, 0, 0))


def join_new_keyring() -> None:
    """Join a new session keyring: no namespace isolates the keys of the user who started this."""
    number = SYS_KEYCTL.get(platform.machine())
    if number is not None:
        system_calls.libc.syscall(number, KEYCTL_JOIN_SESSION_KEYRING, None)


def disable_user_namespaces() -> None:
    """Forbid new user namespaces: a process has all capabilities inside one that it creates."""
    system_calls.write("/proc/sys/user/max_user_namespaces", "0")


def has_no_reader(pipe: int) -> bool:
    """Return whether the reading end of a pipe is closed everywhere."""
    poll = select.poll()
    poll.register(pipe, 0)
    return bool(poll.poll(0))


def close_standard_streams() -> None:
    """Close stdin, stdout and stderr, so that their readers see the end."""
    os.closerange(0, 3)
