"""Estimate download and disk space of environments from the sizes in their locks, before any download."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from harness.errors import counted
from harness.model import Lock, Pin

# Measured on the 70 environments of the full tier: wheels unpack to 3.8 to 4.1 times their size, and
# environments share these files. Bytecode and folders, a third of the wheels' size, are not shared.
UNPACKED = 4.1
OWN = 0.35


@dataclass(frozen=True, kw_only=True)
class Needs:
    """Requirements of missing environments: their number, the most bytes to download, the estimated bytes on disk."""

    environments: int
    download_bytes: int
    disk_bytes: int

    @property
    def summary(self) -> str:
        """The requirements in words."""
        if not self.environments:
            return "all environments exist, nothing to download"
        return (
            f"{counted(self.environments, 'environment')} to build, at most {self.download_bytes / 1e9:.1f} GB to "
            f"download and about {self.disk_bytes / 1e9:.1f} GB on disk"
        )


def needs_of(missing: Iterable[Lock], built: Iterable[Lock]) -> Needs:
    """Estimate the requirements of missing environments, given the built ones.

    A package that several of them share is downloaded once and hard-linked, so it counts once.
    """
    by_fingerprint = {lock.fingerprint: lock for lock in missing}
    there = {_file(pin) for lock in built for pin in lock.pins}
    wanted = {_file(pin): pin.size for lock in by_fingerprint.values() for pin in lock.pins if _file(pin) not in there}
    download = sum(wanted.values())
    own = OWN * sum(pin.size for lock in by_fingerprint.values() for pin in lock.pins)
    return Needs(environments=len(by_fingerprint), download_bytes=download, disk_bytes=int(UNPACKED * download + own))


def _file(pin: Pin) -> tuple[str, ...]:
    return (pin.name, pin.version, *sorted(pin.hashes))
