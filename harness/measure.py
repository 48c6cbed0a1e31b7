"""What a process and all that it started use: memory, processes, disk. Looks, and changes nothing."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterable
from pathlib import Path

import psutil

_MOST_ENTRIES = 1 << 18
_PSS = re.compile(rb"^Pss:\s+(\d+) kB", re.MULTILINE)


def tree_of(pid: int) -> list[psutil.Process]:
    """Give a process and its descendants; none, if it is gone."""
    try:
        top = psutil.Process(pid)
        return [top, *top.children(recursive=True)]
    except psutil.Error:
        return []


def memory_mib(processes: Iterable[psutil.Process], limit_mib: int) -> int:
    """Give the memory that processes hold, in MiB: where it could be over a limit, what they share counts once.

    What each holds by itself is quick to see, and counts shared pages in each, such as those of a fork.
    """
    listed = list(processes)
    total = 0
    for process in listed:
        with contextlib.suppress(psutil.Error):
            total += process.memory_info().rss
    if total >> 20 <= limit_mib:
        return total >> 20
    return sum(_share_kib(process) for process in listed) >> 10


def _share_kib(process: psutil.Process) -> int:
    try:
        match = _PSS.search(Path(f"/proc/{process.pid}/smaps_rollup").read_bytes())
        return int(match[1]) if match else 0
    except OSError:
        pass
    try:
        return int(process.memory_info().rss) >> 10
    except psutil.Error:
        return 0


def disk_mib(folder: Path, processes: Iterable[psutil.Process]) -> int:
    """Give the disk that a folder takes, in MiB, with what processes hold open of files that are there no more.

    Each file counts as at least a block. Links are not followed. Of more than 262 144 entries the rest is not counted.
    """
    total, entries, left = 0, 0, [str(folder)]
    while left and entries < _MOST_ENTRIES:
        with contextlib.suppress(OSError), os.scandir(left.pop()) as found:
            for entry in found:
                entries += 1
                with contextlib.suppress(OSError):
                    if entry.is_dir(follow_symlinks=False):
                        left.append(entry.path)
                    total += max(4096, entry.stat(follow_symlinks=False).st_blocks * 512)
    return (total + sum(_removed_bytes(process.pid) for process in processes)) >> 20


def _removed_bytes(pid: int) -> int:
    total = 0
    with contextlib.suppress(OSError), os.scandir(f"/proc/{pid}/fd") as found:
        for entry in found:
            with contextlib.suppress(OSError):
                path = Path(entry.path)
                if str(path.readlink()).endswith(" (deleted)"):
                    status = path.stat()
                    total += status.st_blocks * 512 if status.st_nlink == 0 else 0
    return total
