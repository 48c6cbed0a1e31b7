"""Save and restore the folder that a zygote and its fork servers share.

Modules write files while they are imported. A fork server must not find files of another one's imports. Loaded by path:
standard library only, Python 3.6 or newer.
"""

import os
import stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, Union

    Contents = Dict[str, Union[bytes, str, None]]

MOST_BYTES = 64 << 20


def contents_of(folder: str) -> "Contents":
    """Return the entries of a folder by path: bytes of a file, target of a link, None for a folder.

    Raises ValueError if the files are larger than 64 MiB.
    """
    found: "Contents" = {}
    size = 0
    for top, folders, files in os.walk(folder):
        for path in (os.path.join(top, name) for name in folders + files):
            status = os.lstat(path)
            if stat.S_ISREG(status.st_mode):
                size += status.st_size
                if size > MOST_BYTES:
                    raise ValueError("it leaves more than %d MiB behind" % (MOST_BYTES >> 20))
                with open(path, "rb") as stream:
                    found[path] = stream.read()
            elif stat.S_ISDIR(status.st_mode):
                found[path] = None
            else:
                found[path] = os.readlink(path) if stat.S_ISLNK(status.st_mode) else ""
    return found


def restore(folder: str, before: "Contents") -> None:
    """Restore the contents that a folder had before. Unchanged entries are not touched."""
    now = contents_of(folder)
    same = {path for path in now if path in before and now[path] == before[path]}
    for path in sorted(set(now) - same, reverse=True):  # entries of a folder come before the folder
        (os.rmdir if now[path] is None else os.unlink)(path)
    for path in sorted(set(before) - same):
        content = before[path]
        if content is None:
            os.mkdir(path)
        elif isinstance(content, bytes):
            with open(path, "wb") as stream:
                stream.write(content)
        elif content:
            os.symlink(content, path)
