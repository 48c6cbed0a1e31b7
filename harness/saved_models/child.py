"""The process that reads a foreign file: `python -m harness.saved_models.child PATH`. Prints one line of JSON.

Limits that the kernel enforces are set before the file is opened.
"""

from __future__ import annotations

import contextlib
import json
import sys
from pathlib import Path

MEMORY_MIB = 1024
CPU_S = 20


def main() -> None:
    """Read the file that the command line names; print its facts, or the reason why it is refused."""
    _limit()
    from harness.saved_models.file_kind import read_file
    from harness.saved_models.refusal import Refusal

    try:
        found = {"facts": read_file(Path(sys.argv[1])).to_json()}
    except Refusal as refusal:
        found = {"refused": refusal.what, "next_step": refusal.next_step}
    except OSError as error:
        found = {"refused": error.strerror or str(error), "next_step": ""}
    except MemoryError:
        found = {"refused": f"reading it needs more than {MEMORY_MIB} MiB of memory", "next_step": ""}
    sys.stdout.write(json.dumps(found))


def _limit() -> None:
    """Limit memory and processor time, where the system can."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MIB << 20, MEMORY_MIB << 20))
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    main()
