"""The locks of this repository are complete, valid, and contain no URLs."""

from pathlib import Path

import pytest

from harness.project.lock_file import read_lock, write_lock
from harness.project.project import read_project

ROOT = Path(__file__).parents[2]
PATHS = sorted((ROOT / "locks").rglob("*.txt"))


@pytest.mark.parametrize("path", PATHS, ids=[path.stem for path in PATHS])
def test_lock_round_trips(path):
    text = path.read_text()
    lock = read_lock(path)

    assert write_lock(lock) == text
    assert "://" not in text
    assert all(pin.size for pin in lock.pins)
    assert lock.origin.as_of.microsecond == 0


@pytest.mark.parametrize("path", PATHS, ids=[path.stem for path in PATHS])
def test_lock_records_reason_and_tools_of_source_builds(path):
    lock = read_lock(path)

    assert lock.unexplained == ()
    assert [build.name for build in lock.builds] == list(lock.origin.sources)
    assert all(build.why and build.tools for build in lock.builds)


def test_locks_match_the_matrix():
    assert read_project(ROOT).notices == ()


def test_environments_of_tiers_have_locks():
    project = read_project(ROOT)
    ids = {environment.id for environment in project.environments}

    plain = {id for tier in project.matrix.tiers for id in tier.environments if not set(id) & set("*?!")}
    assert plain <= ids


def test_derived_lock_matches_its_base_except_listed_moves():
    bases = {path.stem: read_lock(path) for path in PATHS if path.stem.endswith("-base")}
    swapped = [read_lock(path) for path in PATHS]

    for lock in swapped:
        if lock.origin.base is not None:
            base = bases[lock.origin.base].versions
            differing = {name for name in {*base, *lock.versions} if base.get(name) != lock.versions.get(name)}
            named = {line.split()[0] for line in lock.origin.moved}
            assert differing - {lock.origin.package} == named, lock.origin.environment


def test_more_tiers_leave_the_published_tiers_as_they_are():
    environments = read_project(ROOT).environments
    more = {name: [each for each in environments if name in each.tiers] for name in ("pythons", "patches", "old")}
    assert [each.python for each in more["pythons"]] == ["3.9", "3.10", "3.11", "3.12", "3.13"]
    assert len({each.lock.origin.version for each in more["pythons"]}) == 1
    assert {each.lock.origin.version for each in more["old"]} == {"1.15.5", "2.0.4", "2.1.4"}
    assert len(more["patches"]) > 20
    assert not [each.id for members in more.values() for each in members if each.tiers & {"default", "full"}]
