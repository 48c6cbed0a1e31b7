"""The log of one call of the command line: a file, and with -v also stderr.

All other modules only create loggers, `logging.getLogger(__name__)`. They log no value of an environment variable.
"""

from __future__ import annotations

import contextlib
import logging
import os
import platform
import re
import shlex
import sys
import time
from collections.abc import Iterator, Sequence
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TextIO

from harness import __version__
from harness.rendering.foreign_text import plain

_LOGGER = logging.getLogger("harness")
_FORMAT = "%(asctime)s.%(msecs)03dZ %(levelname)-7s %(name)s [%(threadName)s] %(message)s"
_FILES = 30
_FOLDER_BYTES = 256 << 20
_FILE_BYTES = 16 << 20
_PENDING = 1000
_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]+(?=@)")


class RunLog(logging.Handler):
    """Write records to a new file. Create it with the first record of level INFO or higher, or with `open`.

    Earlier records are kept in memory until then, so that a command that only reads leaves no file. A file that
    reaches 16 MiB is continued in a second one; then the oldest half is dropped. If the file cannot be written, nothing
    is logged.
    """

    def __init__(self, folder: Path, typed: Sequence[str]) -> None:
        super().__init__(logging.DEBUG)
        moment = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
        self.path = folder / f"{moment}-{os.getpid()}.log"
        system = f"{platform.system()} {platform.release()} {platform.machine()}"
        first = f"repro-matrix {__version__}, Python {platform.python_version()}, {system}: "
        first += shlex.join(["harness", *typed])
        self._first = logging.LogRecord(__name__, logging.INFO, __file__, 0, first, None, None)
        self._pending: list[logging.LogRecord] = []
        self._file: _BoundedFile | None = None
        self._closed = False

    @property
    def exists(self) -> bool:
        """True if the file was created and could be written."""
        return self._file is not None and not self._file.failed

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record, or keep it until the file is created."""
        if self._file is not None:
            self._file.handle(record)
        elif not self._closed and len(self._pending) < _PENDING:
            self._pending.append(record)
            if record.levelno >= logging.INFO:
                self.open()

    def open(self) -> None:
        """Create the file, with the records until now."""
        with self.lock or contextlib.nullcontext():
            if self._file is not None or self._closed:
                return
            try:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                _remove_old(self.path.parent)
                self._file = _BoundedFile(self.path)
            except OSError:
                self._closed = True
                return
            self._file.handle(self._first)
            for record in self._pending:
                self._file.handle(record)
            self._pending.clear()

    def close(self) -> None:
        """Close the file."""
        self._closed = True
        if self._file is not None:
            self._file.close()
        super().close()


class _BoundedFile(RotatingFileHandler):
    """A file and its continuation. `failed` is True once it could not be written."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, maxBytes=_FILE_BYTES, backupCount=1, encoding="utf-8", errors="backslashreplace")
        self.setFormatter(_Formatter())
        self.failed = False

    def handleError(self, record: logging.LogRecord) -> None:
        """Note it. A full disk has its own error; the log must not hide it."""
        self.failed = True


class _Stderr(logging.StreamHandler[TextIO]):
    """Write to the present `sys.stderr`: a live progress display replaces it to print above itself."""

    def __init__(self, level: int) -> None:
        super().__init__()
        self.setLevel(level)
        self.setFormatter(_Formatter())

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record as one call, so that lines of several threads do not mix."""
        try:
            sys.stderr.write(f"{self.format(record)}\n")
            sys.stderr.flush()
        except (OSError, ValueError):
            return  # nobody reads it


class _Formatter(logging.Formatter):
    """Times in UTC. Text from scripts is sanitized. User names and passwords in URLs are removed."""

    converter = staticmethod(time.gmtime)

    def __init__(self) -> None:
        super().__init__(_FORMAT, "%Y-%m-%d %H:%M:%S")

    def format(self, record: logging.LogRecord) -> str:
        """Return the text of a record."""
        return plain(_CREDENTIALS.sub("***", super().format(record)))


@contextlib.contextmanager
def recording(folder: Path, typed: Sequence[str], *, verbose: int) -> Iterator[RunLog]:
    """Log to a file in `folder`. Also write to stderr: from INFO on with `verbose` 1, everything with 2."""
    log = RunLog(folder, typed)
    handlers: list[logging.Handler] = [log]
    if verbose:
        handlers.append(_Stderr(logging.INFO if verbose == 1 else logging.DEBUG))
    level = _LOGGER.level
    _LOGGER.setLevel(logging.DEBUG)
    for handler in handlers:
        _LOGGER.addHandler(handler)
    try:
        yield log
    finally:
        for handler in handlers:
            _LOGGER.removeHandler(handler)
            handler.close()
        _LOGGER.setLevel(level)


def _remove_old(folder: Path) -> None:
    """Remove the oldest logs, so that with a new one there are at most 30, of at most 256 MiB."""
    total = 0
    for number, path in enumerate(sorted(folder.glob("*.log*"), reverse=True), start=1):
        with contextlib.suppress(OSError):
            total += path.stat().st_size
            if number >= _FILES or total > _FOLDER_BYTES:
                path.unlink()
