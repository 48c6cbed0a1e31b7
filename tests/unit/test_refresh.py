"""What `harness refresh` decides without running anything: new releases, and the change of matrix.toml."""

from dataclasses import replace
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from harness.errors import HarnessError, Problems
from harness.locking.new_releases import find_news
from harness.locking.package_index import Release
from harness.project.family_table import read_family
from harness.project.inline_metadata import loads
from harness.project.matrix_edit import set_key
from harness.project.toml_table import Table

MATRIX = (Path(__file__).parents[2] / "matrix.toml").read_text(encoding="utf-8")


def release(version, *, yanked=False, python="cp311"):
    wheel = f"pkg-{version}-{python}-{python}-manylinux_2_28_x86_64.whl"
    return Release(
        version=Version(version), date=None, yanked=yanked, prerelease=Version(version).is_prerelease,
        requires_python=None, wheels=(wheel,),
    )  # fmt: skip


def family(**values):
    problems = Problems()
    table = {"package": "pkg", "pythons": {"3.11": ">=1"}, **values}
    found = read_family(Table(table, where="families.pkg", problems=problems), "pkg", (), ())
    assert not list(problems)
    return found


def news(releases, *, locked=(), **values):
    return find_news(
        family(**values),
        [each if isinstance(each, Release) else release(each) for each in releases],
        [Version(each) for each in locked],
    )


def texts(versions):
    return [str(each) for each in versions]


class TestNews:
    def test_nothing_new_changes_nothing(self):
        found = news(["1.0", "1.1"], locked=["1.0", "1.1"], versions=">=1,<2")
        assert (found.added, found.superseded, found.changes_matrix, found.notes) == ((), (), False, ())

    def test_new_release_in_the_range_needs_a_lock_only(self):
        found = news(["1.0", "1.1"], locked=["1.0"], versions=">=1")
        assert (texts(found.added), found.changes_matrix) == (["1.1"], False)

    def test_upper_bound_is_raised_over_the_newest_release(self):
        found = news(["2.20.0", "2.21.0", "2.22.0"], locked=["2.20.0", "2.21.0"], versions=">=2.2,<2.22")
        assert (texts(found.added), found.versions) == (["2.22.0"], ">=2.2,<2.23")

    def test_exclusions_stay_when_the_bound_is_raised(self):
        found = news(["1.0", "1.1", "1.2", "1.3"], locked=["1.0"], versions=">=1,!=1.1,<1.2")
        assert found.versions == ">=1,!=1.1,<1.4"
        assert texts(found.added) == ["1.2", "1.3"]

    def test_last_of_a_minor_stays_when_a_patch_release_follows(self):
        found = news(["1.0.0", "1.1.0", "1.1.1"], locked=["1.0.0", "1.1.0"], pick="last of each minor", versions=">=1")
        assert (texts(found.added), found.also, found.superseded) == (["1.1.1"], ("1.1.0",), ())

    def test_newest_release_candidate_is_added(self):
        found = news(["1.0", "1.1rc0", "1.1rc1", "1.1.dev3"], locked=["1.0"], versions=">=1,<1.1")
        assert (texts(found.added), found.also, found.versions) == (["1.1rc1"], ("1.1rc1",), None)

    def test_newer_candidate_replaces_the_older_one(self):
        found = news(["1.0", "1.1rc0", "1.1rc1"], locked=["1.0", "1.1rc0"], versions=">=1", also=["1.1rc0"])
        assert (texts(found.added), texts(found.superseded), found.also) == (["1.1rc1"], ["1.1rc0"], ("1.1rc1",))

    def test_final_release_replaces_its_candidate(self):
        found = news(["1.0", "1.1rc0", "1.1"], locked=["1.0", "1.1rc0"], versions=">=1", also=["1.1rc0"])
        assert (texts(found.added), texts(found.superseded), found.also) == (["1.1"], ["1.1rc0"], ())

    def test_old_candidate_is_no_news(self):
        assert not news(["1.0rc0", "1.0"], locked=["1.0"], versions=">=1").added

    def test_yanked_release_is_no_news(self):
        assert not news(["1.0", release("1.1", yanked=True)], locked=["1.0"], versions=">=1").added

    def test_release_without_a_wheel_for_the_python_is_noted_and_not_added(self):
        found = news(["1.0", release("1.1", python="cp313")], locked=["1.0"], versions=">=1")
        assert found.added == ()
        assert found.notes == ("pkg 1.1: it has no wheel for Python 3.11; see families.pkg.pythons",)

    def test_candidate_without_a_wheel_is_noted_and_not_added(self):
        found = news(["1.0", release("1.1rc0", python="cp313")], locked=["1.0"], versions=">=1")
        assert (found.added, found.also) == ((), None)
        assert "1.1rc0: it has no wheel" in found.notes[0]

    def test_release_without_a_python_is_noted(self):
        found = news(["1.0", "2.0"], locked=["1.0"], versions=">=1", pythons={"3.11": "<2"})
        assert (found.added, found.notes) == ((), ("pkg 2.0: families.pkg.pythons has no Python for it",))

    def test_family_that_lists_its_versions_is_not_extended(self):
        found = news(["1.0", "2.0"], locked=["1.0"], versions=["1.0"])
        assert (found.added, found.changes_matrix) == ((), False)
        assert found.notes == ("pkg 2.0: families.pkg lists its versions, and is not extended",)

    def test_family_of_nightly_builds_moves_to_the_newest(self):
        nightlies = ["2.0.dev1", "2.0.dev2", "2.0.dev3"]
        found = news(nightlies, locked=["2.0.dev1"], pick="newest", prereleases=True, versions=">=2.0.dev0")
        assert (texts(found.added), texts(found.superseded)) == (["2.0.dev3"], ["2.0.dev1"])
        assert not news(nightlies, locked=["2.0.dev3"], pick="newest", prereleases=True, versions=">=2.0.dev0").added

    def test_last_nightly_build_of_each_week_stays_after_the_index_removed_it(self):
        nightlies = ["2.0.dev20261025", "2.0.dev20261026", "2.0.dev2026102704", "2.0.dev1"]
        options = {"pick": "last of each week", "prereleases": True, "versions": ">=2.0.dev0"}
        found = news(nightlies, locked=["2.0.dev20261018", "2.0.dev20261026"], **options)
        assert texts(found.added) == ["2.0.dev1", "2.0.dev20261025", "2.0.dev2026102704"]
        assert texts(found.superseded) == [
            "2.0.dev20261026"
        ]  # a later one of the same week; that of 18 October is kept

    def test_pre_releases_are_covered_only_where_they_are_named_or_asked_for(self):
        available = [Version(each) for each in ("1.0", "1.1rc0", "1.1.dev1")]
        assert texts(family(versions=">=1").choose(available)) == ["1.0"]
        assert texts(family(versions=">=1", also=["1.1rc0"]).choose(available)) == ["1.0", "1.1rc0"]
        assert texts(family(versions=["1.1rc0"]).choose(available)) == ["1.1rc0"]
        assert texts(family(versions=">=1", prereleases=True).choose(available)) == ["1.0", "1.1.dev1", "1.1rc0"]

    def test_written_specifier_means_the_same(self):
        found = news(["1.0", "1.3"], locked=["1.0"], versions=">=1,!=1.1,<1.2")
        assert replace(found.family, versions=SpecifierSet(found.versions)).contains(Version("1.3"))


class TestEdit:
    def test_value_is_replaced_and_all_else_stays(self):
        changed = set_key(MATRIX, "tf", "versions", ">=2.2,<2.23")
        before, after = MATRIX.splitlines(), changed.splitlines()
        assert [(old, new) for old, new in zip(before, after, strict=True) if old != new] == [
            ('versions = ">=2.2,<2.22"', 'versions = ">=2.2,<2.23"')
        ]

    def test_missing_key_is_added_to_the_family(self):
        changed = set_key(MATRIX, "keras", "also", ["3.16.0rc0"])
        assert loads(changed)["families"]["keras"]["also"] == ["3.16.0rc0"]
        assert len(changed.splitlines()) == len(MATRIX.splitlines()) + 1
        assert changed.replace('also = ["3.16.0rc0"]\n', "") == MATRIX

    def test_key_of_the_last_family_of_a_file_is_added(self):
        changed = set_key('[families.a]\npackage = "a"', "a", "also", ["1"])
        assert loads(changed) == {"families": {"a": {"package": "a", "also": ["1"]}}}

    @pytest.mark.parametrize(
        "text",
        [
            pytest.param('[families.a]\nalso = [\n  "1",\n]\n', id="several lines"),
            pytest.param('families.a.also = ["1"]\n', id="dotted key"),
            pytest.param('[families]\na = { also = ["1"] }\n', id="inline table"),
            pytest.param('[families.a]\ntitle = """\nalso = 3\n"""\nalso = ["1"]\n', id="key in a text"),
        ],
    )
    def test_what_cannot_be_changed_by_lines_is_refused_with_what_to_write(self, text):
        with pytest.raises(HarnessError, match=r'Write it yourself: also = \["2"\]'):
            set_key(text, "a", "also", ["2"])
