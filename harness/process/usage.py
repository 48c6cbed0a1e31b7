"""Memory, processor time and disk use of a process and its descendants. Changes nothing."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
from collections.abc import Iterable
from pathlib import Path

import psutil

_MOST_ENTRIES = 1 << 18
_BEYOND_MIB = 1 << 40
_PSS = re.compile(rb"^Pss:\s+(\d+) kB", re.MULTILINE)


def tree_of(pid: int) -> list[psutil.Process]:
    """Return a process and its descendants; none if it has ended."""
    try:
        top = psutil.Process(pid)
        return [top, *top.children(recursive=True)]
    except psutil.Error:
        return []


def cpu_s(processes: Iterable[psutil.Process]) -> float:
    """Return the processor time of processes and of the children that they waited for, in seconds."""
    total = 0.0
    for process in processes:
        with contextlib.suppress(psutil.Error):
            total += sum(process.cpu_times()[:4])
    return total


def memory_mib(processes: Iterable[psutil.Process], limit_mib: int) -> int:
    """Return the memory of processes, in MiB.

    The sum of their resident memory is quick to read, but counts pages that forks share more than once. If it is above
    the limit, shared pages count once.
    """
    listed = list(processes)
    total = 0
    for process in listed:
        with contextlib.suppress(psutil.Error):
            total += process.memory_info().rss or _rss_of_threads(process.pid)
    if total >> 20 <= limit_mib:
        return total >> 20
    return sum(_share_kib(process) for process in listed) >> 10


def _threads(pid: int) -> list[str]:
    """Return the paths of a process's threads in /proc, the main thread first.

    If the main thread has ended before the others, its path no longer shows what all threads share.
    """
    try:
        return [f"/proc/{each}" for each in sorted(int(each.name) for each in Path(f"/proc/{pid}/task").iterdir())]
    except OSError:
        return []


def _rss_of_threads(pid: int) -> int:
    for thread in _threads(pid):
        with contextlib.suppress(OSError, ValueError):
            pages = int(Path(thread, "statm").read_bytes().split()[1])
            if pages:
                return pages * os.sysconf("SC_PAGE_SIZE")
    return 0


def _share_kib(process: psutil.Process) -> int:
    for place in (f"/proc/{process.pid}", *_threads(process.pid)):
        with contextlib.suppress(OSError):
            match = _PSS.search(Path(place, "smaps_rollup").read_bytes())
            return int(match[1]) if match else 0
    try:
        return int(process.memory_info().rss) >> 10
    except psutil.Error:
        return 0


def disk_mib(folder: Path, processes: Iterable[psutil.Process], *, free_before_mib: int) -> int:
    """Return the disk space of a folder, in MiB, with removed files that processes still have open.

    Each file counts as at least a block. Links are not followed. What is too much to be looked through, more than
    262 144 entries or folders nested beyond the length of a path, counts as more than any limit. Where a folder is
    closed to us, all counts by which the disk has become fuller.
    """
    total, entries, left, closed = 0, 0, [str(folder)], False
    while left:
        try:
            with os.scandir(left.pop()) as found:
                for entry in found:
                    entries += 1
                    if entries > _MOST_ENTRIES:
                        return _BEYOND_MIB
                    with contextlib.suppress(FileNotFoundError):
                        if entry.is_dir(follow_symlinks=False):
                            left.append(entry.path)
                        total += max(4096, entry.stat(follow_symlinks=False).st_blocks * 512)
        except PermissionError:
            closed = True
        except OSError as error:
            if error.errno == errno.ENAMETOOLONG:
                return _BEYOND_MIB
    total += sum(_removed_bytes(process.pid) for process in processes)
    return max(total >> 20, free_before_mib - free_mib(folder) if closed else 0)


def free_mib(folder: Path) -> int:
    """Return the free space on the disk of a folder, in MiB; 0 if it is unknown."""
    try:
        return shutil.disk_usage(folder).free >> 20
    except OSError:
        return 0


def _removed_bytes(pid: int) -> int:
    total = 0
    for place in (f"/proc/{pid}", *_threads(pid)):
        with contextlib.suppress(OSError), os.scandir(f"{place}/fd") as found:
            seen = False
            for entry in found:
                seen = True
                with contextlib.suppress(OSError):
                    path = Path(entry.path)
                    if str(path.readlink()).endswith(" (deleted)"):
                        status = path.stat()
                        total += status.st_blocks * 512 if status.st_nlink == 0 else 0
            if seen:
                break  # its threads have them together
    return total
