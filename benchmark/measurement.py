"""Measure commands: wall-clock time, processor time, and the memory of the harness's own process.

`python -m benchmark.measurement FILE ARGUMENT...` runs the harness's command line, and writes its own usage to a file.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness.cli import main


@dataclass(frozen=True, kw_only=True)
class Took:
    """Seconds, MiB and the exit status. `own_s` and `peak_mib` exclude child processes."""

    wall_s: float
    processor_s: float
    own_s: float = 0.0
    peak_mib: int = 0
    status: int = 0

    def __add__(self, other: Took) -> Took:
        """Return the usage of both commands in sequence."""
        return Took(
            wall_s=self.wall_s + other.wall_s,
            processor_s=self.processor_s + other.processor_s,
            own_s=self.own_s + other.own_s,
            peak_mib=max(self.peak_mib, other.peak_mib),
            status=max(self.status, other.status),
        )


def measure(command: Sequence[str], variables: Mapping[str, str], *, folder: Path | None = None) -> Took:
    """Run a command, ignoring its status. The processor time includes its children."""
    notify(f"running: {' '.join(command)}")
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(
        command, env=dict(variables), cwd=folder, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    wall_s = time.monotonic() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Took(wall_s=wall_s, processor_s=processor_s, status=done.returncode)


def measure_harness(arguments: Sequence[str], variables: Mapping[str, str], *, project: Path | None = None) -> Took:
    """Run a command of the harness, in this project or another."""
    with tempfile.TemporaryDirectory() as folder:
        own = Path(folder) / "own.json"
        where = ["--project", str(project)] if project is not None else []
        took = measure([sys.executable, "-m", "benchmark.measurement", str(own), *where, *arguments], variables)
        seen = json.loads(own.read_text(encoding="utf-8"))
    return replace(took, own_s=seen["processor_s"], peak_mib=seen["peak_mib"])


def notify(line: str) -> None:
    """Print a line to stderr."""
    print(line, file=sys.stderr, flush=True)  # noqa: T201 - it is a command


def _main(own: Path, arguments: Sequence[str]) -> int:
    status = main(arguments)
    usage = resource.getrusage(resource.RUSAGE_SELF)
    seen = {"processor_s": usage.ru_utime + usage.ru_stime, "peak_mib": usage.ru_maxrss >> 10}
    own.write_text(json.dumps(seen), encoding="utf-8")
    return status


if __name__ == "__main__":
    sys.exit(_main(Path(sys.argv[1]), sys.argv[2:]))
