"""Parse the pylock.toml files that uv writes."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from packaging.utils import canonicalize_name
from packaging.version import Version

from harness.errors import HarnessError
from harness.model import Lock, LockOrigin, Pin
from harness.uv.failures import FailureKind, UvFailed

if sys.version_info >= (3, 11):
    import tomllib
else:  # the same library under its earlier name
    import tomli as tomllib


def parse_resolution(text: str, origin: LockOrigin) -> Lock:
    """Convert a pylock.toml into a lock. URLs are dropped: hashes identify the files.

    Raises UvFailed for an invalid file: its names, versions and sizes come from the index.
    """
    try:
        packages = tomllib.loads(text).get("packages", [])
        pins = tuple(sorted((_pin(each) for each in packages), key=lambda pin: pin.name))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError) as error:
        raise UvFailed(FailureKind.OTHER, f"uv wrote an invalid pylock.toml: {str(error)[:200]}", text) from error
    return Lock(origin=origin, pins=pins)


def _pin(package: Mapping[str, Any]) -> Pin:
    files = [*package.get("wheels", []), *([package["sdist"]] if "sdist" in package else [])]
    hashes = tuple(sorted(each["hashes"]["sha256"] for each in files if "sha256" in each.get("hashes", {})))
    if not hashes:
        raise HarnessError(
            f"{package['name']} {package.get('version', '')}: the package index gives no sha256 hash for it",
            next_step="Use an index that gives sha256 hashes",
        )
    return Pin(
        name=canonicalize_name(package["name"]),
        version=str(Version(package["version"])),
        hashes=hashes,
        size=max(int(each.get("size", 0)) for each in files),
    )
