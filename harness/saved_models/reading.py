"""Reads a saved model in a process of its own, within fixed limits of memory and time."""

from __future__ import annotations

import sys
from pathlib import Path

import harness
from harness.errors import HarnessError, UsageError
from harness.filesystem.reading import parse_json
from harness.process import child
from harness.process.limits import Ended, Limits
from harness.saved_models.child import MEMORY_MIB
from harness.saved_models.file_facts import FileFacts

TIME_LIMIT_S = 30.0
_CHILD = "harness.saved_models.child"


def read_saved_file(path: Path, *, timeout_s: float = TIME_LIMIT_S) -> FileFacts:
    """Return the facts of a saved model. Raises UsageError for another or a damaged file."""
    if not path.exists() and not path.with_name(f"{path.name}.index").exists():
        raise UsageError(f"{path}: there is no such file or folder", next_step="Check the path")
    source = Path(harness.__file__).parents[1]
    ended = child.run_limited(
        [sys.executable, "-s", "-B", "-m", _CHILD, path.absolute()],
        env={"PYTHONPATH": str(source), "PYTHONUTF8": "1"},
        cwd=source,
        limits=Limits(timeout_s=timeout_s, memory_mib=MEMORY_MIB),
        keep_bytes=1 << 22,
    )
    try:
        found = parse_json(ended.stdout)
        if "facts" in found:
            return FileFacts.from_json(found["facts"])
        what, next_step = str(found["refused"]), str(found["next_step"])
    except (ValueError, KeyError, TypeError):
        what, next_step = _end_without_answer(ended), ""
    raise UsageError(f"{path}: {what}", next_step=next_step or "Name a model that Keras or TensorFlow saved")


def _end_without_answer(ended: Ended) -> str:
    """Return why the process gave no answer. Raises HarnessError if the file is not the reason."""
    if ended.timed_out or ended.status == -24:  # SIGXCPU
        return "reading it takes too long: it is damaged, or was made to do this"
    if ended.over_memory or ended.machine_out_of_memory:
        return f"reading it needs more than {MEMORY_MIB} MiB of memory"
    said = ended.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
    raise HarnessError("The file could not be read", why=said or ended.text, next_step="This is a bug; report it")
