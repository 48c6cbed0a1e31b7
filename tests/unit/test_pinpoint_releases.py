"""Which releases are looked at, and how; the ids of derived environments."""

import datetime as dt

import pytest
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from harness.errors import UsageError
from harness.locking.package_index import Release
from harness.pinpoint.commits.repository import version_of_tag
from harness.pinpoint.environments.derived import DerivedId
from harness.pinpoint.releases import Cost, choose_strategy, releases_between

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


def test_the_grid_is_the_first_and_the_last_release_of_each_minor():
    releases = between(KERAS)
    strategy = choose_strategy(releases, "grid")
    looked = [releases.versions[mark] for mark in strategy.plan.marks]
    inside = ["3.0.1", "3.0.2", "3.0.3", "3.0.4", "3.3.1", "3.3.2", "3.9.1"]
    assert looked == [version for version in KERAS if version not in inside]
    assert "the first and the last release of each minor (18 of 25)" in strategy.description
    assert (strategy.mode, strategy.why) == ("grid", "--grid asks for it")
    assert not strategy.complete


def test_every_release_is_run_where_that_takes_little_time():
    releases = between(KERAS)
    strategy = choose_strategy(releases, "auto", cost=Cost(releases=25, overlaid=25, jobs=2))
    assert strategy.complete and strategy.mode == "every" and len(strategy.plan.marks) == 25
    assert strategy.why == "that takes about 56 s"
    back = choose_strategy(releases, "auto", known="3.4.1")
    assert "back from 3.4.1 as far as they can be tested" in back.description


def test_the_grid_is_run_where_every_release_takes_long():
    strategy = choose_strategy(between(KERAS), "auto", cost=Cost(releases=25, overlaid=0, jobs=2))
    assert strategy.mode == "grid"
    assert strategy.why == "every one of 25 releases would take about 8 minutes; --every runs them all"


@pytest.mark.parametrize(
    ("cost", "affordable"),
    [
        pytest.param(Cost(releases=80, overlaid=80, jobs=2), True, id="eighty that need no environment"),
        pytest.param(Cost(releases=100, overlaid=100, jobs=2), False, id="a hundred"),
        pytest.param(Cost(releases=9, overlaid=0, jobs=2), True, id="nine environments"),
        pytest.param(Cost(releases=10, overlaid=0, jobs=16), False, id="ten are made one after another"),
    ],
)
def test_what_is_affordable(cost, affordable):
    assert cost.affordable is affordable


@pytest.mark.parametrize(
    "versions",
    [
        pytest.param([f"1.0.{patch}" for patch in range(300)], id="one minor"),
        pytest.param([f"1.{place // 8}.{place % 8}" for place in range(40)], id="few minors"),
    ],
)
def test_where_minors_are_few_the_grid_has_evenly_spaced_releases_too(versions):
    strategy = choose_strategy(between(versions), "grid")
    assert 14 <= len(strategy.plan.marks) <= 40
    firsts_and_lasts = [place for place, version in enumerate(versions) if version.endswith((".0", ".7"))]
    assert len(versions) > 40 or set(firsts_and_lasts) <= set(strategy.plan.marks)


def test_the_grid_leaves_out_no_minor_however_many_there_are():
    assert choose_strategy(between([f"{minor}.0" for minor in range(300)]), "grid").complete


def test_a_grid_of_all_misses_nothing():
    assert choose_strategy(between(["1.0.0", "1.0.1", "1.1.0"]), "grid").complete
    assert choose_strategy(between(KERAS), "every").complete
    assert not choose_strategy(between(KERAS), "quick").complete


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


def test_the_id_of_a_derived_environment_parses_back():
    text = "python=3.11 tensorflow-cpu==2.18.1 + keras==3.4.1 h5py==3.10.0"
    id = DerivedId.parse(text)
    assert id.base == "python=3.11 tensorflow-cpu==2.18.1"
    assert id.versions == (("keras", "3.4.1"), ("h5py", "3.10.0"))
    assert str(id) == text


def test_an_environment_with_additions_parses_back():
    id = DerivedId.parse("tf2.16.2 + keras==3.4.1 pandas scikit-learn>=1.2 keras-hub[nlp]")
    assert id.versions == (("keras", "3.4.1"),)
    assert id.added == ("pandas", "scikit-learn>=1.2", "keras-hub[nlp]")
    assert DerivedId.parse(str(id)) == id


@pytest.mark.parametrize("text", ["a + b==c==d", "tf2.16.2 + ==3", "tf2.16.2 + pandas ;", "tf2.16.2 + pandas>>1"])
def test_what_is_no_requirement_is_an_error(text):
    with pytest.raises(UsageError, match="NAME==VERSION"):
        DerivedId.parse(text)


@pytest.mark.parametrize(("known", "first", "older"), [("3.4.1", "3.0.0", 1), ("2.15.0", "2.15.0", 0)])
def test_releases_that_a_family_leaves_out_are_not_looked_at(known, first, older):
    releases = releases_between(FakeIndex(KERAS), "keras", None).from_the_first_in(SpecifierSet(">=3.0.0"), known)
    assert (releases.versions[0], releases.older) == (first, older)
