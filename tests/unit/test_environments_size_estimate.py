"""The estimate of download and disk space before a download."""

from dataclasses import replace

from harness.environments.size_estimate import needs_of
from tests.making import make_lock


def lock(**sizes):
    made = make_lock(**dict.fromkeys(sizes, "1.0"))
    return replace(made, pins=tuple(replace(pin, size=sizes[pin.name]) for pin in made.pins))


def test_existing_environments_need_nothing():
    needs = needs_of([], [lock(a=1000)])

    assert (needs.environments, needs.download_bytes, needs.disk_bytes) == (0, 0, 0)
    assert needs.summary == "all environments exist, nothing to download"


def test_shared_packages_are_downloaded_once():
    needs = needs_of([lock(a=1000, b=10), lock(a=1000, c=20)], [])

    assert (needs.environments, needs.download_bytes) == (2, 1030)
    assert 4 * 1030 < needs.disk_bytes < 5.5 * 1030


def test_package_of_a_built_environment_needs_no_download_but_disk_space():
    needs = needs_of([lock(a=1000, b=10)], [lock(a=1000)])

    assert needs.download_bytes == 10
    assert 300 < needs.disk_bytes < 500


def test_same_packages_under_two_names_are_one_environment():
    assert needs_of([lock(a=1000), lock(a=1000)], []).environments == 1
