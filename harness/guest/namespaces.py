"""The sandbox backend that uses Linux namespaces directly: `python namespaces.py SPECIFICATION COMMAND ...`.

The worker and the fork server load it, too: `clone_into_namespaces` and `enter_own_sandbox` give each fork of a
sandboxed fork server a sandbox of its own, and `act_as_init` is what PID 1 of a sandbox does.

It runs in foreign interpreters: standard library only, Python 3.6 or newer, started or loaded by path, imports nothing
of the project. Needs Linux 5.12 or newer.
"""

import ctypes
import errno
import fcntl
import json
import os
import platform
import select
import signal
import socket
import stat
import struct
import sys

BROKEN_STATUS = 98  # what was to be contained could not be, and was not started
NO_NESTING_STATUS = 96  # by --try: contained, but an attempt in a fork could not be contained further
STATUS_VARIABLE = "HARNESS_STATUS_DESCRIPTOR"

CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC = 0x00020000, 0x02000000, 0x04000000, 0x08000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
OF_AN_ATTEMPT = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT = 1, 2, 4, 8, 32
MS_BIND, MS_REC, MS_PRIVATE, MNT_DETACH = 0x1000, 0x4000, 0x40000, 2
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT = 1, 4, 24, 38, 47
PR_CAP_AMBIENT_CLEAR_ALL = 4
SYS_MOUNT_SETATTR = 442  # the same on every architecture
SYS_CLONE = {"x86_64": 56, "aarch64": 220}
SYS_KEYCTL = {"x86_64": 250, "aarch64": 219}
KEYCTL_JOIN_SESSION_KEYRING = 1
SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW = 1, 4
SECCOMP_ALLOW, SECCOMP_ERRNO = 0x7FFF0000, 0x00050000
# What filters know an architecture by, and its numbers of seccomp, socket and shmget.
CALLS = {"x86_64": (0xC000003E, 317, 41, 29), "aarch64": (0xC00000B7, 277, 198, 194)}
LOAD, JUMP_IF_EQUAL, JUMP_IF_AT_LEAST, RETURN = 0x20, 0x15, 0x35, 0x06  # operations of a seccomp filter
CALL_NUMBER, ARCHITECTURE, FIRST_ARGUMENT = 0, 4, 16  # offsets in struct seccomp_data
INSTRUCTION = "=HBBI"
SYS_IO_URING_SETUP, X32_CALLS = 425, 0x40000000
SOCKETS = (1, 2, 10, 16)  # local ones, IPv4, IPv6, netlink
AT_FDCWD, AT_RECURSIVE = -100, 0x8000
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1
DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
LINKS = (("fd", "/proc/self/fd"), ("stdin", "/proc/self/fd/0"), ("stdout", "/proc/self/fd/1"),
         ("stderr", "/proc/self/fd/2"), ("ptmx", "pts/ptmx"))  # fmt: skip

_libc = ctypes.CDLL(None, use_errno=True)


def main(arguments):
    """Run a command in a sandbox that the specification describes. With `--try`, test whether that works here."""
    if arguments[0] == "--try":
        return probe_nesting()
    specification = json.loads(arguments[0])
    die_with_parent()
    others = 0 if specification["network"] else CLONE_NEWNET
    flags = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP | others
    unshare_namespaces(flags, specification["uid"], specification["gid"])
    child = os.fork()
    if child == 0:
        die_with_parent()
        build_root(specification)
        if not specification["network"]:
            enable_loopback()
        if not specification["nests"]:
            disable_user_namespaces()
            mount(None, "/proc", None, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC)
        os.chdir(specification["cwd"])
        drop_capabilities()
        if not specification["first"]:
            act_as_init()
        os.execvpe(arguments[1], arguments[1:], dict(os.environ, **specification["variables"]))
    close_standard_streams()
    os._exit(exit_like(os.waitpid(child, 0)[1]))


def unshare_namespaces(flags, uid, gid):
    """Move this process into new namespaces, with this user and group in the new user namespace."""
    outer_uid, outer_gid = os.geteuid(), os.getegid()
    call("unshare", flags)
    map_user_and_group(uid, gid, outer_uid, outer_gid)


def map_user_and_group(uid, gid, outer_uid, outer_gid):
    """Map a user and a group of the new user namespace to those that this process has outside."""
    write("/proc/self/setgroups", "deny")
    write("/proc/self/uid_map", "%d %d 1" % (uid, outer_uid))
    write("/proc/self/gid_map", "%d %d 1" % (gid, outer_gid))


def build_root(specification):
    """Build a root file system with what the specification names and nothing else, and pivot into it."""
    shown = specification["system"], specification["binds"]
    sources = {source: os.path.realpath(source) for each in shown for source, _, _ in each}
    mount(None, "/", None, MS_REC | MS_PRIVATE)
    mount("tmpfs", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=1m")
    os.mkdir("/tmp/old")
    os.mkdir("/tmp/new")
    call("pivot_root", b"/tmp", b"/tmp/old")
    os.chdir("/")
    mount("tmpfs", "/new", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=16m")
    for path, target in specification["links"]:
        make_folder(os.path.dirname("/new" + path))
        os.symlink(target, "/new" + path)
    make_devices("/new/dev", "/old/dev", specification["shared_memory_bytes"])
    make_folder("/new/proc")
    mount("proc", "/new/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    bind_all(specification["system"], sources)
    for folder in specification["covered"]:
        mount("tmpfs", "/new" + folder, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=1m")
    for folder in specification["folders"]:
        make_folder("/new" + folder)
    bind_all(specification["binds"], sources)
    for each in ["", "/dev"] + specification["covered"]:
        mount(None, "/new" + each, None, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV)
    call("umount2", b"/old", MNT_DETACH)
    os.chdir("/new")
    call("pivot_root", b".", b".")
    call("umount2", b".", MNT_DETACH)
    os.chdir("/")
    os.umask(0o022)
    socket.sethostname(specification["host"])


def bind_all(binds, sources):
    """Bind-mount parts of the old root into the new one."""
    for source, target, writable in binds:
        bind("/old" + sources[source], "/new" + target, writable)


def make_devices(folder, source, shared_memory_bytes):
    """Create /dev with harmless devices only."""
    make_folder(folder)
    mount("tmpfs", folder, "tmpfs", MS_NOSUID, "mode=0755,size=1m")
    for name in DEVICES:
        make_file(os.path.join(folder, name))
        mount(os.path.join(source, name), os.path.join(folder, name), None, MS_BIND)
        set_mount_flags(
            os.path.join(folder, name), MS_NOSUID | MS_RDONLY
        )  # root, in here, owns what it may write to anyway
    for name, target in LINKS:
        os.symlink(target, os.path.join(folder, name))
    for name in ("pts", "shm"):
        os.mkdir(os.path.join(folder, name))
    mount_pts_and_shm(folder, shared_memory_bytes)


def mount_pts_and_shm(folder, shared_memory_bytes):
    """Mount private pseudo-terminals and private shared memory."""
    mount("devpts", os.path.join(folder, "pts"), "devpts", MS_NOSUID | MS_NOEXEC,
          "newinstance,ptmxmode=0666,mode=620")  # fmt: skip
    mount("tmpfs", os.path.join(folder, "shm"), "tmpfs", MS_NOSUID | MS_NODEV,
          "mode=1777,size=%d" % shared_memory_bytes)  # fmt: skip


def clone_into_namespaces():
    """Fork a child as PID 1 of new namespaces. Return (pid, descriptor of its status pipe, None).

    In the child return (0, None, the argument `first` of `enter_own_sandbox`). This saves a process that would only
    wait; a fork of a large process is slow. It is a bare system call, so no at-fork handlers run (they do at the
    child's own fork), and only one thread may exist. Raises OSError.
    """
    number = SYS_CLONE.get(platform.machine())
    if number is None:
        raise OSError(errno.ENOSYS, "no such system call is known here")
    who = os.geteuid(), os.getegid()
    told, telling = os.pipe()
    # Nobody else may run meanwhile, so the interpreter's lock is held.
    pid = ctypes.PyDLL(None, use_errno=True).syscall(number, OF_AN_ATTEMPT | signal.SIGCHLD, 0, 0, 0, 0)
    if pid == 0:
        os.close(told)
        return 0, None, (telling, who)
    os.close(telling)
    if pid < 0:
        os.close(told)
        fail("clone", None)
    os.set_blocking(told, False)
    return pid, told, None


def read_status(told, status):
    """Return the raw status of the script's process as PID 1 reported it; without a report, the status of PID 1."""
    raw = os.read(told, 64)
    os.close(told)
    return int(raw) if raw else status


def enter_own_sandbox(specification, parent=None, first=None):
    """Put the calling fork into a sandbox of its own, inside that of the fork server. Return in the script's process.

    All processes of the sandbox end with `parent`, the fork server's process that forked this one.

    `binds` are (source, target, writable) in this process's view, `kept` are paths that stay visible although a bind
    covers them, `covered` are folders that are hidden at the end. `first` comes from `clone_into_namespaces`. Without
    it, the calling process waits for the sandbox and ends like the script's process.
    """
    if first is None:
        telling = fork_with_waiting_process(parent)
    else:
        telling, (uid, gid) = first
        map_user_and_group(uid, gid, uid, gid)
        die_with_parent()
        if outer_parent() != parent:
            os._exit(BROKEN_STATUS)  # it had ended before we asked
    mount(None, "/", None, MS_REC | MS_PRIVATE)
    mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    disable_user_namespaces()
    mount(None, "/proc", None, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC)
    mount_pts_and_shm("/dev", specification["shared_memory_bytes"])
    kept = [(os.open(path, os.O_PATH), path) for path in specification["kept"]]
    for source, target, writable in specification["binds"]:
        bind(source, target, writable)
    for descriptor, path in kept:
        bind("/proc/self/fd/%d" % descriptor, path, False)
        os.close(descriptor)
    for folder in specification["covered"]:
        hide_folder(folder)
    enable_loopback()
    drop_capabilities()
    act_as_init(telling)


def fork_with_waiting_process(parent):
    """Fork a child as PID 1 of new namespaces. Return in it, with the descriptor of its status pipe.

    The calling process does not return. It waits, and ends like the script's process.
    """
    unshare_namespaces(OF_AN_ATTEMPT, os.geteuid(), os.getegid())
    die_with_parent()
    if parent is not None and os.getppid() != parent:
        os._exit(BROKEN_STATUS)  # it had ended before we asked
    told, telling = os.pipe()
    first = os.fork()
    if first:
        os.close(telling)
        close_standard_streams()
        raw = os.read(told, 64)
        status = os.waitpid(first, 0)[1]
        os._exit(exit_like(int(raw) if raw else status))
    os.close(told)
    die_with_parent()
    if has_no_reader(telling):
        os._exit(BROKEN_STATUS)  # the one that waits had ended before we asked; no number would tell
    return telling


def outer_parent():
    """Return the parent's PID from /proc, which still shows the outer PID namespace."""
    with open("/proc/self/stat", "rb") as stream:
        return int(stream.read().rpartition(b")")[2].split()[1])


def act_as_init(telling=None):
    """Act as init: stay as PID 1 of the PID namespace, and return in a child that runs the script.

    The others can neither kill nor trace PID 1. It reaps orphans, writes the child's raw status to a descriptor (the
    one that a variable names, if none is given), and ends when the child ends; the kernel then ends all others.
    """
    named = os.environ.pop(STATUS_VARIABLE, None)
    if telling is None and named is not None:
        telling = int(named)
    call("prctl", PR_SET_DUMPABLE, 0, 0, 0, 0)
    join_new_keyring()
    before = {}
    for number in range(1, signal.NSIG):
        try:
            before[number] = signal.signal(number, signal.SIG_DFL if number == signal.SIGCHLD else signal.SIG_IGN)
        except (OSError, ValueError):
            pass  # one that the system keeps for itself
    child = os.fork()
    if child == 0:
        call("prctl", PR_SET_DUMPABLE, 1, 0, 0, 0)
        if telling is not None:
            os.close(telling)
        os.setsid()
        install_seccomp_filter()
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
    if telling is not None:
        os.write(telling, b"%d" % status)
    os._exit(exit_like(status, really=False))


def exit_like(status, really=True):
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


def drop_capabilities():
    """Drop all capabilities and set no_new_privs, so that none can be gained again."""
    call("prctl", PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    _libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    for capability in range(64):
        if _libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0:
            break  # beyond the last one
    header = struct.pack("=Ii", 0x20080522, 0)
    call("capset", header, struct.pack("=6I", 0, 0, 0, 0, 0, 0))


def join_new_keyring():
    """Join a new session keyring: no namespace isolates the keys of the user who started this."""
    number = SYS_KEYCTL.get(platform.machine())
    if number is not None:
        _libc.syscall(number, KEYCTL_JOIN_SESSION_KEYRING, None)


def disable_user_namespaces():
    """Forbid new user namespaces: a process has all capabilities inside one that it creates."""
    write("/proc/sys/user/max_user_namespaces", "0")


def install_seccomp_filter():
    """Refuse all kinds of sockets but those that a network namespace isolates: others reach the host from any (vsock).

    Also refuse segments of System V: no process maps them, so a polled memory limit would not see them. Where the
    kernel has no such filters, or on another architecture, nothing is refused.
    """
    known = CALLS.get(platform.machine())
    if known is None:
        return
    code = ctypes.create_string_buffer(assemble(seccomp_program(*known[:1] + known[2:])))
    filters = struct.pack("HP", len(code.raw) // struct.calcsize(INSTRUCTION), ctypes.addressof(code))
    # SPEC_ALLOW: kernels before 5.16 would else switch speculative execution off, which is slow.
    _libc.syscall(known[1], SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, filters)


def seccomp_program(architecture, socket_call, shmget):
    """Return the filter as (label or None, operation, label if true, label if false, value) for each instruction.

    A label of None is the next instruction. `architecture` is the number that filters know, the others are calls.
    """
    program = [
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


def assemble(program):
    """Return the machine code of a filter: labels become offsets, counted from the instruction after the jump."""
    places = {label: place for place, (label, _, _, _, _) in enumerate(program) if label is not None}
    code = []
    for place, (_, operation, if_true, if_false, value) in enumerate(program):
        offsets = [0 if label is None else places[label] - place - 1 for label in (if_true, if_false)]
        if min(offsets) < 0 or max(offsets) > 255:
            raise ValueError("a jump leads backwards or too far")
        code.append(struct.pack(INSTRUCTION, operation, offsets[0], offsets[1], value))
    return b"".join(code)


def enable_loopback():
    """Bring up the loopback interface of the network namespace."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as some:
        request = struct.pack("16sH14x", b"lo", 0)
        flags = struct.unpack("16sH14x", fcntl.ioctl(some, SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(some, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", flags | IFF_UP))


def bind(source, target, writable):
    """Bind-mount a file or folder, read-only unless `writable`."""
    if stat.S_ISDIR(os.stat(source).st_mode):
        make_folder(target)
    else:
        make_folder(os.path.dirname(target))
        make_file(target)
    mount(source, target, None, MS_BIND | MS_REC)
    set_mount_flags(target, MS_NOSUID | MS_NODEV | (0 if writable else MS_RDONLY))


def hide_folder(folder):
    """Hide the contents of a folder behind an empty file system."""
    mount("tmpfs", folder, "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0555,size=4k")


def set_mount_flags(target, attributes):
    """Set mount flags on a mount and on all mounts below it."""
    # The attributes' numbers for mount_setattr are those of mount, as far as they are used here.
    wanted = struct.pack("=4Q", attributes, 0, 0, 0)
    if _libc.syscall(SYS_MOUNT_SETATTR, AT_FDCWD, os.fsencode(target), AT_RECURSIVE, wanted, len(wanted)) != 0:
        fail("mount_setattr", target)


def mount(source, target, kind, flags, options=None):
    """Call mount(2). Raise OSError that names the target."""
    if _libc.mount(*[None if each is None else os.fsencode(each) for each in (source, target, kind)],
                   ctypes.c_ulong(flags), None if options is None else options.encode()) != 0:  # fmt: skip
        fail("mount", target)


def call(name, *arguments):
    """Call a function of the C library. Raise OSError unless it returns 0."""
    if getattr(_libc, name)(*arguments) != 0:
        fail(name, arguments[0] if isinstance(arguments[0], str) else None)


def fail(name, target):
    """Raise OSError for errno."""
    number = ctypes.get_errno()
    raise OSError(number, "%s: %s" % (name, os.strerror(number)), target)


def die_with_parent():
    """Request that the kernel kills this process when its parent ends."""
    call("prctl", PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)


def has_no_reader(pipe):
    """Return whether the reading end of a pipe is closed everywhere."""
    poll = select.poll()
    poll.register(pipe, 0)
    return bool(poll.poll(0))


def close_standard_streams():
    """Close stdin, stdout and stderr, so that their readers see the end."""
    os.closerange(0, 3)


def make_folder(path):
    """Create a folder and its parents if they are missing."""
    os.makedirs(path, mode=0o755, exist_ok=True)


def make_file(path):
    """Create an empty file if it is missing."""
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o644))


def write(path, text):
    """Write to a file of /proc."""
    descriptor = os.open(path, os.O_WRONLY)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)


def probe_nesting():
    """Test whether a fork of this process can have a sandbox of its own. Return the exit status."""
    child = os.fork()
    if child == 0:
        try:
            enter_own_sandbox({"shared_memory_bytes": 1 << 20, "binds": [], "kept": [], "covered": []})
        except OSError as error:
            sys.stderr.write("%s\n" % error)
            os._exit(NO_NESTING_STATUS)
        os._exit(0)
    return exit_like(os.waitpid(child, 0)[1], really=False)


if __name__ == "__main__":
    try:
        final_status = main(sys.argv[1:])
    except OSError as problem:
        sys.stderr.write("containment: %s\n" % problem)
        sys.exit(BROKEN_STATUS)
    sys.exit(final_status)
