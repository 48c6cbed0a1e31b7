"""The wheels of nightly builds that were kept, because the package index removes them; bounded."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from packaging.utils import NormalizedName, canonicalize_name, parse_wheel_filename
from packaging.version import Version

from harness.filesystem.folders import OwnedFolder
from harness.model import Lock, Pin
from harness.model.nightly import is_nightly

Fetch = Callable[[Pin, Path], Path]
"""Download the wheel of a pin into a folder, and verify its hash. Raises HarnessError."""


@dataclass(frozen=True, kw_only=True)
class Archived:
    """The result of archiving one nightly build."""

    pin: Pin
    kept: bool
    reason: str = ""
    """The reason why it is not kept, or a note that it was kept before."""
    removed: tuple[str, ...] = ()
    """Older wheels that made room."""


class WheelArchive:
    """Wheels of nightly builds in a folder of the cache."""

    def __init__(self, cache: Path) -> None:
        self.folder = cache / "archive"

    def folder_for(self, lock: Lock) -> Path | None:
        """Return the folder if it has a wheel of a lock."""
        wanted = {(pin.name, Version(pin.version)) for pin in nightly_pins([lock])}
        return self.folder if wanted and any(_is_of(path, wanted) for path in self._wheels()) else None

    def add(self, pins: Iterable[Pin], fetch: Fetch, *, limit_bytes: int) -> list[Archived]:
        """Keep the wheels of pins, at most `limit_bytes` in all: older wheels make room. Raises HarnessError."""
        results = []
        for pin in pins:
            have = self._wheels_of(pin)
            if have:
                os.utime(have[0])
                results.append(Archived(pin=pin, kept=True, reason="kept before"))
            elif pin.size > limit_bytes:
                reason = f"its {-(-pin.size >> 20)} MiB are more than the limit of {limit_bytes >> 20} MiB"
                results.append(Archived(pin=pin, kept=False, reason=reason))
            else:
                self._fetch(pin, fetch)
                results.append(Archived(pin=pin, kept=True))
            results[-1] = replace(results[-1], removed=tuple(self._remove_oldest(limit_bytes)))
        return results

    def missing(self, pins: Iterable[Pin]) -> list[Pin]:
        """Return the pins whose wheel is not kept."""
        return [pin for pin in pins if not self._wheels_of(pin)]

    def _wheels_of(self, pin: Pin) -> list[Path]:
        return [path for path in self._wheels() if _is_of(path, {(pin.name, Version(pin.version))})]

    def _fetch(self, pin: Pin, fetch: Fetch) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        with OwnedFolder(self.folder.parent, "archiving-") as folder:
            path = fetch(pin, folder)
            path.replace(self.folder / path.name)

    def _remove_oldest(self, limit_bytes: int) -> Iterator[str]:
        wheels = sorted(self._wheels(), key=lambda path: path.stat().st_mtime_ns)
        total = sum(path.stat().st_size for path in wheels)
        for path in wheels[:-1]:
            if total <= limit_bytes:
                return
            total -= path.stat().st_size
            path.unlink(missing_ok=True)
            yield path.name

    def _wheels(self) -> list[Path]:
        return sorted(self.folder.glob("*.whl"))


def nightly_pins(locks: Iterable[Lock]) -> list[Pin]:
    """Return the nightly builds of locks, each once."""
    pins = (pin for lock in locks for pin in lock.pins if is_nightly(pin.version))
    return list({(pin.name, pin.version): pin for pin in pins}.values())


def _is_of(path: Path, wanted: set[tuple[NormalizedName, Version]]) -> bool:
    with contextlib.suppress(ValueError):
        name, version, _, _ = parse_wheel_filename(path.name)
        return (canonicalize_name(name), version) in wanted
    return False
