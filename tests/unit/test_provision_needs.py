"""What is said, before anything is fetched, of what it will take."""

from dataclasses import replace

from harness.provision.needs import needs_of
from tests.making import make_lock


def lock(**sizes):
    made = make_lock(**dict.fromkeys(sizes, "1.0"))
    return replace(made, pins=tuple(replace(pin, size=sizes[pin.name]) for pin in made.pins))


def test_what_is_there_needs_nothing():
    needs = needs_of([], [lock(a=1000)])

    assert (needs.environments, needs.download_bytes, needs.disk_bytes) == (0, 0, 0)
    assert needs.summary == "all environments are there, nothing to download"


def test_what_is_shared_is_fetched_once():
    needs = needs_of([lock(a=1000, b=10), lock(a=1000, c=20)], [])

    assert (needs.environments, needs.download_bytes) == (2, 1030)
    assert 4 * 1030 < needs.disk_bytes < 5.5 * 1030


def test_what_another_environment_has_is_not_fetched_again_but_takes_room_of_its_own():
    needs = needs_of([lock(a=1000, b=10)], [lock(a=1000)])

    assert needs.download_bytes == 10
    assert 300 < needs.disk_bytes < 500


def test_two_names_for_the_same_packages_are_one_environment():
    assert needs_of([lock(a=1000), lock(a=1000)], []).environments == 1
