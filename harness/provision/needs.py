"""What making environments will take: estimated from the sizes that the locks carry, before anything is fetched."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from harness.errors import counted
from harness.model import Lock, Pin

# Measured on the 70 environments of the full tier: wheels unpack to 3.8 to 4.1 times their size, once for all that
# share them; bytecode and folders, a third of the wheels' size, are each environment's own.
UNPACKED = 4.1
OWN = 0.35


@dataclass(frozen=True, kw_only=True)
class Needs:
    """Of environments that are not built yet: how many, bytes to download at most, bytes to keep about."""

    environments: int
    download_bytes: int
    disk_bytes: int

    @property
    def summary(self) -> str:
        """The same in words."""
        if not self.environments:
            return "all environments are there, nothing to download"
        return (
            f"{counted(self.environments, 'environment')} to make, at most {self.download_bytes / 1e9:.1f} GB to "
            f"download and about {self.disk_bytes / 1e9:.1f} GB to keep"
        )


def needs_of(missing: Iterable[Lock], built: Iterable[Lock]) -> Needs:
    """Estimate what the missing locks take where those that are built are there already.

    A package that several of them share is fetched once and linked, so it counts once.
    """
    by_fingerprint = {lock.fingerprint: lock for lock in missing}
    there = {_file(pin) for lock in built for pin in lock.pins}
    wanted = {_file(pin): pin.size for lock in by_fingerprint.values() for pin in lock.pins if _file(pin) not in there}
    download = sum(wanted.values())
    own = OWN * sum(pin.size for lock in by_fingerprint.values() for pin in lock.pins)
    return Needs(environments=len(by_fingerprint), download_bytes=download, disk_bytes=int(UNPACKED * download + own))


def _file(pin: Pin) -> tuple[str, ...]:
    return (pin.name, pin.version, *sorted(pin.hashes))
