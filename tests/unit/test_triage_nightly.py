"""Nightly builds in the answer to a report: an answer of their own, which bounds no range of releases."""

import datetime as dt
import json
from dataclasses import replace

import pytest

from harness.environments.source_commit import commit_in
from harness.model.nightly import built_on, is_nightly
from harness.project.matrix_file import read_matrix
from harness.triage.answer import Reproduction, document
from harness.triage.claims import check
from harness.triage.environments import ends_of_bases, installed_name, nightly_beside, people_name
from harness.triage.evidence import Evidence, Shows
from harness.triage.nightly import nightly_results, nightly_sentence, releases_only
from harness.triage.reply import markdown
from harness.triage.verdict import without
from tests.schemas import validator
from tests.unit.test_triage import an_answer, claim, environment

MATRIX = """
imports = []
default-tier = "all"

[provides]
engine-nightly = "engine"
engine-cpu = "engine"
layers-nightly = "layers"

[families.engine]
package = "engine-cpu"
id = "engine{version}"
versions = ">=1"
pythons = { "3.11" = ">=1" }

[families.layers]
package = "layers"
id = "layers{version}"
versions = ">=1"
pythons = { "3.11" = ">=1" }

[families.nightly-engine]
package = "engine-nightly"
id = "nightly-engine{version}"
versions = ">=1"
prereleases = true
pick = "newest"
pythons = { "3.11" = ">=1.dev0" }

[families.based]
package = "layers"
pythons = { "3.11" = ">=1" }
requirements = ["layers=={version}"]

[families.based.base]
exclude-newer = 2025-01-01
requirements = ["engine-cpu==2.0.0"]

[families.other-backend]
package = "layers"
pythons = { "3.11" = ">=1" }
requirements = ["layers=={version}"]
variables = { BACKEND = "other" }

[families.other-backend.base]
exclude-newer = 2025-01-01
requirements = ["engine-cpu==2.0.0"]

[tiers.all]
environments = ["*"]
"""


@pytest.fixture(scope="module")
def matrix(tmp_path_factory):
    path = tmp_path_factory.mktemp("matrix") / "matrix.toml"
    path.write_text(MATRIX, encoding="utf-8")
    return read_matrix(path)


def evidence(environment, family, shows, *, writer="", error="", **versions):
    return Evidence(
        cell=f"report@{environment}", environment=environment, family=family, shows=shows, writer=writer, error=error,
        versions={name.replace("_", "-"): version for name, version in versions.items()},
    )  # fmt: skip


RELEASE = evidence("engine1.0", "engine", Shows.BUG, engine_cpu="1.0")
ENGINE = evidence(
    "nightly-engine", "nightly-engine", Shows.PASSES, layers_nightly="4.0.dev20261027", engine_nightly="2.0.dev20261026"
)


@pytest.mark.parametrize(
    ("version", "nightly", "day"),
    [
        ("2.23.0.dev20261026", True, dt.date(2026, 10, 26)),
        ("3.16.0.dev2026102704", True, dt.date(2026, 10, 27)),
        ("1.6.dev0", True, None),
        ("1.6.dev20261399", True, None),
        ("2.22.0rc0", False, None),
        ("2.21.0", False, None),
        ("unknown", False, None),
    ],
)
def test_version_of_a_nightly_build_has_its_day(version, nightly, day):
    assert (is_nightly(version), built_on(version)) == (nightly, day)


def test_nightly_build_of_the_family_is_named_and_no_release_is(matrix):
    (found,) = nightly_results([RELEASE, ENGINE], matrix)
    assert (found.package, found.version, found.built) == ("engine-nightly", "2.0.dev20261026", dt.date(2026, 10, 26))
    assert releases_only([RELEASE, ENGINE], matrix) == (RELEASE,)


def test_nightly_build_that_the_report_names_is_found_without_a_family(matrix):
    own = evidence("engine1.0 + layers-nightly==4.0.dev1", "", Shows.BUG, engine_cpu="1.0", layers_nightly="4.0.dev1")
    assert nightly_results([own], matrix) == ()  # no family is about it: its other packages are those of a release
    own = evidence("nightly-engine2.0.dev20261001 + x", "", Shows.BUG, engine_nightly="2.0.dev20261001")
    assert [each.version for each in nightly_results([own], matrix)] == ["2.0.dev20261001"]


@pytest.mark.parametrize(
    ("id", "family"), [("layers2.5", "layers"), ("layers + layers==2.5", ""), ("python=3.11 layers==2.5 x==1", "")]
)
def test_release_that_requires_a_nightly_build_is_a_release(matrix, id, family):
    """As TensorFlow 2.5.0, which requires keras-nightly."""
    one = evidence(id, family, Shows.PASSES, layers="2.5", engine_nightly="2.5.dev20210329")
    assert nightly_results([one], matrix) == ()
    assert releases_only([one], matrix) == (one,)


def test_nightly_build_that_is_asked_for_by_its_version_is_one(matrix):
    one = evidence("python=3.11 engine-nightly==2.0.dev1 x==1", "", Shows.PASSES, engine_nightly="2.0.dev1")
    assert [each.version for each in nightly_results([one], matrix)] == ["2.0.dev1"]


def test_nightly_build_reads_the_files_of_the_reports_writer_otherwise_its_own(matrix):
    cells = [
        evidence("nightly-engine", "nightly-engine", shows, writer=writer, engine_nightly="2.0.dev20261026")
        for writer, shows in [("nightly-engine", Shows.PASSES), ("engine1.0", Shows.BUG), ("engine1.1", Shows.OTHER)]
    ]
    assert [each.evidence.shows for each in nightly_results(cells, matrix, writer="engine1.0")] == [Shows.BUG]
    assert [each.evidence.shows for each in nightly_results(cells, matrix)] == [Shows.PASSES]


@pytest.mark.parametrize(("writer", "is_release"), [("nightly-engine2.0.dev20261026", False), ("layers2.5", True)])
def test_file_of_a_nightly_build_bounds_no_range_of_releases(matrix, writer, is_release):
    read = evidence("engine1.0", "engine", Shows.BUG, writer=writer, engine_cpu="1.0")
    written = replace(read, written_with={"engine-nightly": "2.0.dev20261026", "layers": "2.5"})
    assert releases_only([written], matrix) == ((written,) if is_release else ())


def test_sentence_says_what_each_nightly_build_shows(matrix):
    other = evidence("n2", "nightly-engine", Shows.BUG, engine_nightly="2.0.dev20261020")
    sentence = nightly_sentence(nightly_results([ENGINE, other], matrix))
    assert sentence == (
        "Nightly builds: engine-nightly 2.0.dev20261026 passes; engine-nightly 2.0.dev20261020 shows the problem."
    )
    assert nightly_sentence(()) == ""
    again = nightly_sentence(nightly_results([other], matrix), is_reported=False)
    assert again == "Nightly builds: engine-nightly 2.0.dev20261020 shows the same failure."


def test_claim_about_an_installed_nightly_build_has_the_reason_why_it_was_not_tested():
    version = "2.0.dev20261026"
    said = claim(version, package="engine-nightly")
    failing = replace(ENGINE, shows=Shows.NOT_TESTED, reason="the script needs pandas")
    assert [each.note for each in check([said], [failing], provides={})] == ["the script needs pandas"]
    (gone,) = check([said], [RELEASE], provides={})
    assert gone.note.endswith("that of the report cannot be installed again")


def test_verdict_does_not_deny_what_a_nightly_build_shows():
    nothing = Reproduction(environment=None, result="does not fail")
    assert without(nothing, ()) == "Not reproduced: no release shows the reported problem."


def test_reply_and_document_have_the_nightly_builds(matrix):
    failing = evidence("n2", "nightly-engine", Shows.OTHER, error="ValueError: gone", engine_nightly="2.0.dev1")
    first, second = nightly_results([ENGINE, failing], matrix)
    answer = an_answer(nightly=(replace(first, commit="ef696751006a1"), second))
    text = markdown(answer)
    assert "| engine-nightly 2.0.dev20261026 | 2026-10-26, commit `ef69675100` | ✅ passes" in text
    assert "| engine-nightly 2.0.dev1 | unknown | ⚠ another failure: `ValueError: gone`" in text
    found = json.loads(json.dumps(document(answer)))
    validator("triage").validate(found)
    assert [(each["built"], each["commit"], each["shows"]) for each in found["nightly"]] == [
        ("2026-10-26", "ef696751006a1", "passes"), (None, None, "another failure"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "commit"),
    [
        (b"\0v1.12.1-148158-gef696751006\0", "ef696751006"),
        (b"version = '2.0-rc1-3-g0123abcd'", "0123abcd"),
        (b"\0v2.21.0\0 a-1-gzzzzzzz", None),
        (None, None),
    ],
)
def test_commit_of_a_build_is_that_of_git_describe(tmp_path, content, commit):
    packages = tmp_path / "lib" / "python3.11" / "site-packages"
    packages.mkdir(parents=True)
    if content is not None:
        (packages / "version.so").write_bytes(content)
    assert commit_in(tmp_path, "version.so") == commit
    assert commit_in(tmp_path / "missing", "version.so") is None


def test_report_about_the_usual_name_means_the_release(matrix):
    assert installed_name("engine", matrix) == "engine-cpu"
    assert installed_name("layers", matrix) == "layers"
    assert installed_name("other", matrix) == "other"
    assert people_name("engine-nightly", matrix) == "engine"


def test_nightly_builds_are_compared_in_every_answer():
    members = [
        environment("engine1.0", "engine", "1.0"),
        environment("nightly-engine2.0.dev1", "nightly-engine", "2.0.dev1"),
        environment("nightly-engine2.0.dev2", "nightly-engine", "2.0.dev2"),
    ]
    assert [each.id for each in nightly_beside(members[:2], members)] == ["nightly-engine2.0.dev2"]


def test_family_with_another_backend_is_not_run_because_its_package_is_responsible(matrix):
    members = [
        environment(f"{family}{version}", family, version)
        for family in ("based", "other-backend")
        for version in ("1.0", "2.0", "3.0")
    ]
    assert ends_of_bases(matrix, members, "layers") == {"based": ("based1.0", "based3.0")}
    assert ends_of_bases(matrix, members, "engine-cpu") == {}
    assert ends_of_bases(matrix, members) == {"based": ("based1.0", "based3.0")}
