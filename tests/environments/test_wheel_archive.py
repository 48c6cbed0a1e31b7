"""Nightly builds that the package index has removed: what is said of them, and the wheels that were kept."""

import threading
from types import SimpleNamespace

import pytest

from harness.commands.archive import Options, execute
from harness.commands.defaults import INTERRUPTED_STATUS
from harness.environments.unavailable import Unavailable
from harness.environments.wheel_archive import WheelArchive, nightly_pins
from harness.errors import HarnessError
from harness.locking.package_index import ReleaseIndex

MIB = 1 << 20


@pytest.fixture
def nightly(world):
    """Return the environment of a nightly build, and its wheel in the index."""
    wheel = world.index.add("made_up", "3.0.dev20230102", "2023-01-02")
    environment = world.environment("made-up==3.0.dev20230102")
    return environment, wheel


def fetch(world):
    index = ReleaseIndex(world.index.address)
    return lambda pin, folder: index.fetch_wheel(pin.name, pin.hashes, folder)


def test_nightly_build_that_is_gone_is_no_longer_offered(world, nightly):
    environment, wheel = nightly
    wheel.unlink()
    expected = r"no longer offers made-up 3\.0\.dev20230102 \(built 2023-01-02\)"
    with pytest.raises(Unavailable, match=expected) as caught:
        world.provide(environment)
    assert caught.value.conclusive  # it will not come back: a run with it is not left open


def test_release_that_is_gone_is_not_called_a_nightly_build(world):
    environment = world.environment("made-up==1.0")
    (world.index.folder / "made_up-1.0-py3-none-any.whl").unlink()
    with pytest.raises(Unavailable, match="does not offer the locked files"):
        world.provide(environment)


def test_index_without_the_package_may_be_repaired(world, nightly):
    environment, _ = nightly
    for path in world.index.folder.glob("made_up-*"):
        path.unlink()
    with pytest.raises(Unavailable, match="does not offer the locked files") as caught:
        world.provide(environment)
    assert not caught.value.conclusive


def test_kept_wheel_is_installed_after_the_index_removed_it(world, nightly):
    environment, wheel = nightly
    archive = WheelArchive(world.cache)
    assert archive.folder_for(environment.lock) is None
    pins = nightly_pins([environment.lock])
    (done,) = archive.add(pins, fetch(world), limit_bytes=MIB)
    assert (done.kept, done.reason) == (True, "")
    (again,) = archive.add(pins, fetch(world), limit_bytes=MIB)
    assert (again.kept, again.reason) == (True, "kept before")
    wheel.unlink()
    assert world.provide(environment).versions["made-up"] == "3.0.dev20230102"


def test_kept_wheel_that_was_changed_is_not_installed(world, nightly):
    environment, wheel = nightly
    archive = WheelArchive(world.cache)
    archive.add(nightly_pins([environment.lock]), fetch(world), limit_bytes=MIB)
    wheel.unlink()
    with (archive.folder / wheel.name).open("ab") as stream:
        stream.write(b"more")
    with pytest.raises(Unavailable):
        world.provide(environment)


def test_oldest_wheels_make_room(world):
    pins = []
    for day in ("20230101", "20230102", "20230103"):
        path = world.index.add("made_up", f"3.0.dev{day}", "2023-01-03")
        pins += nightly_pins([world.lock(f"made-up==3.0.dev{day}")])
    archive = WheelArchive(world.cache)
    results = archive.add(pins, fetch(world), limit_bytes=2 * path.stat().st_size)
    assert [each.kept for each in results] == [True, True, True]
    assert [each.removed for each in results] == [(), (), ("made_up-3.0.dev20230101-py3-none-any.whl",)]
    assert [each.name.split("-")[1] for each in sorted(archive.folder.iterdir())] == [
        "3.0.dev20230102",
        "3.0.dev20230103",
    ]
    (refused,) = WheelArchive(world.cache / "other").add(pins[:1], fetch(world), limit_bytes=1)
    assert not refused.kept
    assert refused.reason == "its 1 MiB are more than the limit of 0 MiB"


def test_wheel_that_the_index_no_longer_has_cannot_be_kept(world, nightly):
    environment, wheel = nightly
    wheel.unlink()
    world.index.add("made_up", "3.0.dev20230103", "2023-01-03")
    with pytest.raises(HarnessError, match="does not offer the locked wheel of 'made-up'"):
        WheelArchive(world.cache).add(nightly_pins([environment.lock]), fetch(world), limit_bytes=MIB)


def test_wheels_that_do_not_fit_together_are_an_error(world):
    environments, sizes = [], []
    for day in ("20230101", "20230102"):
        wheel = world.index.add("made_up", f"3.0.dev{day}", "2023-01-03", f"# {'x' * (700 << 10)}")
        sizes.append(wheel.stat().st_size)
        environments.append(world.environment(f"made-up==3.0.dev{day}"))
    notes = []
    session = SimpleNamespace(
        project=SimpleNamespace(environments=environments), cache=world.cache, notify=notes.append,
        variables={"UV_DEFAULT_INDEX": world.index.address}, stop=threading.Event(),
    )  # fmt: skip
    assert max(sizes) < MIB < sum(sizes)
    assert execute(session, Options(environments=(), limit=1)) == 1
    assert notes == ["made-up 3.0.dev20230101: not kept: all of these wheels are more than --limit. Increase it."]
    assert execute(session, Options(environments=(), limit=2)) == 0
    session.stop.set()
    assert execute(session, Options(environments=(), limit=2)) == INTERRUPTED_STATUS
