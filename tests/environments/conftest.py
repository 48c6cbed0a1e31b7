"""A loopback index with test packages, the installed uv with an empty cache, and the Python of the tests."""

import os
import platform
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from harness.environments.store import EnvironmentStore
from harness.interpreters import Interpreter
from harness.locking.resolution import resolve
from harness.locking.source_builds import SourceBuilds
from harness.model import Environment
from harness.uv.client import Uv
from tests.making import make_lock
from tests.wheels import LoopbackIndex


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.slow)


@pytest.fixture
def index(tmp_path):
    with LoopbackIndex(tmp_path / "published").serving() as serving:
        yield serving


@pytest.fixture
def uv(index, tmp_path):
    variables = {**os.environ, "UV_DEFAULT_INDEX": index.address, "UV_CACHE_DIR": str(tmp_path / "uv-cache")}
    return Uv.find({**variables, "UV_HTTP_RETRIES": "0"})


@pytest.fixture
def builds(uv, interpreter, tmp_path):
    return replace(SourceBuilds.default(tmp_path / "cache", uv), find_interpreter=lambda version: interpreter)


@pytest.fixture(scope="session")
def interpreter():
    executable = Path(os.path.realpath(getattr(sys, "_base_executable", sys.executable)))
    return Interpreter(executable=executable, version=platform.python_version(), implementation="cpython")


@dataclass
class World:
    """Everything that a test needs to build environments."""

    index: LoopbackIndex
    uv: Uv
    interpreter: Interpreter
    cache: Path
    said: list = field(default_factory=list)
    find_sandbox: Callable | None = None

    @property
    def builds(self):
        default = SourceBuilds.default(self.cache, self.uv, notify=self.said.append)
        find_sandbox = self.find_sandbox or default.find_sandbox
        return replace(default, find_interpreter=lambda version: self.interpreter, find_sandbox=find_sandbox)

    @property
    def store(self):
        return EnvironmentStore(self.cache, uv=self.uv, find_builds=lambda: self.builds, notify=self.said.append)

    def use_sandbox(self, sandbox):
        self.find_sandbox = lambda: sandbox

    def lock(self, *requirements, stop=None, **changes):
        origin = replace(make_lock().origin, requirements=requirements, **changes)
        python = ".".join(self.interpreter.version.split(".")[:2])
        return resolve(replace(origin, python=changes.get("python", python)), builds=self.builds, stop=stop)

    def environment(self, *requirements, imports=("made_up",), variables=(), lock=None):
        lock = lock or self.lock(*requirements)
        return Environment(id="env", family="family", lock=lock, imports=imports, variables=tuple(variables))

    def provide(self, environment, **more):
        return self.store.provide(environment, self.interpreter, **more)


@pytest.fixture
def world(index, uv, interpreter, tmp_path):
    index.add("made_up", "1.0", "2023-01-01", "import helper_package\nversion = '1.0'\n", requires=["helper-package"])
    index.add("made_up", "2.0", "2025-01-01")
    index.add("helper_package", "0.1", "2022-01-01")
    return World(index, uv, interpreter, tmp_path / "cache")
