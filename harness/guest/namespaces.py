"""The sandbox backend that uses Linux namespaces directly: `python namespaces.py SPECIFICATION COMMAND ...`.

The worker and the fork server load it, too: `clone_into_namespaces` and `enter_own_sandbox` give each fork of a
sandboxed fork server a sandbox of its own, and `act_as_init` is what PID 1 of a sandbox does.

Started or loaded by path: standard library only, Python 3.6 or newer. Needs Linux 5.12 or newer.
"""

import ctypes
import errno
import fcntl
import json
import os
import platform
import signal
import socket
import struct
import sys
import types

FOLDER = os.path.dirname(os.path.abspath(__file__))
_loaded: "Dict[str, types.ModuleType]" = {}


def load(name: str) -> types.ModuleType:
    """Load another file of this folder, once. It is not in `sys.modules`, and can load others with this function."""
    if name not in _loaded:
        path = os.path.join(FOLDER, name)
        module = types.ModuleType(name)
        module.__dict__.update(__file__=path, load=load)
        with open(path, "rb") as stream:
            exec(compile(stream.read(), path, "exec"), module.__dict__)
        _loaded[name] = module
    return _loaded[name]


TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, Optional, Tuple

    from harness.guest import init_process, mounts, system_calls

    Specification = Dict[str, Any]
    Binds = List[Tuple[str, str, bool]]
    First = Tuple[int, Tuple[int, int]]
else:
    init_process = load("init_process.py")
    mounts = load("mounts.py")
    system_calls = load("system_calls.py")

BROKEN_STATUS = 98  # the sandbox could not be created, and nothing was started
NO_NESTING_STATUS = 96  # by --try: the sandbox works, but not a nested one
CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC = 0x00020000, 0x02000000, 0x04000000, 0x08000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
OF_AN_ATTEMPT = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET
SYS_CLONE = {"x86_64": 56, "aarch64": 220}
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1
DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
LINKS = (("fd", "/proc/self/fd"), ("stdin", "/proc/self/fd/0"), ("stdout", "/proc/self/fd/1"),
         ("stderr", "/proc/self/fd/2"), ("ptmx", "pts/ptmx"))  # fmt: skip
act_as_init = init_process.act_as_init


def main(arguments: "List[str]") -> int:
    """Run a command in a sandbox that the specification describes. With `--try`, test whether that works here."""
    if arguments[0] == "--try":
        return probe_nesting()
    specification = json.loads(arguments[0])
    system_calls.die_with_parent()
    others = 0 if specification["network"] else CLONE_NEWNET
    flags = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP | others
    unshare_namespaces(flags, specification["uid"], specification["gid"])
    child = os.fork()
    if child == 0:
        system_calls.die_with_parent()
        build_root(specification)
        if not specification["network"]:
            enable_loopback()
        if not specification["nests"]:
            init_process.disable_user_namespaces()
            mounts.remount_read_only("/proc", mounts.MS_NOEXEC)
        os.chdir(specification["cwd"])
        init_process.drop_capabilities()
        if not specification["first"]:
            init_process.act_as_init()
        os.execvpe(arguments[1], arguments[1:], dict(os.environ, **specification["variables"]))
    init_process.close_standard_streams()
    os._exit(init_process.exit_like(os.waitpid(child, 0)[1]))


def unshare_namespaces(flags: int, uid: int, gid: int) -> None:
    """Move this process into new namespaces, with this user and group in the new user namespace."""
    outer_uid, outer_gid = os.geteuid(), os.getegid()
    system_calls.call("unshare", flags)
    map_user_and_group(uid, gid, outer_uid, outer_gid)


def map_user_and_group(uid: int, gid: int, outer_uid: int, outer_gid: int) -> None:
    """Map a user and a group of the new user namespace to those that this process has outside."""
    system_calls.write("/proc/self/setgroups", "deny")
    system_calls.write("/proc/self/uid_map", "%d %d 1" % (uid, outer_uid))
    system_calls.write("/proc/self/gid_map", "%d %d 1" % (gid, outer_gid))


def build_root(specification: "Specification") -> None:
    """Build a root file system with what the specification names and nothing else, and pivot into it."""
    shown = specification["system"], specification["binds"]
    sources = {source: os.path.realpath(source) for each in shown for source, _, _ in each}
    mounts.make_private()
    mounts.mount_tmpfs("/tmp", "mode=0755,size=1m")
    os.mkdir("/tmp/old")
    os.mkdir("/tmp/new")
    system_calls.call("pivot_root", b"/tmp", b"/tmp/old")
    os.chdir("/")
    mounts.mount_tmpfs("/new", "mode=0755,size=16m")
    for path, target in specification["links"]:
        mounts.make_folder(os.path.dirname("/new" + path))
        os.symlink(target, "/new" + path)
    make_devices("/new/dev", "/old/dev", specification["shared_memory_bytes"])
    mounts.make_folder("/new/proc")
    mounts.mount_proc("/new/proc")
    bind_all(specification["system"], sources)
    for folder in specification["covered"]:
        mounts.mount_tmpfs("/new" + folder, "mode=0755,size=1m")
    for folder in specification["folders"]:
        mounts.make_folder("/new" + folder)
    bind_all(specification["binds"], sources)
    for each in ["", "/dev"] + specification["covered"]:
        mounts.remount_read_only("/new" + each)
    mounts.unmount("/old")
    os.chdir("/new")
    system_calls.call("pivot_root", b".", b".")
    mounts.unmount(".")
    os.chdir("/")
    os.umask(0o022)
    socket.sethostname(specification["host"])


def bind_all(binds: "Binds", sources: "Dict[str, str]") -> None:
    """Bind-mount parts of the old root into the new one."""
    for source, target, writable in binds:
        mounts.bind("/old" + sources[source], "/new" + target, writable)


def make_devices(folder: str, source: str, shared_memory_bytes: int) -> None:
    """Create /dev with harmless devices only."""
    mounts.make_folder(folder)
    mounts.mount_tmpfs(folder, "mode=0755,size=1m", 0)
    for name in DEVICES:
        mounts.make_file(os.path.join(folder, name))
        mounts.mount(os.path.join(source, name), os.path.join(folder, name), None, mounts.MS_BIND)
        # Read-only: root in this namespace owns the device files.
        mounts.set_mount_flags(os.path.join(folder, name), mounts.MS_NOSUID | mounts.MS_RDONLY)
    for name, target in LINKS:
        os.symlink(target, os.path.join(folder, name))
    for name in ("pts", "shm"):
        os.mkdir(os.path.join(folder, name))
    mount_pts_and_shm(folder, shared_memory_bytes)


def mount_pts_and_shm(folder: str, shared_memory_bytes: int) -> None:
    """Mount private pseudo-terminals and private shared memory."""
    options = "newinstance,ptmxmode=0666,mode=620"
    mounts.mount("devpts", os.path.join(folder, "pts"), "devpts", mounts.MS_NOSUID | mounts.MS_NOEXEC, options)
    mounts.mount_tmpfs(os.path.join(folder, "shm"), "mode=1777,size=%d" % shared_memory_bytes)


def clone_into_namespaces() -> "Tuple[int, Optional[int], Optional[First]]":
    """Fork a child as PID 1 of new namespaces. Return (pid, descriptor of its status pipe, None).

    In the child return (0, None, the argument `first` of `enter_own_sandbox`). This saves a process that would only
    wait; a fork of a large process is slow. It is a bare system call, so no at-fork handlers run (they do at the
    child's own fork), and only one thread may exist. Raises OSError.
    """
    number = SYS_CLONE.get(platform.machine())
    if number is None:
        raise OSError(errno.ENOSYS, "no such system call is known here")
    who = os.geteuid(), os.getegid()
    reading, writing = os.pipe()
    # PyDLL keeps the interpreter lock: no other thread may run meanwhile.
    pid = ctypes.PyDLL(None, use_errno=True).syscall(number, OF_AN_ATTEMPT | signal.SIGCHLD, 0, 0, 0, 0)
    if pid == 0:
        os.close(reading)
        return 0, None, (writing, who)
    os.close(writing)
    if pid < 0:
        os.close(reading)
        system_calls.fail("clone", None)
    os.set_blocking(reading, False)
    return pid, reading, None


def read_status(reading: int, status: int) -> int:
    """Return the raw status of the script's process as PID 1 reported it; without a report, the status of PID 1."""
    raw = os.read(reading, 64)
    os.close(reading)
    return int(raw) if raw else status


def enter_own_sandbox(
    specification: "Specification", parent: "Optional[int]" = None, first: "Optional[First]" = None
) -> None:
    """Put the calling fork into a sandbox of its own, inside that of the fork server. Return in the script's process.

    All processes of the sandbox end with `parent`, the fork server's process that forked this one.

    `binds` are (source, target, writable) in this process's view, `kept` are paths that stay visible although a bind
    covers them, `covered` are folders that are hidden at the end. `first` comes from `clone_into_namespaces`. Without
    it, the calling process waits for the sandbox and ends like the script's process.
    """
    if first is None:
        writing = fork_with_waiting_process(parent)
    else:
        writing, (uid, gid) = first
        map_user_and_group(uid, gid, uid, gid)
        system_calls.die_with_parent()
        if outer_parent() != parent:
            os._exit(BROKEN_STATUS)  # the parent ended before the request
    mounts.make_private()
    mounts.mount_proc("/proc")
    init_process.disable_user_namespaces()
    mounts.remount_read_only("/proc", mounts.MS_NOEXEC)
    mount_pts_and_shm("/dev", specification["shared_memory_bytes"])
    kept = [(os.open(path, os.O_PATH), path) for path in specification["kept"]]
    for source, target, writable in specification["binds"]:
        mounts.bind(source, target, writable)
    for descriptor, path in kept:
        mounts.bind("/proc/self/fd/%d" % descriptor, path, False)
        os.close(descriptor)
    for folder in specification["covered"]:
        mounts.hide_folder(folder)
    enable_loopback()
    init_process.drop_capabilities()
    init_process.act_as_init(writing)


def fork_with_waiting_process(parent: "Optional[int]") -> int:
    """Fork a child as PID 1 of new namespaces. Return in it, with the descriptor of its status pipe.

    The calling process does not return. It waits, and ends like the script's process.
    """
    unshare_namespaces(OF_AN_ATTEMPT, os.geteuid(), os.getegid())
    system_calls.die_with_parent()
    if parent is not None and os.getppid() != parent:
        os._exit(BROKEN_STATUS)  # the parent ended before the request
    reading, writing = os.pipe()
    first = os.fork()
    if first:
        os.close(writing)
        init_process.close_standard_streams()
        raw = os.read(reading, 64)
        status = os.waitpid(first, 0)[1]
        os._exit(init_process.exit_like(int(raw) if raw else status))
    os.close(reading)
    system_calls.die_with_parent()
    if init_process.has_no_reader(writing):
        os._exit(BROKEN_STATUS)  # the waiting process ended before the request; its process id would not show it
    return writing


def outer_parent() -> int:
    """Return the parent's PID from /proc, which still shows the outer PID namespace."""
    with open("/proc/self/stat", "rb") as stream:
        return int(stream.read().rpartition(b")")[2].split()[1])


def enable_loopback() -> None:
    """Bring up the loopback interface of the network namespace."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as some:
        request = struct.pack("16sH14x", b"lo", 0)
        flags = struct.unpack("16sH14x", fcntl.ioctl(some, SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(some, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", flags | IFF_UP))


def probe_nesting() -> int:
    """Test whether a fork of this process can have a sandbox of its own. Return the exit status."""
    child = os.fork()
    if child == 0:
        try:
            enter_own_sandbox({"shared_memory_bytes": 1 << 20, "binds": [], "kept": [], "covered": []})
        except OSError as error:
            sys.stderr.write("%s\n" % error)
            os._exit(NO_NESTING_STATUS)
        os._exit(0)
    return init_process.exit_like(os.waitpid(child, 0)[1], really=False)


if __name__ == "__main__":
    try:
        final_status = main(sys.argv[1:])
    except OSError as problem:
        sys.stderr.write("sandbox: %s\n" % problem)
        sys.exit(BROKEN_STATUS)
    sys.exit(final_status)
