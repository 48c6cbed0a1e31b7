"""Which Python is selected, and the error if there is none."""

import json

import pytest

from harness.interpreters import Interpreters, MissingInterpreter, executables
from harness.process import child
from harness.process.limits import Ended
from harness.uv.client import Uv


class Machine:
    """A machine with fake Pythons: files with predefined answers."""

    def __init__(self, folder, monkeypatch):
        self.folder = folder
        self.answers = {}
        self.asked = []
        self.uv_status = 2
        monkeypatch.setattr(child, "run", self._run)

    def add(self, name, version, *, implementation="cpython", release=True, executable=None):
        path = self.folder / name
        path.write_text(name)
        self.answers[str(path)] = {
            "executable": str(executable or path),
            "version": version,
            "implementation": implementation,
            "release": release,
        }
        return path

    def interpreters(self, **more):
        paths = [self.folder / name for name in sorted(each.name for each in self.folder.iterdir() if each.is_file())]
        return Interpreters(self.folder / "cache", uv=Uv.find({}), candidates=lambda: paths, **more)

    def _run(self, command, **ignored):
        name = str(command[0])
        self.asked.append(name)
        if name in self.answers:
            answer = json.dumps(self.answers[name]).encode()
            return Ended(status=0, stdout=answer, stderr=b"", duration_s=0.1)
        return Ended(status=self.uv_status, stdout=b"", stderr=b"error: No download found", duration_s=0.1)


@pytest.fixture
def machine(tmp_path, monkeypatch):
    return Machine(tmp_path, monkeypatch)


def test_highest_patch_version_is_selected(machine):
    machine.add("a", "3.11.2")
    machine.add("b", "3.11.10")
    machine.add("c", "3.11.9")
    machine.add("d", "3.12.0")

    found = machine.interpreters().find("3.11")

    assert (found.id, found.executable.name) == ("cpython-3.11.10", "b")


def test_3_1_is_not_3_11(machine):
    machine.add("a", "3.11.2")

    with pytest.raises(MissingInterpreter):
        machine.interpreters().find("3.1")


@pytest.mark.parametrize(
    "strange",
    [{"implementation": "pypy"}, {"release": False}],
    ids=["another implementation", "a pre-release or without a lock"],
)
def test_only_released_cpython_counts(machine, strange):
    machine.add("a", "3.11.9", **strange)
    machine.add("b", "3.11.1")

    assert machine.interpreters().find("3.11").version == "3.11.1"


def test_shim_resolves_to_its_python(machine):
    real = machine.add("real", "3.11.9")
    machine.add("a-shim", "3.11.9", executable=real)

    assert machine.interpreters().find("3.11").executable == real


def test_answers_are_cached_until_the_executable_changes(machine):
    path = machine.add("a", "3.11.1")
    machine.interpreters().find("3.11")
    machine.interpreters().find("3.11")
    assert machine.asked == [str(path)]

    machine.add("a", "3.11.2")
    path.write_text("another file")

    assert machine.interpreters().find("3.11").version == "3.11.2"
    assert machine.asked == [str(path)] * 2


def test_invalid_cache_is_rebuilt(machine):
    machine.add("a", "3.11.1")
    (machine.folder / "cache").mkdir()
    (machine.folder / "cache" / "interpreters.json").write_text('{"x": [1]}')

    assert machine.interpreters().find("3.11").version == "3.11.1"


def test_missing_python_is_reported_with_next_step(machine):
    machine.add("a", "3.11.1")

    with pytest.raises(MissingInterpreter) as caught:
        machine.interpreters().find("3.8")

    assert str(caught.value) == (
        "Python 3.8 is missing.\n"
        "Searched PATH, pyenv, uv, asdf, rye and the system's folders; found: 3.11.1.\n"
        "Install it, for example with `uv python install 3.8` or `pyenv install 3.8`; it is then found automatically."
    )


def test_installed_python_is_found_without_download(machine):
    machine.add("a", "3.11.1")
    interpreters = machine.interpreters(download=True)

    assert interpreters.find_installed("3.11") == interpreters.find("3.11")
    assert interpreters.find_installed("3.8") is None
    assert len(machine.asked) == 1


def test_failed_download_is_reported_and_not_retried(machine):
    interpreters = machine.interpreters(download=True)

    for _ in range(2):
        with pytest.raises(MissingInterpreter, match=r"`uv python install 3\.8` failed: No download found"):
            interpreters.find("3.8")

    assert len(machine.asked) == 1


def test_only_names_of_pythons_are_candidates():
    names = {path.name for path in executables()}

    assert not any("config" in name or "gdb" in name for name in names)


def test_shims_of_pythons_that_were_found_are_left_out(tmp_path, monkeypatch):
    root, other = tmp_path / "pyenv", tmp_path / "other"
    paths = [
        root / "versions" / "3.11.7" / "bin" / "python3.11",
        root / "shims" / "python3.11",
        other / "shims" / "python3.11",
    ]
    for path in paths:
        path.parent.mkdir(parents=True)
        path.write_text("#!/bin/sh\n")
        path.chmod(0o755)
    monkeypatch.setenv("PYENV_ROOT", str(root))
    monkeypatch.setenv("PATH", f"{paths[1].parent}:{paths[2].parent}")
    assert [path for path in executables() if tmp_path in path.parents] == [paths[0], paths[2]]
