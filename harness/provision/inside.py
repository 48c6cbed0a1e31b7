"""Runs look_inside.py in an environment and reads what it saw."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness import process
from harness.provision.manifest import ImportResult
from harness.provision.owning import Stopped
from harness.running import Ended

LOOK_INSIDE = Path(__file__).with_name("look_inside.py")
_VERSIONS_S = 60.0
_IMPORT_S = 300.0
_MESSAGE_LENGTH = 4000
_LONGEST_REPORT = 1 << 24
# Variables that processes need, wherever they run; all others could change what an import does.
_NEEDED = ("PATH", "LANG", "LC_ALL", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "PATHEXT")


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What an environment holds, as seen from inside."""

    python: str
    versions: Mapping[str, str]
    imports: Mapping[str, str | None] = field(default_factory=dict)
    """What importing each module raised, None if it imports; a module that is not there was not come to."""


def read_seen(data: bytes) -> Seen | None:
    """Read a report; None for anything that look_inside.py would not write: what was imported may have been at it."""
    try:
        report = json.loads(data)
        seen = Seen(python=report["python"], versions=report["versions"], imports=report.get("imports", {}))
        texts = [seen.python, *seen.versions.values(), *(error for error in seen.imports.values() if error is not None)]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    return seen if all(isinstance(text, str) for text in texts) else None


def versions_inside(
    python: Path, *, folder: Path, environ: Mapping[str, str], stop: threading.Event | None = None
) -> Seen | str:
    """Say what is installed, or why that cannot be said; `folder` is an empty one to work in. Raises Stopped."""
    seen, ended = _look(python, (), environ=_needed(environ), folder=folder, timeout_s=_VERSIONS_S, stop=stop)
    return f"its Python does not run: {ended}" if seen is None else seen


def try_imports(
    python: Path,
    modules: Sequence[str],
    variables: Mapping[str, str],
    *,
    folder: Path,
    environ: Mapping[str, str],
    timeout_s: float = _IMPORT_S,
    stop: threading.Event | None = None,
) -> ImportResult:
    """Import modules one after the other, in an empty folder; say what the first that fails raised. Raises Stopped."""
    if not modules:
        return ImportResult(error=None, certain=True)
    surroundings = {**_needed(environ), **variables}
    seen, ended = _look(python, modules, environ=surroundings, folder=folder, timeout_s=timeout_s, stop=stop)
    if seen is None:
        return ImportResult(error=f"its Python does not run: {ended}", certain=False)
    if not seen.imports:
        return ImportResult(error=f"import {', '.join(modules)}: {ended}", certain=False)
    for module, error in seen.imports.items():
        if error is not None:
            return ImportResult(error=f"import {module}: {error}"[:_MESSAGE_LENGTH], certain=True)
    return ImportResult(error=None, certain=True)


def first_line(message: str) -> str:
    """Give an import error on one line: what was raised, with the first line that says something."""
    head, _, _ = message.partition("\n")
    rest = [line.strip() for line in message.splitlines()[1:] if line.strip()]
    return f"{head.rstrip()} {rest[0]}" if head.rstrip().endswith(":") and rest else head.rstrip()


def _look(
    python: Path,
    modules: Sequence[str],
    *,
    environ: Mapping[str, str],
    folder: Path,
    timeout_s: float,
    stop: threading.Event | None,
) -> tuple[Seen | None, str]:
    """Give what was seen, if that was reported, and how the process ended, in words."""
    report = folder / "report.json"
    home = folder / "home"
    home.mkdir()
    # A folder of its own: what a user keeps at home, such as the configuration of a framework, changes imports.
    homes = {"HOME": str(home), "USERPROFILE": str(home), "PYTHONNOUSERSITE": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    command: list[str | Path] = [python, "-s", LOOK_INSIDE, report, *modules]
    try:
        ended = process.run(command, env={**homes, **environ}, cwd=folder, timeout_s=timeout_s, stop=stop)
    except OSError as error:
        return None, str(error)
    if ended.stopped:
        raise Stopped
    try:
        with report.open("rb") as stream:
            seen = read_seen(stream.read(_LONGEST_REPORT))
    except OSError:
        seen = None
    return seen, _how_it_ended(ended, timeout_s)


def _needed(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: environ[name] for name in _NEEDED if name in environ}


def _how_it_ended(ended: Ended, timeout_s: float) -> str:
    if ended.timed_out:
        return f"did not end within {timeout_s:.0f} s"
    last = ended.stderr.decode(errors="replace").strip().rpartition("\n")[2][:200]
    said = f" ({last})" if last else ""
    if ended.status < 0:
        return f"killed by {signal.Signals(-ended.status).name}{said}"
    return f"ended with status {ended.status}{said}"
