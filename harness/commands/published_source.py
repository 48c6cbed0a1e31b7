"""Read published results from a file, a folder, or an address."""

from __future__ import annotations

import os
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness import __version__
from harness.errors import HarnessError, UsageError
from harness.project.matrix import FILE
from harness.rendering.difference import LONGEST, parse_results, read_results

_TIMEOUT_S = 60.0
_NAME = "results.json"


def find_published(named: str | os.PathLike[str] | None) -> Mapping[str, Any] | None:
    """Return the published document that is named, or None if that is the folder of a project, or nothing."""
    if named is None:
        return None
    if isinstance(named, str) and "://" in named:
        return fetch_published(named)
    path = Path(named)
    if path.is_file() or (not (path / FILE).is_file() and (path / _NAME).is_file()):
        return read_results(path)
    return None


def read_named(named: str) -> Mapping[str, Any]:
    """Return the published document of a file, a folder or an address. Raises HarnessError."""
    return fetch_published(named) if "://" in named else read_results(Path(named))


def fetch_published(address: str) -> Mapping[str, Any]:
    """Fetch a results.json, or the one of a folder, by https or http. Raises HarnessError."""
    if not address.startswith(("https://", "http://")):
        raise UsageError(f"{address}: only https and http addresses can be read", next_step="Name a file or a folder")
    path = address.partition("?")[0]
    file = address if path.endswith(".json") else f"{path.rstrip('/')}/{_NAME}"
    request = urllib.request.Request(file, headers={"User-Agent": f"repro-matrix/{__version__}"})
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:  # http and https only, see above
            data = answer.read(LONGEST + 1)
    except urllib.error.HTTPError as error:
        error.close()  # it holds the connection
        raise HarnessError(f"{file}: cannot be read", why=str(error), next_step="Check the address") from None
    except (OSError, ValueError) as error:
        why = getattr(error, "reason", None) or error
        raise HarnessError(f"{file}: cannot be read", why=str(why), next_step="Check the address") from error
    if len(data) > LONGEST:
        raise HarnessError(f"{file}: is longer than {LONGEST >> 20} MiB")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(f"{file} is not UTF-8", why=str(error)) from error
    return parse_results(text, file)
