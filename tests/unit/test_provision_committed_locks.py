"""The locks in this repository: all there, all whole, and naming no place that files are fetched from."""

from pathlib import Path

import pytest

from harness.plan.locks import read_lock, write_lock
from harness.plan.project import read_project

ROOT = Path(__file__).parents[2]
PATHS = sorted((ROOT / "locks").rglob("*.txt"))


@pytest.mark.parametrize("path", PATHS, ids=[path.stem for path in PATHS])
def test_a_lock_reads_back_as_it_was_written(path):
    text = path.read_text()
    lock = read_lock(path)

    assert write_lock(lock) == text
    assert "://" not in text
    assert all(pin.size for pin in lock.pins)
    assert lock.origin.as_of.microsecond == 0


@pytest.mark.parametrize("path", PATHS, ids=[path.stem for path in PATHS])
def test_a_lock_says_why_and_with_what_it_lets_packages_be_built(path):
    lock = read_lock(path)

    assert lock.unexplained == ()
    assert [build.name for build in lock.builds] == list(lock.origin.sources)
    assert all(build.why and build.tools for build in lock.builds)


def test_every_lock_is_what_the_matrix_says():
    assert read_project(ROOT).notices == ()


def test_every_tier_names_environments_that_have_a_lock():
    project = read_project(ROOT)
    ids = {environment.id for environment in project.environments}

    plain = {id for tier in project.matrix.tiers for id in tier.environments if not set(id) & set("*?!")}
    assert plain <= ids


def test_a_swapped_environment_holds_what_its_base_holds():
    bases = {path.stem: read_lock(path) for path in PATHS if path.stem.endswith("-base")}
    swapped = [read_lock(path) for path in PATHS]

    for lock in swapped:
        if lock.origin.base is not None:
            base = bases[lock.origin.base].versions
            differing = {name for name in {*base, *lock.versions} if base.get(name) != lock.versions.get(name)}
            named = {line.split()[0] for line in lock.origin.moved}
            assert differing - {lock.origin.package} == named, lock.origin.environment
