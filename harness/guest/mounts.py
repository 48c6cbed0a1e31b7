"""Mounts of a sandbox: bind mounts, /proc, temporary file systems.

Loaded by path: standard library only, Python 3.6 or newer. Needs Linux 5.12 or newer.
"""

import ctypes
import os
import stat
import struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Optional

    from harness.guest import system_calls
    from harness.guest.worker import load
else:
    system_calls = load("system_calls.py")

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT = 1, 2, 4, 8, 32
MS_BIND, MS_REC, MS_PRIVATE, MNT_DETACH = 0x1000, 0x4000, 0x40000, 2
SYS_MOUNT_SETATTR = 442  # the same on every architecture
AT_FDCWD, AT_RECURSIVE = -100, 0x8000


def make_private() -> None:
    """Stop mounts of this mount namespace from appearing in others."""
    mount(None, "/", None, MS_REC | MS_PRIVATE)


def mount_proc(target: str) -> None:
    """Mount the /proc of this PID namespace."""
    mount("proc", target, "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)


def mount_tmpfs(target: str, options: str, more_flags: int = MS_NODEV) -> None:
    """Mount an empty temporary file system."""
    mount("tmpfs", target, "tmpfs", MS_NOSUID | more_flags, options)


def remount_read_only(target: str, more_flags: int = 0) -> None:
    """Make a mount read-only."""
    mount(None, target, None, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | more_flags)


def unmount(target: str) -> None:
    """Unmount a mount and all mounts below it, also while they are in use."""
    system_calls.call("umount2", target.encode(), MNT_DETACH)


def hide_folder(folder: str) -> None:
    """Hide the contents of a folder behind an empty file system."""
    mount_tmpfs(folder, "mode=0555,size=4k", MS_RDONLY | MS_NODEV | MS_NOEXEC)


def bind(source: str, target: str, writable: bool) -> None:
    """Bind-mount a file or folder, read-only unless `writable`."""
    if stat.S_ISDIR(os.stat(source).st_mode):
        make_folder(target)
    else:
        make_folder(os.path.dirname(target))
        make_file(target)
    mount(source, target, None, MS_BIND | MS_REC)
    set_mount_flags(target, MS_NOSUID | MS_NODEV | (0 if writable else MS_RDONLY))


def set_mount_flags(target: str, attributes: int) -> None:
    """Set mount flags on a mount and on all mounts below it."""
    # The attributes' numbers for mount_setattr are those of mount, as far as they are used here.
    wanted = struct.pack("=4Q", attributes, 0, 0, 0)
    arguments = SYS_MOUNT_SETATTR, AT_FDCWD, os.fsencode(target), AT_RECURSIVE, wanted, len(wanted)
    if system_calls.libc.syscall(*arguments) != 0:
        system_calls.fail("mount_setattr", target)


def mount(
    source: "Optional[str]", target: str, kind: "Optional[str]", flags: int, options: "Optional[str]" = None
) -> None:
    """Call mount(2). Raise OSError that names the target."""
    texts = [None if each is None else os.fsencode(each) for each in (source, target, kind, options)]
    if system_calls.libc.mount(*texts[:3], ctypes.c_ulong(flags), texts[3]) != 0:
        system_calls.fail("mount", target)


def make_folder(path: str) -> None:
    """Create a folder and its parents if they are missing."""
    os.makedirs(path, mode=0o755, exist_ok=True)


def make_file(path: str) -> None:
    """Create an empty file if it is missing."""
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o644))
