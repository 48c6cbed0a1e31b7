"""Releases that are overlaid on an installed environment instead of being installed.

A release differs from its host only by itself: every other package has the same version in both.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace

from packaging.utils import NormalizedName
from packaging.version import Version

from harness.environments.unpacked_releases import NoOverlay, Unpacked, unsatisfied, why_no_overlay_of
from harness.errors import HarnessError
from harness.locking.package_index import Release, ReleaseIndex
from harness.model import Environment, Lock, Overlay, Pin
from harness.session import Session
from harness.uv.failures import UvFailed


@dataclass(frozen=True, kw_only=True)
class Layer:
    """A release as an overlay of an installed environment, its host."""

    host: Environment
    overlay: Overlay
    text: str
    """For people: `keras 3.4.1 over tf2.16.2`."""


class Layers:
    """Decide which environments of a search are an overlay of another environment. Thread-safe."""

    def __init__(self, session: Session, index: ReleaseIndex, package: NormalizedName) -> None:
        self._session = session
        self._index = index
        self._package = package
        self._guard = threading.Lock()
        self._hosts: dict[str, Environment] = {}
        self._layers: dict[str, Layer | None] = {}
        self._deciding: dict[str, threading.Lock] = {}
        self._verified: dict[tuple[str, tuple[str, ...]], bool] = {}

    def add_host(self, environment: Environment) -> None:
        """Register an environment that is installed in any case, as a host."""
        with self._guard:
            self._hosts.setdefault(self._rest(environment), environment)

    def find(self, environment: Environment) -> Layer | None:
        """Return the overlay that replaces the installation of an environment; None if it must be installed."""
        fingerprint = f"{environment.lock.fingerprint} {environment.variables} {environment.imports}"
        with self._guard:
            deciding = self._deciding.setdefault(fingerprint, threading.Lock())
        with deciding:
            if fingerprint not in self._layers:
                self._layers[fingerprint] = self._decide(environment)
            return self._layers[fingerprint]

    def _decide(self, environment: Environment) -> Layer | None:
        version = environment.lock.versions.get(self._package)
        with self._guard:
            host = self._hosts.setdefault(self._rest(environment), environment)
        if version is None or host.lock.fingerprint == environment.lock.fingerprint:
            return None
        unpacked = unpacked_release(self._session, self._index, self._package, version, environment.python)
        if unpacked is None or not self._fits(host, unpacked):
            return None
        return Layer(host=host, overlay=unpacked.overlay, text=f"{self._package} {version} over {host.id}")

    def _fits(self, host: Environment, unpacked: Unpacked) -> bool:
        key = (host.lock.fingerprint, (unpacked.module, *unpacked.others))
        if key not in self._verified:
            try:
                provided = self._session.provide(host)
            except HarnessError:
                return False  # the error is reported when the host itself is provided
            self._verified[key] = why_no_overlay_of(provided.folder, self._package, unpacked) is None
        return self._verified[key]

    def _rest(self, environment: Environment) -> str:
        """Return the identity of an environment without the package. Hosts have the same one."""
        pins = tuple(pin for pin in environment.lock.pins if pin.name != self._package)
        return f"{replace(environment.lock, pins=pins).fingerprint} {environment.variables} {environment.imports}"


def lock_with_release(
    session: Session, index: ReleaseIndex, base: Environment, package: NormalizedName, version: str
) -> Lock | None:
    """Return a base's lock with another release of one package; None if the release requires more changes."""
    if package not in base.lock.versions or package in base.lock.origin.sources:
        return None
    release = _release(index, package, version)
    pin = None if release is None else _pin(release, package)
    unpacked = None if pin is None else unpacked_release(session, index, package, version, base.python)
    if pin is None or unpacked is None:
        return None
    pins = tuple(pin if each.name == package else each for each in base.lock.pins)
    lock = replace(base.lock, pins=pins)
    return None if unsatisfied(unpacked, lock) else lock


def unpacked_release(
    session: Session, index: ReleaseIndex, package: NormalizedName, version: str, python: str
) -> Unpacked | None:
    """Unpack a release with a pure Python wheel and return it; None if there is no such wheel."""
    release = _release(index, package, version)
    pin = None if release is None else _pin(release, package)
    if pin is None:
        return None
    try:
        interpreter = session.interpreters.find(python, stop=session.stop)
        return session.unpacked.unpack(pin, interpreter, stop=session.stop)
    except (NoOverlay, UvFailed, HarnessError, OSError):
        return None  # an environment of its own is made, and says what is wrong


def _release(index: ReleaseIndex, package: NormalizedName, version: str) -> Release | None:
    wanted = Version(version)
    return next((each for each in index.releases(package, every=True) if each.version == wanted), None)


def _pin(release: Release, package: NormalizedName) -> Pin | None:
    """Return the pin of a release that has one wheel, for all Pythons and platforms; as uv would write it."""
    if not release.pure or release.wheels is None or release.wheels[0] not in release.hashes:
        return None
    name = release.wheels[0]
    return Pin(
        name=package, version=str(release.version), hashes=(release.hashes[name],), size=release.sizes.get(name, 0)
    )
