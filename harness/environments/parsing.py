"""Find the installed Pythons that can parse a script. Each version has another syntax."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from packaging.version import Version

from harness.errors import HarnessError
from harness.filesystem.reading import parse_json
from harness.interpreters import Interpreter
from harness.process import child
from harness.process.limits import Limits
from harness.reports.kinds import Fault, Kind, Refusal

_LIMITS = Limits(timeout_s=20, memory_mib=2048)
_OLDEST = Version("3.0")
_SOURCES = Path(__file__).parents[2]
# Runs in any Python from 3.0 up, and executes nothing of the script. A newer Python than this one also looks at what
# the script executes: this one has no syntax tree of it.
_READ = """
import json, os, sys, warnings
warnings.simplefilter("ignore")
with open(sys.argv[1], "rb") as stream:
    text = stream.read().decode("utf-8-sig").replace("\\r\\n", "\\n").replace("\\r", "\\n")
fault = refusal = None
try:
    compile(text, "script", "exec", 0, True)
except SyntaxError as error:
    fault = [error.lineno or 1, error.msg or ""]
except (ValueError, MemoryError, RecursionError) as error:
    fault = [1, str(error)]
if fault is None and sys.version_info >= (3, 10):
    sys.path.insert(0, sys.argv[2])
    from harness.reports.scripts import check_script
    found = check_script(text, name=os.path.basename(sys.argv[1]))
    refusal = found and [found.kind.name, found.line, found.quoted, found.why, found.next_step]
print(json.dumps([fault, refusal]))
"""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """The reading of a script by a Python: where it stopped, or why running the script would show nothing."""

    fault: Fault | None = None
    refusal: Refusal | None = None


def read_elsewhere(
    path: Path,
    interpreters: Iterable[Interpreter],
    variables: Mapping[str, str],
    *,
    stop: threading.Event | None = None,
) -> Reading | None:
    """Return the reading of the newest Python that can parse a script, or of the newest Python if none can.

    None if there is no other Python, or none that answers.
    """
    by_minor = {Version(each.version).release[:2]: each for each in interpreters if Version(each.version) >= _OLDEST}
    newest: Reading | None = None
    for _, interpreter in sorted(by_minor.items(), reverse=True):
        reading = _ask(interpreter, path.absolute(), variables, stop)
        if reading is not None and reading.fault is None:
            return reading
        newest = newest or reading
    return newest


def _ask(
    interpreter: Interpreter, path: Path, variables: Mapping[str, str], stop: threading.Event | None
) -> Reading | None:
    """Return the reading of a script by an interpreter; None if it crashed or was slow."""
    command: list[str | Path] = [interpreter.executable, "-I", "-S", "-B", "-c", _READ, path, _SOURCES]
    try:
        ended = child.run_limited(command, env=variables, cwd=path.parent, limits=_LIMITS, stop=stop)
    except OSError as error:
        raise HarnessError(f"{interpreter.executable}: cannot be started", why=str(error)) from error
    if ended.status != 0:
        return None
    try:
        fault, refusal = parse_json(ended.stdout)
        return Reading(
            fault=Fault(line=int(fault[0]), message=str(fault[1])) if fault else None,
            refusal=_refusal(*refusal) if refusal else None,
        )
    except (ValueError, TypeError, KeyError, IndexError):
        return None


def _refusal(kind: str, line: int | None, quoted: str, why: str, next_step: str) -> Refusal:
    return Refusal(kind=Kind[kind], line=line, quoted=quoted, why=why, next_step=next_step)
