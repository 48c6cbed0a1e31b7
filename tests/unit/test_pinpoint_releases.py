"""Which releases are looked at, and how; how environments with something swapped are written."""

import datetime as dt

import pytest
from packaging.version import Version

from harness.errors import UsageError
from harness.pinpoint.releases import look_at, releases_between
from harness.pinpoint.repository import version_of_tag
from harness.pinpoint.swapped import Swaps
from harness.provision.index import Release

KERAS = [
    "2.15.0",
    "3.0.0",
    "3.0.1",
    "3.0.2",
    "3.0.3",
    "3.0.4",
    "3.0.5",
    "3.1.0",
    "3.1.1",
    "3.2.0",
    "3.2.1",
    "3.3.0",
    "3.3.1",
    "3.3.2",
    "3.3.3",
    "3.4.0",
    "3.4.1",
    "3.5.0",
    "3.6.0",
    "3.7.0",
    "3.8.0",
    "3.9.0",
    "3.9.1",
    "3.9.2",
    "3.10.0",
]


class FakeIndex:
    """Lists what it was given."""

    def __init__(self, versions, yanked=()):
        self._releases = [
            Release(
                version=Version(version),
                date=dt.datetime(2024, 1, 1, tzinfo=dt.timezone.utc),
                yanked=version in yanked,
                prerelease=Version(version).is_prerelease,
                requires_python=None,
            )
            for version in versions
        ]

    def releases(self, package, *, every=False):
        return [each for each in self._releases if every or not (each.yanked or each.prerelease)]


def between(versions, given=None, **more):
    return releases_between(FakeIndex(versions, **more), "Keras", given)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param("3.4.0..3.5.0", ["3.4.0", "3.4.1", "3.5.0"], id="both ends belong to it"),
        pytest.param("3.9.2..", ["3.9.2", "3.10.0"], id="no last"),
        pytest.param("..3.0.0", ["2.15.0", "3.0.0"], id="no first"),
        pytest.param("3.3..3.3.1", ["3.3.0", "3.3.1"], id="3.3 is 3.3.0"),
    ],
)
def test_a_range_of_releases(given, expected):
    assert list(between(KERAS, given).versions) == expected


def test_where_they_stand_among_all_does_not_depend_on_the_bounds():
    assert between(KERAS, "3.4.0..3.5.0").older == KERAS.index("3.4.0")


@pytest.mark.parametrize("given", ["4..5", "3.4.1", "x..y", "3.5.0..3.4.0"])
def test_a_range_that_means_nothing_is_an_error_that_says_what_there_is(given):
    with pytest.raises(UsageError):
        between(KERAS, given)
    with pytest.raises(UsageError, match=r"2\.15\.0 \.\.\. .*3\.10\.0"):
        between(KERAS, "4..5")
    with pytest.raises(UsageError, match=r"(?s)3\.5\.0 is later than 3\.4\.0.*Write 3\.4\.0\.\.3\.5\.0"):
        between(KERAS, "3.5.0..3.4.0")


def test_yanked_and_early_ones_are_left_out():
    assert list(between(["1.0", "1.1", "1.2rc1", "1.2"], yanked=("1.1",)).versions) == ["1.0", "1.2"]


def test_the_grid_is_the_last_release_of_each_minor_and_both_ends():
    releases = between(KERAS)
    look = look_at(releases, "grid")
    looked = [releases.versions[mark] for mark in look.course.marks]
    assert looked == [
        "2.15.0",
        "3.0.5",
        "3.1.1",
        "3.2.1",
        "3.3.3",
        "3.4.1",
        "3.5.0",
        "3.6.0",
        "3.7.0",
        "3.8.0",
        "3.9.2",
        "3.10.0",
    ]
    assert "last release of each minor (12 of 25)" in look.words
    assert not look.complete


@pytest.mark.parametrize(
    "versions",
    [
        pytest.param([f"{minor}.0" for minor in range(300)], id="many minors"),
        pytest.param([f"1.0.{patch}" for patch in range(300)], id="few minors"),
        pytest.param([f"1.{place // 8}.{place % 8}" for place in range(40)], id="few minors, not many releases"),
    ],
)
def test_about_twenty_evenly_spaced_where_minors_are_many_or_few(versions):
    look = look_at(between(versions), "grid")
    assert 14 <= len(look.course.marks) <= 30
    gaps = {after - before for before, after in zip(look.course.marks, look.course.marks[1:], strict=False)}
    assert max(gaps) <= 2 * min(gaps - {1} or {1})


def test_a_grid_of_all_misses_nothing():
    assert look_at(between(["1.0.0", "1.0.1", "1.1.0"]), "grid").complete
    assert look_at(between(KERAS), "every").complete
    assert not look_at(between(KERAS), "quick").complete


@pytest.mark.parametrize(
    ("tag", "version"),
    [
        ("v3.4.1", "3.4.1"),
        ("3.4.1", "3.4.1"),
        ("keras-3.4.1", "3.4.1"),
        ("keras-v3.4.1", "3.4.1"),
        ("release/3.4.1", "3.4.1"),
        ("releases/v3.4.1", "3.4.1"),
        ("REL_3_4_1", "3.4.1"),
        ("V3.4.1-rc0", "3.4.1rc0"),
        ("v2.7,0", None),
        ("nightly", None),
    ],
)
def test_versions_in_the_names_of_tags(tag, version):
    assert version_of_tag(tag) == (Version(version) if version else None)


def test_an_environment_with_something_swapped_parses_back():
    text = "python=3.11 tensorflow-cpu==2.18.1 + keras==3.4.1 h5py==3.10.0"
    swaps = Swaps.parse(text)
    assert swaps.base == "python=3.11 tensorflow-cpu==2.18.1"
    assert swaps.versions == (("keras", "3.4.1"), ("h5py", "3.10.0"))
    assert str(swaps) == text


def test_an_environment_with_additions_parses_back():
    swaps = Swaps.parse("tf2.16.2 + keras==3.4.1 pandas scikit-learn>=1.2 keras-hub[nlp]")
    assert swaps.versions == (("keras", "3.4.1"),)
    assert swaps.added == ("pandas", "scikit-learn>=1.2", "keras-hub[nlp]")
    assert Swaps.parse(str(swaps)) == swaps


@pytest.mark.parametrize("text", ["a + b==c==d", "tf2.16.2 + ==3", "tf2.16.2 + pandas ;", "tf2.16.2 + pandas>>1"])
def test_what_is_no_requirement_is_an_error(text):
    with pytest.raises(UsageError, match="NAME==VERSION"):
        Swaps.parse(text)
