"""A throw-away project over throw-away wheels, and the real command line to run it with."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from harness.model import Lock, LockOrigin, Pin
from harness.process.child import TOKEN_VARIABLE
from harness.project.lock_file import write_lock
from tests import commands
from tests.schemas import validated
from tests.wheels import make_wheel

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
PROJECT = Path(__file__).parents[2]
LIMIT_S = 180
CONDITIONED = ("plan", "run", "table", "show", "replay")

MATRIX = f"""
default-tier = "small"
platform = "any"
imports = ["demo"]
show = ["demo"]
pass-env = ["GATE", "COUNTER"]

[families.demo]
package = "demo"
pythons = {{ "{PYTHON}" = ">=0" }}

[tiers.small]
environments = ["demo1.0", "demo1.1", "demo2.0"]

[tiers.full]
environments = ["*"]
"""

# What the made-up package does: 1.0 cannot load what 1.1 and 2.0 can, 2.0 takes no lists any more.
DEMO = """
VERSION = {version!r}

def save(path, value):
    with open(path, "w") as stream:
        stream.write(VERSION + " " + value)

def load(path):
    with open(path) as stream:
        version, value = stream.read().split(" ", 1)
    if version > VERSION:
        raise ValueError("written by a newer demo " + version)
    return value

def build(shape):
    if VERSION == "1.1" and isinstance(shape, list):
        raise TypeError("layer_%d at 0x%x takes no list" % (id(shape) % 97, id(shape)))
    return tuple(shape)
"""

BUILD = '''\
# /// script
# dependencies = ["demo"]
#
# [tool.harness]
# timeout = 60
#
# [tool.harness.parameters]
# shape = ["list", "tuple"]
# ///
"""A model is built whatever its shape is written as."""

# %% tags=["parameters"]
shape = "list"

# %% define
import demo

# %% build
demo.build([1, 2] if shape == "list" else (1, 2))
'''
NEWER = '''\
# /// script
# dependencies = ["demo>=1.1"]
# ///
"""Works from 1.1 on."""

# %% define
import demo

# %% load
if demo.VERSION == "2.0":
    print("gone since 2.0")
    raise SystemExit(125)
'''
WRITE = '''\
"""Writes."""
# %% save
import demo
demo.save("model.txt", "weights")
'''
READ = '''\
"""What one version wrote, another reads."""
# %% load
import demo
assert demo.load("model.txt") == "weights"
'''


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@dataclass
class Done:
    """What a call of the command line left."""

    status: int
    stdout: str
    stderr: str
    arguments: tuple[str, ...] = ()

    @property
    def document(self):
        """The JSON document, validated with the schema of its command."""
        return validated(self.stdout, self.arguments)

    @property
    def table(self) -> dict[str, tuple[str, str | None]]:
        """Outcome and stage by cell."""
        return {cell["cell"]: (cell["outcome"], cell["stage"]) for cell in self.document["cells"]}

    @property
    def attempts(self) -> dict[str, int]:
        """The number of attempts by cell."""
        return {cell["cell"]: cell["attempts"] for cell in self.document["cells"]}

    def cell(self, id: str):
        return next(cell for cell in self.document["cells"] if cell["cell"] == id)


@dataclass
class Project:
    """A project on disk, with the caches that its runs use."""

    root: Path
    wheels: Path
    cache: Path
    variables: dict[str, str] = field(default_factory=dict)
    sandbox: str | None = None
    """The value of `--sandbox` of every command that has the option, if any: each has results of its own."""

    @property
    def store(self) -> Path:
        return self.root / "results" / "attempts.sqlite"

    def scenario(self, name: str, text: str) -> Path:
        path = self.root / "scenarios" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def matrix(self, text: str) -> None:
        (self.root / "matrix.toml").write_text(text, encoding="utf-8")

    def lock(self, version: str, *, family: str = "demo", python: str = PYTHON, hashes=None, **packages: str) -> Path:
        """Write the lock of an environment that holds a version of the package, and other packages."""
        origin = LockOrigin(
            environment=f"{family}{version}", family=family, package="demo", version=version, python=python, platform="any",
            as_of=dt.datetime(2024, 1, 1, tzinfo=dt.timezone.utc), requirements=(f"demo=={version}",),
        )  # fmt: skip
        pins = [
            Pin(name=name, version=each, hashes=hashes or (sha256(self.wheels / f"{name}-{each}-py3-none-any.whl"),), size=500)
            for name, each in {"demo": version, **packages}.items()
        ]  # fmt: skip
        path = self.root / "locks" / family / f"{family}{version}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(write_lock(Lock(origin=origin, pins=tuple(pins))), encoding="utf-8")
        return path

    def environ(self) -> dict[str, str]:
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith(("UV_", "HARNESS_"))},
            "PYTHONPATH": str(PROJECT),
            "HARNESS_CACHE": str(self.cache),
            "UV_FIND_LINKS": str(self.wheels),
            "UV_NO_INDEX": "1",
            "UV_OFFLINE": "1",
            "UV_PYTHON_DOWNLOADS": "never",
            "COLUMNS": "160",
            **self.variables,
        }

    def start(self, *arguments: str, cwd: Path | None = None) -> subprocess.Popen[str]:
        """Start the command line in the project's folder, in a session and an interpreter of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "harness", *self._typed(arguments)],
            cwd=cwd or self.root, env=self.environ(), text=True, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def _typed(self, arguments: tuple[str, ...]) -> tuple[str, ...]:
        conditioned = self.sandbox is not None and arguments[0] in CONDITIONED
        return (*arguments, "--sandbox", self.sandbox) if conditioned else arguments

    def call(self, *arguments: str, status: int | None = 0, cwd: Path | None = None, bug: bool = False) -> Done:
        """Call the command line; it must end with this status, and without a bug of ours unless one was put there."""
        typed = self._typed(arguments)
        done = commands.run(typed, env=self.environ(), cwd=cwd or self.root, timeout=LIMIT_S)
        said = done.stderr
        assert status is None or done.returncode == status, f"status {done.returncode}\n{done.stdout}\n{said}"
        assert bug or ("Traceback (most recent call last)" not in said and "Internal error" not in said), said
        return Done(done.returncode, done.stdout, said, arguments)

    def run(self, *arguments: str, status: int | None = 0) -> Done:
        """Run, and give the results."""
        return self.call("run", *arguments, "--json", status=status)

    def left_over(self) -> list[str]:
        """Name what a run must not leave: folders of attempts, half-built environments, processes."""
        names = [f"runs/{each.name}" for each in (self.cache / "runs").glob("*") if each.is_dir()]
        names += [each.name for each in (self.cache / "environments").glob(".building-*")]
        names += [each.name for each in (self.cache / "artifacts").glob(".part-*")]
        return names + [f"process {each.pid}: {' '.join(each.cmdline())}" for each in self.processes()]

    def processes(self) -> list[psutil.Process]:
        """Return the processes that attempts of this project, or what builds its environments, have started."""
        found = []
        for process in psutil.process_iter():
            try:
                environ = process.environ()
                mine = environ.get("HARNESS_CACHE") == str(self.cache) or str(self.cache) in environ.get("HOME", "")
                mine = mine or self._contains(process.pid)
                if process.status() != psutil.STATUS_ZOMBIE and mine and TOKEN_VARIABLE in environ:
                    found.append(process)
            except (psutil.Error, OSError):
                continue
        return found

    def _contains(self, pid: int) -> bool:
        """Whether a process has a view of its own, in which a folder of this cache is shown."""
        views = [Path(f"/proc/{each}/ns/mnt").readlink() for each in ("self", pid)]
        return views[0] != views[1] and str(self.cache) in Path(f"/proc/{pid}/mountinfo").read_text(encoding="utf-8")


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.slow)


def make_wheels(folder: Path) -> Path:
    """Write the releases of the made-up package: 1.0, 1.1, 2.0, and 3.0 that does not import."""
    for version in ("1.0", "1.1", "2.0"):
        make_wheel(folder, "demo", version, {"demo.py": DEMO.format(version=version)})
    make_wheel(folder, "demo", "3.0", {"demo.py": "raise ImportError('numpy is too new\\nfor this')\n"})
    make_wheel(folder, "other", "1.0", {"other.py": ""})
    return folder


@pytest.fixture(scope="session")
def wheels(tmp_path_factory) -> Path:
    return make_wheels(tmp_path_factory.mktemp("wheels"))


@pytest.fixture(scope="session")
def warm(tmp_path_factory, wheels) -> Path:
    """A cache in which the interpreters are known, so that not every test has to look for them. To copy, not to use."""
    cache = tmp_path_factory.mktemp("warm") / "cache"
    project = make_project(tmp_path_factory.mktemp("warming"), wheels, cache)
    project.call("plan")
    return cache


def make_project(root: Path, wheels: Path, cache: Path, variables: Mapping[str, str] | None = None) -> Project:
    project = Project(root=root, wheels=wheels, cache=cache, variables=dict(variables or {}))
    project.matrix(MATRIX)
    project.scenario("build/build.py", BUILD)
    project.scenario("load/newer.py", NEWER)
    for version in ("1.0", "1.1", "2.0"):
        project.lock(version)
    return project


@pytest.fixture
def project(tmp_path, wheels, warm) -> Project:
    """A project with a cache and a store of its own."""
    cache = tmp_path / "cache"
    shutil.copytree(warm, cache, ignore=shutil.ignore_patterns("logs"))
    (tmp_path / "project").mkdir()
    return make_project(tmp_path / "project", wheels, cache, {"UV_CACHE_DIR": str(wheels.parent / "uv-cache")})


@pytest.fixture
def two_step(project) -> Project:
    """The same, with a scenario of two steps."""
    project.scenario("across/write.py", WRITE)
    project.scenario("across/read.py", READ)
    return project


def wait_until(condition, *, process: subprocess.Popen[str] | None = None) -> None:
    """Wait until something holds; fail if it takes too long, or if the process that it waits for has ended."""
    deadline = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < deadline, "waited for nothing"
        assert process is None or process.poll() is None, process.communicate()
        time.sleep(0.02)
