"""The environments of a search on disk: installed, or an overlay of an installed one."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

from harness.environments.integrity import site_packages
from harness.environments.store import Provided
from harness.model import Environment
from harness.pinpoint.environments.overlaid_releases import Layer, Layers
from harness.session import Session


class ProbedEnvironments:
    """Provide environments on disk. Thread-safe. Without layers, every environment is installed."""

    def __init__(self, session: Session, layers: Layers | None) -> None:
        self._session = session
        self._layers = layers
        self._hosts: dict[tuple[str, tuple[tuple[str, str], ...], tuple[str, ...]], Provided] = {}

    def layer_of(self, environment: Environment) -> Layer | None:
        """Return the overlay of an environment; None if the environment is installed."""
        return self._layers.find(environment) if self._layers is not None else None

    def host_of(self, environment: Environment) -> Environment:
        """Return the installed environment: this one, or its host."""
        layer = self.layer_of(environment)
        return environment if layer is None else layer.host

    def provide(self, environment: Environment, *, stop: threading.Event | None = None) -> Provided:
        """Return an environment with the bytecode of its overlays. Raises HarnessError."""
        layer = self.layer_of(environment)
        provided = self._provide_host(self.host_of(environment), stop)
        interpreter = self._session.interpreters.find(environment.python, stop=stop)
        for overlay in (environment.overlay, layer.overlay if layer is not None else None):
            if overlay is not None:
                self._session.bytecode.compile(overlay.folder, interpreter, stop=stop or self._session.stop)
        return provided

    def _provide_host(self, host: Environment, stop: threading.Event | None) -> Provided:
        """Return an installed environment. Its files are checked once for a search: that reads 20 000 names."""
        key = (host.lock.fingerprint, host.variables, host.imports)
        if key in self._hosts:
            return self._hosts[key]
        provided = self._session.provide(host, stop=stop)
        self._hosts[key] = replace(provided, built=False)
        return provided

    def folder_of(self, environment: Environment) -> Path:
        """Return the folder of an environment, or of its host. Create it if it is missing. Raises HarnessError."""
        host = self.host_of(environment)
        folder = self._session.folder_of(host)
        if folder is None or not folder.is_dir():  # its results are known from another search, or it was pruned since
            return self._session.provide(host).folder
        return folder

    def sources_of(self, environment: Environment) -> Path:
        """Return the folder with the files of the stepped release. Raises HarnessError."""
        layer = self.layer_of(environment)
        return site_packages(self.folder_of(environment)) if layer is None else layer.overlay.folder
