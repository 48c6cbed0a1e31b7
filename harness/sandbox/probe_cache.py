"""Cache of the probe of sandbox backends: reading a file is faster than trying them."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from harness.filesystem.reading import parse_json

_FILE = "sandbox.json"


def remembered(cache: Path, variables: Mapping[str, str]) -> bool | None:
    """Return the result of a probe since the last boot, with the same bubblewrap and user; None without one."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        known = parse_json((cache / _FILE).read_text(encoding="utf-8"))
        if known.get("machine") == _machine(variables) and isinstance(known.get("contains"), bool):
            return bool(known["contains"])
    return None


def remember(cache: Path, variables: Mapping[str, str], *, contains: bool) -> None:
    """Keep what was found; without a cache that can be written it is tried again."""
    with contextlib.suppress(OSError):
        cache.mkdir(parents=True, exist_ok=True)
        temporary = cache / f"{_FILE}.{os.getpid()}"
        temporary.write_text(json.dumps({"machine": _machine(variables), "contains": contains}), encoding="utf-8")
        temporary.replace(cache / _FILE)


def _machine(variables: Mapping[str, str]) -> list[object]:
    boot = ""
    with contextlib.suppress(OSError):
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    user = os.geteuid() if hasattr(os, "geteuid") else None
    return [sys.platform, boot, user, shutil.which("bwrap", path=variables.get("PATH") or os.defpath)]
