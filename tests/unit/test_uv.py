"""The variables and options that uv is run with."""

import datetime as dt
import threading

import pytest

from harness.process import child
from harness.process.limits import Ended
from harness.project.inline_metadata import loads
from harness.uv.client import Resolution, SourceMetadata, Uv
from harness.uv.failures import FailureKind, UvFailed


@pytest.fixture
def calls(monkeypatch):
    """Record each call. Each ends with the status that the test sets."""

    class Calls(list):
        ended = Ended(status=0, stdout=b"", stderr=b"", duration_s=0.1)

    calls = Calls()

    def run(command, *, env, cwd, timeout_s, stop=None, **more):
        calls.append((list(command)[1:], dict(env), cwd))
        return calls.ended

    monkeypatch.setattr(child, "run", run)
    return calls


def test_variables_that_change_a_resolution_are_removed():
    uv = Uv.find(
        {
            "PATH": "/bin",
            "UV_DEFAULT_INDEX": "https://mirror.invalid/simple",
            "UV_INDEX_MIRROR_PASSWORD": "x",
            "UV_CACHE_DIR": "/cache",
            "UV_EXCLUDE_NEWER": "2020-01-01",
            "UV_CONSTRAINT": "c.txt",
            "UV_PRERELEASE": "allow",
            "PYTHONPATH": "/mine",
            "VIRTUAL_ENV": "/venv",
        }
    )

    assert set(uv.variables) == {"PATH", "UV_DEFAULT_INDEX", "UV_INDEX_MIRROR_PASSWORD", "UV_CACHE_DIR"}


def test_resolution_has_a_date_and_uses_wheels_only(calls, tmp_path):
    date = dt.datetime(2024, 3, 1, 13, tzinfo=dt.timezone(dt.timedelta(hours=1)))
    resolution = Resolution(
        requirements=("a==1", "b"),
        constraints=("c<2",),
        python="3.11",
        platform="x86_64-manylinux_2_28",
        exclude_newer=date,
        exclude_newer_for=(("a", date),),
        sources=("old",),
    )
    (tmp_path / "pylock.toml").write_text("before")

    assert Uv.find({}).resolve(resolution, output=tmp_path / "pylock.toml") == "before"

    [(command, _, folder)] = calls
    line = " ".join(command)
    assert "--only-binary :all:" in line
    assert "--no-binary old" in line
    assert "--exclude-newer 2024-03-01T12:00:00Z --no-python-downloads" in line
    assert "--exclude-newer-package a=2024-03-01T12:00:00Z" in line
    assert "--constraints constraints.txt" in line
    assert "--overrides" not in line
    assert "--no-config" in line
    assert (folder / "requirements.in").read_text() == "a==1\nb\n"


@pytest.mark.parametrize(
    ("ended", "kind"),
    [
        ({"status": -15, "stopped": True}, FailureKind.STOPPED),
        ({"status": -15, "timed_out": True}, FailureKind.TIMED_OUT),
        ({"status": 2, "stderr": b"error: No space left on device"}, FailureKind.DISK_FULL),
    ],
    ids=["stopped", "timed out", "failed"],
)
def test_each_kind_of_failure_is_distinguished(calls, tmp_path, ended, kind):
    calls.ended = Ended(**{"stdout": b"", "stderr": b"", "duration_s": 1.0, **ended})

    with pytest.raises(UvFailed) as caught:
        Uv.find({}).create_environment(tmp_path / "e", python=tmp_path / "python", stop=threading.Event())

    assert caught.value.kind is kind
    assert caught.value.next_step


def test_metadata_of_sources_replaces_any_other_configuration(calls, tmp_path):
    known = (
        SourceMetadata(name="old", version="1.0", requires=("six>=1",)),
        SourceMetadata(name="old", version=None, requires=()),
    )
    resolution = Resolution(
        requirements=("old",), python="3.11", platform="any", sources=("old",), known=known,
        exclude_newer=dt.datetime(2024, 3, 1, tzinfo=dt.timezone.utc),
    )  # fmt: skip
    (tmp_path / "pylock.toml").write_text("")

    Uv.find({}).resolve(resolution, output=tmp_path / "pylock.toml")

    [(command, _, folder)] = calls
    assert command[command.index("--config-file") + 1] == "uv.toml"
    assert "--no-config" not in command
    assert loads((folder / "uv.toml").read_text()) == {
        "dependency-metadata": [
            {"name": "old", "version": "1.0", "requires-dist": ["six>=1"]},
            {"name": "old", "requires-dist": []},
        ]
    }


def test_path_of_a_downloaded_python_is_returned(calls, tmp_path):
    calls.ended = Ended(status=0, stdout=b"/pythons/bin/python3.8\n", stderr=b"", duration_s=1.0)

    assert str(Uv.find({}).install_python("3.8", folder=tmp_path)) == "/pythons/bin/python3.8"
    assert [command[:2] for command, _, _ in calls] == [["python", "install"], ["python", "find"]]
