"""Run the probe in an environment and parse its report."""

from __future__ import annotations

import signal
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness.environments.build_mutex import Stopped
from harness.environments.manifest import ImportResult
from harness.filesystem.reading import parse_json
from harness.guest import GUEST
from harness.process import child
from harness.process.limits import Ended

PROBE_SCRIPT = GUEST / "probe.py"
_VERSIONS_S = 60.0
_IMPORT_S = 300.0
_MESSAGE_LENGTH = 4000
_LONGEST_REPORT = 1 << 24
# Variables that every process needs. Others could change the result of an import.
_REQUIRED_VARIABLES = (
    "PATH",
    "LANG",
    "LC_ALL",
    "TMPDIR",
    "TEMP",
    "TMP",
    "SYSTEMROOT",
    "SYSTEMDRIVE",
    "WINDIR",
    "PATHEXT",
)


@dataclass(frozen=True, kw_only=True)
class ProbeResult:
    """Python version, installed packages and import results of an environment."""

    python: str
    versions: Mapping[str, str]
    imports: Mapping[str, str | None] = field(default_factory=dict)
    """The error of importing each module, None if it imports. Modules after a crash are missing."""


def parse_probe_report(data: bytes) -> ProbeResult | None:
    """Parse a report. Return None if it is invalid: an imported module may have changed it."""
    try:
        report = parse_json(data)
        result = ProbeResult(python=report["python"], versions=report["versions"], imports=report.get("imports", {}))
        errors = [error for error in result.imports.values() if error is not None]
        texts = [result.python, *result.versions.values(), *errors]
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    return result if all(isinstance(text, str) for text in texts) else None


def probe_versions(
    python: Path, *, folder: Path, environ: Mapping[str, str], stop: threading.Event | None = None
) -> ProbeResult | str:
    """Return the installed packages, or why the probe failed. `folder` is empty scratch space. Raises Stopped."""
    result, end = _probe(python, (), environ=_required(environ), folder=folder, timeout_s=_VERSIONS_S, stop=stop)
    return f"its Python does not run: {end}" if result is None else result


def probe_imports(
    python: Path,
    modules: Sequence[str],
    variables: Mapping[str, str],
    *,
    folder: Path,
    environ: Mapping[str, str],
    timeout_s: float = _IMPORT_S,
    stop: threading.Event | None = None,
) -> ImportResult:
    """Import modules in order, in an empty folder. Return the error of the first that fails. Raises Stopped."""
    if not modules:
        return ImportResult(error=None, certain=True)
    environ = {**_required(environ), **variables}
    result, end = _probe(python, modules, environ=environ, folder=folder, timeout_s=timeout_s, stop=stop)
    if result is None:
        return ImportResult(error=f"its Python does not run: {end}", certain=False)
    if not result.imports:
        return ImportResult(error=f"import {', '.join(modules)}: {end}", certain=False)
    for module, error in result.imports.items():
        if error is not None:
            return ImportResult(error=f"import {module}: {error}"[:_MESSAGE_LENGTH], certain=True)
    return ImportResult(error=None, certain=True)


def first_line(message: str) -> str:
    """Return an import error on one line: the exception type with the first line that is not empty.

    An indented line below continues it: `The signature was` of pybind11.
    """
    head, _, below = message.partition("\n")
    head = head.rstrip()
    continues = head.endswith(":") or (head[-1:].isalpha() and below[:1] in (" ", "\t"))
    rest = below.split("\n") if continues else []
    return " ".join([head, *[line.strip() for line in rest if line.strip()][:1]])


def _probe(
    python: Path,
    modules: Sequence[str],
    *,
    environ: Mapping[str, str],
    folder: Path,
    timeout_s: float,
    stop: threading.Event | None,
) -> tuple[ProbeResult | None, str]:
    """Run the probe. Return its report, if it is valid, and a description of how the process ended."""
    report = folder / "report.json"
    home = folder / "home"
    home.mkdir()
    # Use an empty home folder: files in the user's home, such as a framework's configuration, can change imports.
    homes = {"HOME": str(home), "USERPROFILE": str(home), "PYTHONNOUSERSITE": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    command: list[str | Path] = [python, "-s", PROBE_SCRIPT, report, *modules]
    try:
        ended = child.run(command, env={**homes, **environ}, cwd=folder, timeout_s=timeout_s, stop=stop)
    except OSError as error:
        return None, str(error)
    if ended.stopped:
        raise Stopped
    try:
        with report.open("rb") as stream:
            result = parse_probe_report(stream.read(_LONGEST_REPORT))
    except OSError:
        result = None
    return result, _describe_end(ended, timeout_s)


def _required(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: environ[name] for name in _REQUIRED_VARIABLES if name in environ}


def _describe_end(ended: Ended, timeout_s: float) -> str:
    if ended.timed_out:
        return f"did not end within {timeout_s:.0f} s"
    last = ended.stderr.decode(errors="replace").strip().rpartition("\n")[2][:200]
    detail = f" ({last})" if last else ""
    if ended.status < 0:
        return f"killed by {signal.Signals(-ended.status).name}{detail}"
    return f"ended with status {ended.status}{detail}"
