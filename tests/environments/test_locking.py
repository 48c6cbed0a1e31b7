"""Locks of a test matrix, resolved by the real uv from an index with upload dates."""

import datetime as dt

import pytest

from harness.errors import HarnessError, UsageError
from harness.locking.inline_locks import resolve_inline_environment
from harness.locking.lock_cache import LockCache
from harness.locking.matrix_locks import Locking
from harness.locking.package_index import IndexUnavailable, ReleaseIndex
from harness.project.inline_environment import parse_inline_environment
from harness.project.lock_file import read_lock
from harness.project.matrix_file import read_matrix
from tests.wheels import make_sdist, make_wheel

NOW = dt.datetime(2025, 6, 1, 12, 30, 15, 123456, tzinfo=dt.timezone.utc)

MATRIX = """
[families.a]
package = "engine"
id = "a{version}"
pythons = { "3.11" = ">=0" }
exclude-newer = "28 days after release"

[families.today]
package = "engine"
id = "today-{version}"
versions = ["2.0"]
pythons = { "3.11" = ">=0" }
exclude-newer = "today"

[families.swap]
package = "part"
id = "swap{version}"
pythons = { "3.11" = ">=0" }
requirements = ["part=={version}"]
overrides = ["part=={version}"]

[families.swap.base]
exclude-newer = 2024-03-01
requirements = ["engine==1.0"]

[tiers.default]
environments = ["*"]
"""


@pytest.fixture
def index(index):
    index.add("engine", "1.0", "2024-01-01", requires=["part>=1", "bolt"])
    index.add("engine", "2.0", "2025-05-20", requires=["part>=1", "bolt"])
    index.add("engine", "3.0rc1", "2025-05-21")
    index.add("part", "1.0", "2023-01-01")
    index.add("part", "1.1", "2024-02-01")
    index.add("part", "0.9", "2022-01-01")
    index.add("part", "2.0", "2025-02-01", requires=["bolt>=2", "nut"])
    index.add("bolt", "1.0", "2023-01-01")
    index.add("bolt", "1.1", "2024-06-01")
    index.add("bolt", "2.0", "2025-02-10")
    index.add("nut", "1.0", "2025-02-10")
    return index


@pytest.fixture
def locking(index, builds, tmp_path):
    (tmp_path / "matrix.toml").write_text(MATRIX)

    def make(**changes):
        return Locking(
            matrix=changes.pop("matrix", None) or read_matrix(tmp_path / "matrix.toml"),
            folder=tmp_path / "locks",
            index=ReleaseIndex(changes.pop("address", index.address)),
            **{"builds": builds, "now": NOW, **changes},
        )

    return make


def versions(locking, path):
    return dict(read_lock(locking.folder / path).versions)


def test_each_environment_is_locked_as_of_its_date(locking):
    report = locking().run()

    assert report.failed == ()
    assert report.written == (
        "a1.0", "a2.0", "today-2.0", "swap-base", "swap0.9", "swap1.0", "swap1.1", "swap2.0",
    )  # fmt: skip
    assert versions(locking(), "a/a1.0.txt") == {"engine": "1.0", "part": "1.0", "bolt": "1.0"}
    first, second = (read_lock(locking().folder / f"a/a{version}.txt").origin for version in ("1.0", "2.0"))
    assert first.as_of == dt.datetime(2024, 1, 29, 12, tzinfo=dt.timezone.utc)
    assert second.as_of == NOW.replace(microsecond=0), "never later than now"


def test_lock_has_sizes_but_no_urls(locking):
    locking().run(("a1.0",))

    text = (locking().folder / "a/a1.0.txt").read_text()
    assert "://" not in text
    assert "127.0.0.1" not in text
    assert all(pin.size > 100 for pin in read_lock(locking().folder / "a/a1.0.txt").pins)


def test_release_replaces_a_package_of_an_unchanged_base(locking):
    locking().run(("swap*",))

    base = read_lock(locking().folder / "swap/swap-base.txt")
    assert dict(base.versions) == {"engine": "1.0", "part": "1.1", "bolt": "1.0"}
    for version in ("0.9", "1.0", "1.1"):
        lock = read_lock(locking().folder / f"swap/swap{version}.txt")
        assert dict(lock.versions) == {"engine": "1.0", "part": version, "bolt": "1.0"}
        assert lock.origin.moved == ()
        assert lock.origin.base == "swap-base"


def test_lock_lists_packages_that_a_release_moves(locking):
    locking().run(("swap2.0",))

    lock = read_lock(locking().folder / "swap/swap2.0.txt")
    assert dict(lock.versions) == {"engine": "1.0", "part": "2.0", "bolt": "2.0", "nut": "1.0"}
    assert lock.origin.moved == ("bolt 1.0 -> 2.0", "nut added 1.0")


def test_lock_that_matches_the_matrix_is_kept(locking, index):
    locking().run()
    index.add("bolt", "1.0.1", "2023-02-01")
    before = {path: path.read_bytes() for path in locking().folder.rglob("*.txt")}

    report = locking(now=NOW + dt.timedelta(days=1)).run()

    assert report.written == ()
    assert set(report.kept) >= {"a1.0", "a2.0", "today-2.0", "swap0.9"}
    assert before == {path: path.read_bytes() for path in locking().folder.rglob("*.txt")}


def test_upgrade_resolves_again(locking, index):
    locking().run(("a1.0",))
    index.add("bolt", "1.0.1", "2023-02-01")

    report = locking(upgrade=True).run(("a1.0",))

    assert report.written == ("a1.0",)
    assert versions(locking(), "a/a1.0.txt")["bolt"] == "1.0.1"


def test_date_in_the_future_becomes_final_later(locking):
    locking().run(("a2.0",))

    report = locking(now=NOW + dt.timedelta(days=60)).run(("a2.0",))

    assert report.written == ("a2.0",)
    origin = read_lock(locking().folder / "a/a2.0.txt").origin
    assert origin.as_of == dt.datetime(2025, 6, 17, 12, tzinfo=dt.timezone.utc)


def test_changed_requirements_resolve_again(locking, tmp_path):
    locking().run(("a1.0",))
    (tmp_path / "matrix.toml").write_text(
        MATRIX.replace('id = "a{version}"', 'id = "a{version}"\nconstraints = ["part<2"]')
    )

    assert locking().run(("a1.0",)).written == ("a1.0",)


def test_invalid_lock_is_replaced(locking):
    locking().run(("a1.0",))
    path = locking().folder / "a/a1.0.txt"
    good = path.read_bytes()
    path.write_text("# /// lock\n# environment = 3\n# ///\nrubbish")

    assert locking().run(("a1.0",)).written == ("a1.0",)
    assert path.read_bytes() == good


def test_failed_resolution_does_not_stop_others(locking, index):
    index.add("engine", "1.5", "2024-09-01", requires=["part>=9"])

    report = locking().run(("a*",))

    assert report.written == ("a1.0", "a2.0")
    [(id, reason)] = report.failed
    assert id == "a1.5"
    assert "part>=9" in reason
    assert not (locking().folder / "a/a1.5.txt").exists()


def test_package_without_wheels_is_locked_as_source(locking, index):
    index.publish(make_sdist(index.folder, "screw", "1.0"), "2023-01-01")
    index.add("engine", "1.6", "2024-09-01", requires=["screw"])

    assert locking().run(("a1.6",)).failed == ()
    assert read_lock(locking().folder / "a/a1.6.txt").origin.sources == ("screw",)


def test_lock_has_no_files_for_other_platforms(locking, index):
    for tag in ("cp311-cp311-manylinux2014_x86_64", "cp311-cp311-win_amd64", "cp38-cp38-manylinux2014_x86_64"):
        index.publish(make_wheel(index.folder, "wing", "1.0", {"wing.py": ""}, tag=tag), "2023-01-01")
    index.add("engine", "1.7", "2024-09-01", requires=["wing"])

    locking().run(("a1.7",))

    [pin] = [pin for pin in read_lock(locking().folder / "a/a1.7.txt").pins if pin.name == "wing"]
    assert len(pin.hashes) == 1


def test_unreachable_index_leaves_all_locks_unchanged(locking):
    locking().run(("a*",))
    before = {path: path.read_bytes() for path in locking().folder.rglob("*.txt")}

    report = locking(address="http://127.0.0.1:9/simple/", upgrade=True).run()

    assert [id for id, _ in report.failed] == ["a*", "today*", "swap*"]
    assert all("does not answer" in reason for _, reason in report.failed)
    assert before == {path: path.read_bytes() for path in locking().folder.rglob("*.txt")}


def test_obsolete_lock_files_are_reported(locking):
    locking().run(("a1.0",))
    stray = locking().folder / "a" / "a0.1.txt"
    stray.write_bytes((locking().folder / "a/a1.0.txt").read_bytes())

    assert locking().run(("a1.0",)).obsolete == (stray,)


def test_lock_of_a_nightly_build_that_the_index_removed_is_kept(locking, index, tmp_path):
    matrix = MATRIX.replace('id = "a{version}"', 'id = "a{version}"\nprereleases = true\npick = "newest"')
    (tmp_path / "matrix.toml").write_text(matrix)
    nightly = index.add("engine", "4.0.dev20250522", "2025-05-22")
    locking(matrix=read_matrix(tmp_path / "matrix.toml")).run(("a*",))
    nightly.unlink()
    index.add("engine", "4.0.dev20250523", "2025-05-23")
    report = locking(matrix=read_matrix(tmp_path / "matrix.toml")).run(("a*",))
    assert report.written == ("a4.0.dev20250523",)
    assert (report.obsolete, report.gone) == ((), (locking().folder / "a" / "a4.0.dev20250522.txt",))


def test_globs_without_a_match_are_an_error(locking):
    with pytest.raises(UsageError, match=r"Did you mean a1\.0"):
        locking().run(("a1.O",))
    with pytest.raises(UsageError, match="'b' matches no environment"):
        locking().run(("a1.0", "b"))


def test_releases_are_final_and_not_yanked_by_default(index):
    index.yanked.add("engine-2.0-py3-none-any.whl")
    releases = ReleaseIndex(index.address)

    assert [str(each.version) for each in releases.releases("engine")] == ["1.0"]
    every = releases.releases("engine", every=True)
    assert [(str(each.version), each.yanked, each.prerelease) for each in every] == [
        ("1.0", False, False),
        ("2.0", True, False),
        ("3.0rc1", False, True),
    ]
    assert every[0].date == dt.datetime(2024, 1, 1, 12, tzinfo=dt.timezone.utc)
    assert index.asked.count("/simple/engine/") == 1


def test_missing_package_differs_from_unreachable_index(index):
    with pytest.raises(HarnessError, match="no package 'nonsense'") as caught:
        ReleaseIndex(index.address).releases("nonsense")
    assert not isinstance(caught.value, IndexUnavailable)


def test_inline_environment_is_resolved_once(locking, index, builds, tmp_path):
    written = parse_inline_environment("python=3.11 engine==1.0 as-of=2024-03-01 MODE=x", locking().matrix)

    first = resolve_inline_environment(written, locks=LockCache(tmp_path / "cache"), builds=builds, now=NOW)
    asked = len(index.asked)
    second = resolve_inline_environment(
        written, locks=LockCache(tmp_path / "cache"), builds=builds, now=NOW + dt.timedelta(days=3)
    )

    assert dict(first.versions) == {"engine": "1.0", "part": "1.1", "bolt": "1.0"}
    assert first == second
    assert len(index.asked) == asked


def test_inline_environment_without_a_date_keeps_its_first_date(locking, index, builds, tmp_path):
    written = parse_inline_environment("python=3.11 bolt", locking().matrix)

    first = resolve_inline_environment(
        written, locks=LockCache(tmp_path / "cache"), builds=builds, now=NOW - dt.timedelta(days=300)
    )
    second = resolve_inline_environment(written, locks=LockCache(tmp_path / "cache"), builds=builds, now=NOW)

    assert first.versions == second.versions == {"bolt": "1.1"}


def test_failed_inline_environment_reports_the_reason(locking, builds, tmp_path):
    written = parse_inline_environment("python=3.11 engine==7", locking().matrix)

    with pytest.raises(HarnessError, match="no version of engine==7"):
        resolve_inline_environment(written, locks=LockCache(tmp_path / "cache"), builds=builds, now=NOW)
    assert not list((tmp_path / "cache").rglob("*.txt"))
