"""Triage without running anything: what counts as the problem, ranges, borders, claims, the verdict, the reply."""

import datetime as dt
import itertools
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from markdown_it import MarkdownIt
from packaging.version import Version

from harness.model import Attempt, Cell, NoVerdict, Outcome
from harness.model import Evidence as Texts
from harness.model.durations import Measured
from harness.model.watch import Watch
from harness.project.matrix_file import read_matrix
from harness.reports import read_report
from harness.reports.report import Claim, Dropped, Form, Output, Place, Report, Says, ScenarioFile, Setting
from harness.reports.secret_detection import has_secret, masked
from harness.triage.answer import Change, FileAnswer, HeldPackage, Reproduction, TriageAnswer, Workaround, document
from harness.triage.attribution import (
    changes,
    decides_in_one_base,
    nearest_pair,
    only_replaced_package,
    other_failures,
    place_to_search,
    points_of,
    responsible_package,
    workarounds,
)
from harness.triage.claims import Checked, check, covers, questions_about, without_verdict
from harness.triage.commands import reproducing, watching
from harness.triage.downloads import with_data
from harness.triage.environments import (
    claimed_environments,
    environments_of_report,
    failing_versions,
    middle,
    reporters_environments,
    with_one_version_each,
)
from harness.triage.evidence import Evidence, Failure, Shows
from harness.triage.local_paths import without_local_paths, without_local_paths_in
from harness.triage.masking import without_secrets
from harness.triage.notebook import notebook
from harness.triage.observed_runs import CellRun, Problem, evidence_of, is_right
from harness.triage.problems import problem_of
from harness.triage.quoted_output import message_of_title, quoted_outputs
from harness.triage.ranges import borders_of, ranges_of
from harness.triage.releases import (
    earlier_releases,
    loss_of,
    packages_of_failure,
    range_of_pair,
    range_to_search,
)
from harness.triage.reply import markdown
from harness.triage.reproduction import (
    NO_VERSION,
    common_reason,
    other_system,
    reason_of_day,
    reproduction_of,
    without_missing_environment,
)
from harness.triage.runs import without_names
from harness.triage.verdict import checks_itself, sentence
from tests.making import make_environment
from tests.schemas import validator

MATRIX = """
imports = []
default-tier = "all"

[variables]
ALL = "1"

[provides]
engine-cpu = "engine"

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
requirements = ["layers=={version}"]

[families.layers.base]
exclude-newer = 2025-01-01
requirements = ["engine-cpu==2.0.0"]

[families.old]
package = "engine-cpu"
id = "engine{version}-old"
versions = ">=1"
pythons = { "3.11" = ">=1" }
variables = { OLD_LAYERS = "1" }
replaces = "layers"

[tiers.all]
environments = ["*"]
"""
BUG, PASSES, OTHER, NOT_TESTED = Shows.BUG, Shows.PASSES, Shows.OTHER, Shows.NOT_TESTED
OLD = (("OLD_LAYERS", "1"),)


@pytest.fixture(scope="module")
def matrix(tmp_path_factory):
    path = tmp_path_factory.mktemp("matrix") / "matrix.toml"
    path.write_text(MATRIX, encoding="utf-8")
    return read_matrix(path)


def evidence(version, shows, *, environment="", package="layers", family="layers", variables=(), error="", **more):
    environment = environment or f"{family}{version}"
    return Evidence(
        cell=f"report@{environment}",
        environment=environment,
        family=family,
        versions={package: version, **more.pop("versions", {})},
        variables=variables,
        shows=shows,
        error=error or ("ValueError: gone" if shows in (BUG, OTHER) else ""),
        **more,
    )


def claim(version, says=Says.FAILS, package="layers", line=1):
    return Claim(text=f"{package} {version}", place=Place(line=line), says=says, package=package, version=version)


def ran(environment, outcome, *, error="", stdout="", cause=None, variables=(), **versions):
    attempt = Attempt(
        cell=Cell.parse(f"report@{environment}"),
        key="key",
        outcome=outcome,
        error=error,
        cause=cause,
        started=dt.datetime(2025, 1, 1, tzinfo=dt.timezone.utc),
        evidence=Texts(stdout=stdout),
    )
    return CellRun(
        cell=f"report@{environment}", environment=environment, family="layers", versions=versions,
        variables=variables, attempt=attempt, verdict=attempt.is_verdict,
    )  # fmt: skip


# Downloaded data


def lacks_data():
    reason = "needs data from https://example.com/a.npz, and scripts have no network. Use --fetch"
    cell = ran("a", Outcome.NOT_APPLICABLE, cause=NoVerdict.NO_NETWORK)
    return replace(cell, attempt=replace(cell.attempt, reason=reason))


def test_reason_in_an_answer_names_the_needed_data_and_not_the_options_of_this_command():
    problem = problem_of([lacks_data()], reported=None, failing=[], working=[])
    (evidence,) = evidence_of([lacks_data()], problem)
    assert evidence.reason == "needs data from https://example.com/a.npz"


def test_script_that_uses_a_name_which_the_report_does_not_define_has_no_verdict():
    failed = ran("a", Outcome.FAILED, error="NameError: name 'X_train' is not defined")
    shown = evidence_of([without_names(failed, {"X_train"})], Problem(observed="error"))[0]
    assert (shown.shows, shown.reason) == (NOT_TESTED, "the script uses X_train, which the report does not define")
    assert without_names(failed, {"other"}) == failed
    raised = ran("a", Outcome.FAILED, error="ValueError: name 'X_train' is not defined")
    assert without_names(raised, {"X_train"}) == raised


def test_missing_data_is_asked_for_once():
    answer = with_data(an_answer(), [lacks_data().attempt, None, lacks_data().attempt], options=[])
    assert answer.questions[len(an_answer().questions) :] == (
        "The script needs data from https://example.com/a.npz. Could you post one that makes its data itself, such as "
        "random arrays of the same shapes?",
    )
    assert answer.commands == an_answer().commands


@pytest.mark.parametrize(
    ("options", "end"), [(["--fetch"], "--fetch"), (["--data", "/home/somebody/data"], "--data DIR")]
)
def test_commands_of_an_answer_have_the_option_for_data_without_local_paths(options, end):
    commands = with_data(an_answer(), [], options=options).commands
    assert commands == tuple(f"{each} {end}" for each in an_answer().commands)


def test_version_that_was_installed_and_could_not_run_the_script_is_no_reason_to_ask_for_a_release():
    claim = Claim(text="fails in 1.0", place=Place(line=1), says=Says.FAILS, package="layers", version="1.0")
    problem = problem_of([lacks_data()], reported=None, failing=[], working=[])
    cells = [replace(each, versions={"layers": "1.0"}) for each in evidence_of([lacks_data()], problem)]
    checked = check([claim], cells, provides={})
    assert checked[0].result is Checked.NOT_TESTED
    assert questions_about(checked) == ()
    assert questions_about(check([claim], [], provides={}))


def test_version_in_which_the_script_started_without_a_verdict_is_not_called_missing():
    """Such as a script without its arguments: the version installs, and is not asked about."""
    reported = claim("2.16.2")
    attempt = ran("tf2.16.2", Outcome.FAILED, cause=NoVerdict.NO_ARGUMENTS, layers="2.16.2")
    checked = check([reported], evidence_of([attempt], Problem(observed="error")), provides={})
    assert [each.result for each in checked] == [Checked.NOT_TESTED]
    assert questions_about(checked) == ()


def test_code_and_tracebacks_of_a_reply_have_nothing_that_a_terminal_obeys():
    hostile = "if 1:\n\tprint('\x1b[2J\x07 \u202e')\n"
    shown = markdown(an_answer(script=hostile, traceback=hostile))
    assert not any(each in shown for each in "\x1b\x07\u202e")
    assert "\n\tprint(" in shown, "indentation stays"


def test_title_of_the_notebook_is_escaped():
    cells = json.loads(notebook(an_answer()))["cells"]
    assert "<script>" not in "".join(cells[0]["source"])


# Passwords and access keys


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('login(token="hf_abcdefghijklmnopqrstuvwxyz0123")', 'login(token="***")'),
        ("api_key = 'abcdefgh12345'", "api_key = '***'"),
        ('{"password": "hunter2hunter2"}', '{"password": "***"}'),
        ("password = input()", "password = input()"),
        ("api_key = 'short'", "api_key = 'short'"),
    ],
)
def test_secrets_are_masked_and_the_rest_stays(text, shown):
    assert masked(text) == shown
    assert has_secret(text) is (text != shown)


def test_answer_has_no_secret_in_any_format():
    key = "hf_abcdefghijklmnopqrstuvwxyz0123"
    claims = check([replace(claim("1.1"), text=f"fails in 1.1 {key}")], [], provides={})
    answer = an_answer(script=f"login('{key}')\n", traceback=key, questions=(key,), claims=claims, name=key,
                       dropped=(Dropped(place=Place(line=3), text=key, why="a shell line"),), commands=(key,))  # fmt: skip
    shown = without_secrets(answer)
    for text in (markdown(shown), json.dumps(document(shown)), notebook(shown)):
        assert key not in text
    assert (shown.reproduced, shown.ranges, shown.claims[0].result) == (
        answer.reproduced,
        answer.ranges,
        claims[0].result,
    )


# What counts as the reported problem


@pytest.mark.parametrize(
    ("reported", "observed", "same"),
    [
        ("ValueError: Unknown layer: 'Gap' at 0x7f12", "ValueError: Unknown layer: 'Gap' at 0x1111", True),
        ("ValueError: Unknown layer: 'Gap'", "TypeError: Unknown layer: 'Gap'", False),
        ("pkg.errors.NotFoundError: no such file /a/b/c", "NotFoundError: no such file /x/y", True),
        ("ValueError", "ValueError: whatever it says", True),
        ("ValueError: Unknown layer: Gap", "ValueError: the optimizer is missing a slot variable", False),
        ("ValueError: Cannot convert '3' to a shape.", "ValueError: Cannot convert '3' to a shape.\nmore", True),
        (
            "TypeError: Descriptors cannot be created directly. If you cannot regenerate them, there are other ways.",
            "TypeError: Descriptors cannot be created directly.",
            True,
        ),
        (
            "AttributeError: Exception encountered when calling Average.call(). 'list' object has no attribute 'shape'",
            "AttributeError: Exception encountered when calling Average.call().\n\n'list' object has no attribute 'shape'",
            True,
        ),
        (
            "AttributeError: Exception encountered when calling Average.call(). 'list' object has no attribute 'shape'",
            "AttributeError: Exception encountered when calling Average.call().\n\n'int' object has no attribute 'dtype'",
            False,
        ),
        ("TypeError: It is not allowed, and there are many more words here", "TypeError: It is not", False),
        (
            "ValueError: Layer 'dense_1' expected 2 variables, but received 0 variables during loading.",
            "ValueError: Layer 'dense' expected 2 variables, but received 0 variables during loading. Expected: ['dense/kernel:0', "
            "'dense/bias:0']",
            True,
        ),
    ],
)
def test_failure_is_recognised_by_type_and_most_words(reported, observed, same):
    assert Failure.parse(reported).matches(observed) is same


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=200))
def test_every_failure_matches_itself(text):
    failure = Failure.parse(f"ValueError: {text}")
    assert failure.matches(f"ValueError: {text}")


def test_reported_failure_counts_if_an_environment_shows_it():
    cells = [
        ran("a", Outcome.FAILED, error="ImportError: no module"),
        ran("b", Outcome.FAILED, error="ImportError: no module"),
        ran("c", Outcome.FAILED, error="ValueError: gone"),
    ]
    problem = problem_of(cells, reported=Failure.parse("ValueError: gone"), failing=[], working=[])
    assert [each.shows for each in evidence_of(cells, problem)] == [OTHER, OTHER, BUG]


def test_failure_of_the_environments_that_the_report_names_counts_before_the_most_frequent():
    cells = [ran(name, Outcome.FAILED, error="ImportError: no module") for name in "ab"]
    cells.append(ran("c", Outcome.FAILED, error="ValueError: gone"))
    problem = problem_of(cells, reported=Failure.parse("KeyError: x"), failing=["c"], working=[])
    assert problem.failure == Failure(type="ValueError", message="gone")


def test_printed_text_is_the_problem_where_nothing_fails():
    cells = [ran("a", Outcome.PASSED, stdout="18.5"), ran("b", Outcome.PASSED, stdout="30.0")]
    problem = problem_of(cells, reported=None, failing=["a"], working=["b"])
    assert (problem.observed, problem.text) == ("output", "18.5")
    assert [each.shows for each in evidence_of(cells, problem)] == [BUG, PASSES]


def test_environment_that_prints_what_the_report_expects_is_right():
    cells = [
        ran("a", Outcome.PASSED, stdout="[[2 2 2 2]\n [2 2 2 5]]\n"),
        ran("b", Outcome.PASSED, stdout="step\n[[2 3 4 4]\n [2 3 4 5]]\n"),
    ]
    expected = ["[[2 3 4 4]\n [2 3 4 5]]"]
    problem = problem_of(cells, reported=None, failing=["a"], working=[], expected=expected)
    assert (problem.observed, problem.output, problem.expected) == (
        "output",
        cells[0].shown(Watch()),
        cells[1].shown(Watch()),
    )
    assert [each.shows for each in evidence_of(cells, problem)] == [BUG, PASSES]
    old = ran("c", Outcome.PASSED, stdout="1/1 [====]\n[[2 3 4 4]\n [2 3 4 5]]\n")
    problem = problem_of([*cells, old], reported=None, failing=["a"], working=[], expected=expected)
    assert [each.shows for each in evidence_of([*cells, old], problem)] == [BUG, PASSES, PASSES]
    other = problem_of(cells, reported=None, failing=["a"], working=[], expected=["[[0 0]]"])
    assert other.expected is None


def reported(*texts, **more):
    outputs = tuple(Output(place=Place(line=1), text=text, role="actual") for text in texts)
    return Report(name="r", form=Form.MARKDOWN, outputs=outputs, claims=(claim("3.0.5"),), **more)


def test_output_that_the_report_quotes_is_the_problem_wherever_the_script_prints_it():
    quoted = quoted_outputs(reported("(1, 2)\n(3, 4.00001)\n3.0.5\n"))
    assert quoted == (("(1, 2)", "(3, 4)"),)
    cells = [
        ran("a", Outcome.PASSED, stdout="(1, 2)\n(3, 4.0)\n"), ran("b", Outcome.PASSED, stdout="log\n(1, 2)\n\n(3, 4.0)\n"),
        ran("c", Outcome.PASSED, stdout="(3, 4.0)\n(1, 2)\n"), ran("d", Outcome.PASSED, stdout="(1, 2)\n(1, 2)\n"),
    ]  # fmt: skip
    problem = problem_of(cells, reported=None, failing=["a"], working=[], quoted_outputs=quoted)
    assert [each.shows for each in evidence_of(cells, problem)] == [BUG, BUG, PASSES, PASSES]
    assert is_right(cells[2], problem)
    everywhere = problem_of(cells[:2], reported=None, failing=["a"], working=[], quoted_outputs=quoted)
    assert [each.shows for each in evidence_of(cells[:2], everywhere)] == [BUG, BUG]
    assert everywhere.text == "(1, 2)"


def test_of_several_quoted_outputs_the_one_that_differs_is_the_problem():
    cells = [
        ran(name, Outcome.PASSED, stdout=f"[2 3 4]\n{text}\n") for name, text in (("a", "[2 2 2]"), ("b", "[2 3 4]"))
    ]
    quoted = (("[2 3 4]",), ("[2 2 2]",))
    problem = problem_of(cells, reported=None, failing=["a"], working=[], quoted_outputs=quoted)
    assert problem.quoted == "[2 2 2]"
    assert [each.shows for each in evidence_of(cells, problem)] == [BUG, PASSES]
    other = [*cells[:1], ran("b", Outcome.PASSED, stdout="[2.5 3 4]\n[2.5 3 4]\n")]
    twice = problem_of(other, reported=None, failing=["a"], working=[], quoted_outputs=(quoted[0], *quoted))
    assert twice.quoted == "[2 2 2]"  # the other one also differs: in how it is printed
    same = problem_of(cells[:1], reported=None, failing=["a"], working=[], quoted_outputs=quoted)
    assert same.quoted == "[2 3 4]"


def test_quoted_output_is_no_problem_where_the_report_has_an_exception_or_a_working_version_prints_it():
    quoted = [("1",)]
    cells = [ran("a", Outcome.PASSED, stdout="1\n"), ran("b", Outcome.PASSED, stdout="1\n")]
    for more in ({"reported": Failure.parse("ValueError: x"), "working": []}, {"reported": None, "working": ["b"]}):
        assert not problem_of(cells, failing=["a"], quoted_outputs=quoted, **more).shows


@pytest.mark.parametrize(
    "text", ["3.0.5\n", "2024-01-01 10:00:00.000: I tensorflow/a.cc:1] x\n", "Keras version: 3.0.5\n", "\n"]
)
def test_versions_and_log_lines_are_no_quoted_output(text):
    assert quoted_outputs(reported(text)) == ()


def test_claim_is_not_judged_where_nothing_says_what_is_right():
    (contradicted,) = check([claim("1.0.0")], [evidence("1.0.0", PASSES)], provides={})
    (untested,) = check([claim("2.0.0")], [evidence("1.0.0", PASSES)], provides={})
    assert without_verdict(contradicted, "why") == replace(contradicted, result=Checked.NOT_TESTED, note="why")
    assert without_verdict(untested, "why") == untested


USER_CODE = """\
AttributeError: in user code:

    File "/a/keras/engine/training.py", line 1249, in train_function  *
        return step_function(self, iterator)

    AttributeError: 'tuple' object has no attribute 'minimize'
"""


def test_failure_that_autograph_wraps_is_that_of_the_last_line():
    reported = Failure.parse("AttributeError: 'tuple' object has no attribute 'minimize'")
    assert reported.matches(USER_CODE)
    assert reported.matches(USER_CODE.replace("in user code", "in converted code"))  # before TensorFlow 2.2
    assert not Failure.parse("AttributeError: 'tuple' object has no attribute 'apply'").matches(USER_CODE)
    cells = [ran("a", Outcome.FAILED, error=USER_CODE)]
    assert problem_of(cells, reported=None, failing=["a"], working=[]).failure == reported


def test_text_of_no_environment_is_the_problem_if_the_report_does_not_say_which_is_wrong():
    cells = [ran("a", Outcome.PASSED, stdout="18.5"), ran("b", Outcome.PASSED, stdout="30.0")]
    problem = problem_of(cells, reported=None, failing=[], working=[])
    assert {each.shows for each in evidence_of(cells, problem)} == {PASSES}


def test_another_failure_than_the_reported_one_is_no_reproduction():
    cells = [ran("a", Outcome.FAILED, error="ValueError: gone")]
    reported = Failure.parse("KeyError: 'x'")
    problem = problem_of(cells, reported=reported, failing=["a"], working=[])
    found = reproduction_of(cells, problem, reported=[reported])
    assert (found.result, found.error) == ("fails differently", "ValueError: gone")
    assert reproduction_of(cells, problem, reported=()).result == "reproduced"
    gone = Failure.parse("ValueError: gone")
    assert reproduction_of(cells, problem, reported=[gone]).result == "reproduced"
    assert reproduction_of(cells, problem, reported=[reported, gone]).result == "reproduced", "the report shows both"


def test_verdict_does_not_call_another_failure_the_reported_problem():
    found = Reproduction(environment="a", result="fails differently")
    ranges = ranges_of([evidence("1.0.0", PASSES), evidence("1.1.0", BUG)], "layers")
    text = sentence(
        found, ranges, responsible="layers", introduced=None, fixed=None, failure="ValueError: gone", is_reported=False
    )
    assert text.startswith("Not reproduced, but another failure (ValueError: gone) shows with layers 1.1.0;")


def test_time_out_is_a_hang():
    cells = [ran("a", Outcome.TIMED_OUT)]
    assert problem_of(cells, reported=None, failing=["a"], working=[]).observed == "hang"


# Ranges and borders

VERSIONS = [f"{major}.{minor}.{patch}" for major, minor, patch in itertools.product((1, 2), range(3), range(3))]
EVIDENCE = st.lists(
    st.builds(
        evidence,
        st.sampled_from(VERSIONS),
        st.sampled_from([BUG, PASSES, OTHER, NOT_TESTED, Shows.NOT_APPLICABLE]),
        environment=st.sampled_from(["one", "two", "three"]),
        error=st.sampled_from(["ValueError: gone", "TypeError: other"]),
    ),
    max_size=30,
)


@given(EVIDENCE)
def test_no_range_contradicts_a_cell(cells):
    unique = {(each.versions["layers"], each.environment): replace(each, cell=f"{number}") for number, each in enumerate(cells)}  # fmt: skip
    by_cell = {each.cell: each for each in unique.values()}
    ranges = ranges_of(unique.values(), "layers")
    for each in ranges:
        assert {by_cell[cell].shows for cell in each.cells} == {each.shows}
        inside = [
            other for other in unique.values()
            if Version(each.first) <= Version(other.versions["layers"]) <= Version(each.last) and other.shows.conclusive
        ]  # fmt: skip
        if each.first != each.last:
            assert {other.shows for other in inside} <= {each.shows}
    conclusive = {each.cell for each in unique.values() if each.shows.conclusive}
    assert conclusive <= {cell for each in ranges for cell in each.cells}
    assert [Version(each.first) for each in ranges] == sorted(Version(each.first) for each in ranges)


@given(EVIDENCE)
def test_borders_are_between_a_version_that_passes_and_one_with_the_bug_everywhere(cells):
    shown = {}
    for each in cells:
        if each.shows.conclusive:
            shown.setdefault(each.versions["layers"], set()).add(each.shows)
    for border in borders_of(ranges_of(cells, "layers")):
        before, after = shown[border.last], shown[border.first]
        assert (before, after) == (({PASSES}, {BUG}) if border.introduced else ({BUG}, {PASSES}))
        between = [each for each in shown if Version(border.last) < Version(each) < Version(border.first)]
        assert between == []


@given(EVIDENCE)
def test_verdict_names_only_versions_that_were_run(cells):
    ranges = ranges_of(cells, "layers")
    introduced, fixed = changes(ranges, (), None)
    text = sentence(
        Reproduction(environment="x", result="reproduced"), ranges,
        responsible="layers", introduced=introduced, fixed=fixed, failure="",
    )  # fmt: skip
    tested = {each.versions["layers"] for each in cells if each.shows.conclusive}
    assert set(re.findall(r"\b\d+\.\d+\.\d+\b", text)) <= tested


def test_version_with_different_results_makes_a_range_for_each_and_no_border():
    cells = [evidence("1.0.0", PASSES), evidence("1.1.0", BUG, environment="x"), evidence("1.1.0", PASSES, environment="y"),
             evidence("1.2.0", PASSES)]  # fmt: skip
    ranges = ranges_of(cells, "layers")
    assert [(each.text, each.shows) for each in ranges] == [
        ("1.0.0", PASSES), ("1.1.0", BUG), ("1.1.0", PASSES), ("1.2.0", PASSES),
    ]  # fmt: skip
    assert borders_of(ranges) == ()


def test_environment_with_variables_of_its_own_is_in_no_range():
    cells = [evidence("1.0.0", BUG), evidence("1.0.0", PASSES, environment="old", variables=OLD)]
    assert [each.shows for each in ranges_of(cells, "layers")] == [BUG]


def test_change_is_that_of_the_range_with_the_reported_version():
    cells = [evidence(version, shows) for version, shows in
             zip(["1.0.0", "1.1.0", "1.2.0", "1.3.0", "1.4.0"], [PASSES, BUG, PASSES, BUG, PASSES], strict=True)]  # fmt: skip
    commit = {"sha": "0" * 40}
    introduced, fixed = changes(ranges_of(cells, "layers"), [{"last": "1.0.0", "first": "1.1.0", "commit": commit}], "1.1.0")  # fmt: skip
    assert introduced == Change(package="layers", last="1.0.0", first="1.1.0", commit=commit)
    assert fixed == Change(package="layers", last="1.1.0", first="1.2.0")


def test_another_failure_hides_a_border():
    cells = [evidence("1.0.0", PASSES), evidence("1.1.0", OTHER, error="TypeError: other"), evidence("1.2.0", BUG)]
    assert changes(ranges_of(cells, "layers"), (), None) == (None, None)


def test_releases_of_a_search_are_evidence():
    tested = [
        {"version": "1.0.0", "cell": "a", "environment": "x", "state": "good", "error": None},
        {"version": "1.1.0", "cell": "b", "environment": "x", "state": "other", "error": "ValueError: gone"},
        {"version": "1.2.0", "cell": "c", "environment": "x", "state": "bad", "error": "TypeError: other"},
        {"version": "1.3.0", "cell": None, "environment": None, "state": "untestable", "error": None, "reason": "no"},
        {"version": "0.9.0", "cell": "d", "environment": "x", "state": "untestable", "error": None,
         "outcome": "not applicable", "reason": "not applicable: no torch"},
    ]  # fmt: skip
    points = points_of({"tested": tested}, Failure.parse("ValueError: gone"), "layers")
    assert [each.shows for each in points] == [PASSES, BUG, OTHER, NOT_TESTED, Shows.NOT_APPLICABLE]
    assert [each.reason for each in points] == ["", "", "", "no", "no torch"]


def test_releases_that_print_the_wrong_text_are_the_bug_and_failures_are_none():
    def printed(version, state, text):
        return {"version": version, "cell": version, "environment": "x", "state": state, "error": "",
                "observation": text and {"kind": "output", "group": "A", "text": text}}  # fmt: skip

    tested = [printed("1.0.0", "good", "30"), printed("1.1.0", "bad", "18"), printed("1.2.0", "other", "7"),
              printed("1.3.0", "flaky", None), {**printed("1.4.0", "other", None), "error": "ValueError: no"}]  # fmt: skip
    points = points_of({"tested": tested}, None, "layers", expected="30")
    assert [each.shows for each in points] == [PASSES, BUG, OTHER, NOT_TESTED, OTHER]
    assert [each.error for each in points] == ["", "18", "prints: 7", "", "ValueError: no"]


# The claims of the report


@pytest.mark.parametrize(
    ("claimed", "installed", "covered"),
    [
        ("2.15", "2.15.1", True), ("2.15.0", "2.15.1", False), ("2.15.1", "2.15.1", True), ("2", "2.15.1", True),
        ("2.1", "2.15.1", False), ("2.13.0rc2", "2.13.0rc2", True), ("2.13", "2.13.0rc2", True), ("nightly", "2.15.1", False),
        ("<3", "2.15.1", True),
    ],
)  # fmt: skip
def test_claimed_version_covers_installed_ones(claimed, installed, covered):
    assert covers(claimed, installed) is covered


def test_claims_are_confirmed_contradicted_or_not_tested():
    cells = [evidence("1.0.0", PASSES), evidence("1.1.0", BUG)]
    checked = check(
        [claim("1.0", Says.WORKS), claim("1.1"), claim("1.0"), claim("1.1", Says.WORKS), claim("9.0")],
        cells,
        provides={},
    )
    assert [each.result for each in checked] == [
        Checked.CONFIRMED, Checked.CONFIRMED, Checked.CONTRADICTED, Checked.CONTRADICTED, Checked.NOT_TESTED,
    ]  # fmt: skip
    assert checked[2].cells == ("report@layers1.0.0",)


def test_claim_about_the_package_that_people_know_is_checked_with_the_installed_one():
    (checked,) = check(
        [claim("2.0", package="engine")],
        [evidence("2.0.1", BUG, package="engine-cpu")],
        provides={"engine-cpu": "engine"},
    )
    assert checked.result is Checked.CONFIRMED


def test_claim_that_is_made_twice_is_checked_once():
    checked = check([claim("1.1", line=3), claim("1.1", line=9)], [evidence("1.1.0", BUG)], provides={})
    assert [each.claim.place.line for each in checked] == [3]


def test_another_failure_confirms_no_claim():
    cells = [evidence("1.0.0", OTHER)]
    fails, works = check([claim("1.0"), claim("1.0", Says.WORKS)], cells, provides={})
    assert (fails.result, works.result) == (Checked.NOT_TESTED, Checked.CONTRADICTED)


def test_nightly_build_is_not_tested_with_the_reason():
    (checked,) = check([claim("nightly", package="engine-nightly")], [evidence("1.0.0", BUG)], provides={})
    assert checked.result is Checked.NOT_TESTED
    assert "nightly" in checked.note
    (question,) = questions_about([checked])
    assert "released version" in question
    (question,) = questions_about(check([claim("2.0.4")], [], provides={}))
    assert question.startswith("Does it also fail with another version? layers 2.0.4 was not tested")
    assert common_reason(
        [evidence("1.0.0", NOT_TESTED, reason="no names"), evidence("1.1.0", NOT_TESTED, reason="no names")]
    )
    assert common_reason([evidence("1.0.0", NOT_TESTED, reason="a"), evidence("1.1.0", PASSES, reason="a")]) == ""


def test_failing_version_that_cannot_be_had_is_asked_about_with_the_reason():
    cells = [
        Evidence(cell="c", environment="engine + layers==9.9.9", family="", versions={}, shows=NOT_TESTED,
                 reason="there is no layers 9.9.9"),
    ]  # fmt: skip
    checked = check([claim("9.9.9"), claim("9.9.9", Says.WORKS)], cells, provides={})
    assert [each.note for each in checked] == ["there is no layers 9.9.9"] * 2
    (question,) = questions_about(checked)
    assert "layers 9.9.9" in question and "there is no layers 9.9.9" in question


def test_nightly_build_is_not_asked_about_if_a_release_fails_too():
    nightly, released = claim("nightly", package="tf-nightly"), claim("1.0.0")
    assert questions_about(check([nightly, released], [evidence("1.0.0", BUG)], provides={})) == ()
    assert len(questions_about(check([nightly], [evidence("1.0.0", BUG)], provides={}))) == 1


def test_environments_that_differ_at_one_version_neither_confirm_nor_contradict():
    cells = [evidence("1.0.0", BUG, environment="x"), evidence("1.0.0", PASSES, environment="y")]
    (checked,) = check([claim("1.0")], cells, provides={})
    assert (checked.result, len(checked.cells)) == (Checked.NOT_TESTED, 2)


@pytest.mark.parametrize(
    ("reported", "seen", "same"),
    [
        ("AttributeError: module 'a.v2' has no attribute 'x'", "AttributeError: module 'a._tf' has no attribute 'x'", True),
        ("AttributeError: module 'a.v2' has no attribute 'x'", "AttributeError: module 'a.v2' has no attribute 'y'", False),
        ("ModuleNotFoundError: No module named 'a.b'", "ModuleNotFoundError: No module named 'a.c'", False),
        ("ImportError: cannot import name 'f' from 'a' (a.py)", "ImportError: cannot import name 'g' from 'a' (a.py)", False),
        ("TypeError: f() got an unexpected keyword argument 'x'", "TypeError: g() got an unexpected keyword argument 'x'", True),
        ("TypeError: f() got an unexpected keyword argument 'x'", "TypeError: f() got an unexpected keyword argument 'y'", False),
        ("NotFoundError: /a/b.so: undefined symbol: _ZN1a", "NotFoundError: /c/d.so: undefined symbol: _ZN1a", True),
        ("NotFoundError: /a/b.so: undefined symbol: _ZN1a", "NotFoundError: /a/b.so: undefined symbol: _ZN2b", False),
        ("ValueError: Unknown layer: 'Mine'. Register it", "ValueError: Unknown layer: 'Yours'. Register it", False),
        ("KeyError: 'loss'", "KeyError: 'accuracy'", False),
        ("NameError: name 'tf' is not defined", "NameError: name 'np' is not defined", False),
    ],
)  # fmt: skip
def test_the_name_that_a_message_is_about_must_be_the_same(reported, seen, same):
    assert Failure.parse(reported).matches(seen) is same


def test_versions_in_the_reporters_environment_decide_about_a_claim():
    own = ["engine2.0.0", "engine2.0.0 + layers==1.1.0"]
    cells = [
        evidence("1.0.0", PASSES, environment=own[0], versions={"engine": "2.0.0"}),
        evidence("1.1.0", BUG, environment=own[1], versions={"engine": "2.0.0"}),
        evidence("1.1.0", PASSES, environment="engine3.0.0"),
    ]
    claims = [claim("1.1.0"), claim("1.0.0", Says.WORKS), claim("2.0.0", package="engine")]
    layers, before, engine = check(claims, cells, provides={}, own=own)
    assert (layers.result, before.result, engine.result) == (Checked.CONFIRMED,) * 3
    assert engine.note == "it depends on other packages: engine2.0.0 passes"


# Environments


def environment(id, family, version, **more):
    made = make_environment(id, variables={"ALL": "1", **more.pop("variables", {})}, **more)
    origin = replace(made.lock.origin, version=version)
    return replace(made, family=family, lock=replace(made.lock, origin=origin))


ENVIRONMENTS = [
    environment("engine1.0.1", "engine", "1.0.1", engine_cpu="1.0.1", layers="1.0.0"),
    environment("engine2.0.0", "engine", "2.0.0", engine_cpu="2.0.0", layers="2.0.0"),
    environment("engine3.0.0", "engine", "3.0.0", engine_cpu="3.0.0", layers="2.0.0"),
    environment("layers2.1.0", "layers", "2.1.0", engine_cpu="2.0.0", layers="2.1.0"),
]


def test_reporters_environment_has_the_versions_that_fail(matrix):
    fails = failing_versions([claim("2.0", package="engine"), claim("2.1.0"), claim("1.0", Says.WORKS)], matrix)
    assert fails == {"layers": "2.1.0", "engine-cpu": "2.0"}
    assert reporters_environments(fails, ENVIRONMENTS, matrix) == ("engine2.0.0", "engine2.0.0 + layers==2.1.0")


def test_report_without_a_version_has_no_environment(matrix):
    assert reporters_environments({}, ENVIRONMENTS, matrix) == ()


def on_the_day(environment, day):
    origin = replace(environment.lock.origin, as_of=dt.datetime.fromisoformat(f"{day}T12:00:00+00:00"))
    return replace(environment, lock=replace(environment.lock, origin=origin))


DATED = [on_the_day(each, f"202{year}-01-01") for year, each in enumerate(ENVIRONMENTS, start=1)]


@pytest.mark.parametrize(
    ("day", "code", "fails", "expected"),
    [
        ("2022-06-01", "import engine", [], ("engine2.0.0",)),
        ("2025-06-01", "import engine", [], ("engine3.0.0",)),
        ("2025-06-01", "from layers import x", [], ("layers2.1.0",)),
        ("2025-06-01", "print(1)", [("numpy", "1.20.3")], ("engine3.0.0", "engine3.0.0 + numpy==1.20.3")),
        ("2020-06-01", "import engine", [], ()),
    ],
    ids=["newest of its day", "newest of all", "package that the code uses", "another package", "before all"],
)
def test_report_without_a_version_has_the_newest_environment_of_its_day(matrix, day, code, fails, expected):
    report = Report(
        name="r", form=Form.MARKDOWN, date=dt.date.fromisoformat(day),
        claims=tuple(claim(version, package=name) for name, version in fails),
        scripts=(ScenarioFile(name="r.py", text=code),),
    )  # fmt: skip
    assert environments_of_report(report, DATED, matrix) == (expected, True)
    assert environments_of_report(replace(report, date=None), DATED, matrix) == ((), False)
    commented = replace(claim("2.0.0", package="engine"), commented=True)
    assert environments_of_report(replace(report, claims=(commented,)), DATED, matrix)[1]  # others decide nothing
    named = replace(report, claims=(claim("2.0.0", package="engine"),))
    assert environments_of_report(named, DATED, matrix) == (("engine2.0.0",), False)


def test_reason_of_an_assumed_environment_is_true_beside_versions_that_have_none(matrix):
    report = Report(
        name="r", form=Form.MARKDOWN, date=dt.date(2025, 6, 1), claims=(claim("0.5.0", package="engine"),),
        scripts=(ScenarioFile(name="r.py", text="import engine"),),
    )  # fmt: skip
    ((own,), assumed) = environments_of_report(report, DATED, matrix)
    assert (own, assumed) == ("engine3.0.0", True)
    assert reason_of_day("engine", "3.0.0", report.date) == (
        "the report names no failing version that has an environment: "
        "of the environments, engine 3.0.0 is the newest that was released by 2025-06-01"
    )


def test_quoted_output_of_the_failing_version_comes_before_failures_elsewhere():
    cells = [
        ran("a", Outcome.PASSED, stdout="shape (None, None)\n"),
        ran("b", Outcome.PASSED, stdout="shape (None, 6)\n"),
        ran("c", Outcome.FAILED, error="ImportError: cannot import name 'ops'"),
        ran("d", Outcome.FAILED, error="ImportError: cannot import name 'ops'"),
    ]
    quoted = (("shape (None, None)",),)
    problem = problem_of(cells, reported=None, failing=["a"], working=[], quoted_outputs=quoted)
    assert (problem.observed, problem.output) == ("output", "shape (None, None)")
    unnamed = problem_of(cells, reported=None, failing=[], working=[], quoted_outputs=quoted)
    assert unnamed.observed == "error"


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ((), "the report names no version that fails"),
        (("0.5.0",), "the report names no failing version that has an environment"),
    ],
)
def test_reason_without_an_environment_is_that_the_report_names_no_version(claims, reason):
    named = tuple(claim(each, package="engine") for each in claims)
    report = Report(name="r", form=Form.MARKDOWN, claims=named)
    none = Reproduction(environment=None, result="not possible", reason=NO_VERSION)
    assert without_missing_environment(none, report).reason == reason


def test_major_version_is_the_newest_release_of_it_on_the_day(matrix):
    fails = failing_versions([claim("2")], matrix)
    more = [*DATED, on_the_day(environment("layers2.2.0", "layers", "2.2.0", layers="2.2.0"), "2026-01-01")]
    assert reporters_environments(fails, more, matrix, date=dt.date(2025, 1, 1)) == ("layers2.1.0",)
    assert reporters_environments(fails, more, matrix, date=dt.date(2023, 1, 1)) == ("layers2.1.0",)
    assert reporters_environments(fails, more, matrix) == ("layers2.2.0",)


def test_claim_about_several_releases_says_which_of_them_differ():
    cells = [evidence("2.0.0", BUG), evidence("2.1.0", PASSES), evidence("2.2.0", PASSES)]
    fails, works = check([claim("2"), claim("2", Says.WORKS)], cells, provides={})
    assert (fails.result, fails.note) == (Checked.CONFIRMED, "not with all of its releases: 2.1.0 and 2.2.0 pass")
    assert (works.result, works.note) == (Checked.CONFIRMED, "not with all of its releases: 2.0.0 fails")


def test_range_of_releases_that_differ_from_a_claim_has_no_release_that_agrees():
    shows = {4: BUG, 7: OTHER}
    cells = [evidence(f"3.{minor}.0", shows.get(minor, PASSES)) for minor in range(9)]
    (fails,) = check([claim("3")], cells, provides={})
    assert fails.note == "not with all of its releases: 3.0.0 to 3.3.0, 3.5.0, 3.6.0 and 3.8.0 pass"


def test_claimed_environments_are_those_of_the_versions_the_failing_ones_first(matrix):
    claims = [claim("1.0", Says.WORKS, package="engine"), claim("3.0.0", package="engine"), claim("nightly")]
    assert [id for _, id in claimed_environments(claims, ENVIRONMENTS, matrix)] == ["engine3.0.0", "engine1.0.1"]


def test_claims_of_comments_come_last_are_named_and_asked_about_by_nobody(matrix):
    place = Place(line=1, file="comment 1 by *ann*")
    said = replace(claim("9.0.0", package="engine"), commented=True, place=place)
    claims = [replace(said, version="3.0.0"), said, claim("1.0", Says.WORKS, package="engine")]
    found = claimed_environments([claims[0], claims[2]], ENVIRONMENTS, matrix)
    assert [id for _, id in found] == ["engine1.0.1", "engine3.0.0"]
    checked = check(claims, [evidence("1.0.0", PASSES, package="engine")], provides={})
    assert questions_about(checked) == ()
    assert questions_about(check([claim("9.0.0", package="engine")], [], provides={})) != ()
    assert "engine 9.0.0 fails (comment 1 by \\*ann\\*)" in markdown(an_answer(claims=checked))


def test_working_and_failing_versions_of_another_package_are_put_into_the_reporters_environment(matrix):
    claims = [
        claim("2.0", package="engine"),
        claim("1.20", package="numpy"),
        claim("1.20.3", package="numpy"),
        claim("1.19.5", Says.WORKS, package="numpy"),
    ]
    found = [id for _, id in claimed_environments(claims, ENVIRONMENTS, matrix, base="engine2.0.0")]
    assert found == ["engine2.0.0", "engine2.0.0 + numpy==1.20.3", "engine2.0.0 + numpy==1.19.5"]


def test_version_of_another_package_that_is_not_compared_is_looked_for_in_the_matrix(matrix):
    claims = [claim("2.0", package="engine"), claim("1.20.3", package="numpy")]
    assert [id for _, id in claimed_environments(claims, ENVIRONMENTS, matrix, base="engine2.0.0")] == ["engine2.0.0"]


def test_versions_that_cannot_be_installed_together_are_tried_one_at_a_time():
    own = ("engine2.0.0", "engine2.0.0 + layers==1.1 numpy==1.20.3")
    assert with_one_version_each(own) == ("engine2.0.0 + layers==1.1", "engine2.0.0 + numpy==1.20.3")
    assert with_one_version_each(("engine2.0.0", "engine2.0.0 + numpy==1.20.3")) == ()
    assert with_one_version_each(("engine2.0.0",)) == ()


def test_reply_has_the_whole_text_of_what_its_table_shortens():
    error = "TypeError: the configuration of the layer could not be read at all"
    reason = "does not import: AttributeError: module 'engine' has no attribute 'register'"
    ranges = ranges_of(
        [
            evidence("1.0.0", NOT_TESTED, reason=reason),
            evidence("1.1.0", OTHER, error=error),
            evidence("1.2.0", PASSES),
        ],
        "layers",
    )
    found = Reproduction(environment="engine1.0.1", result="does not fail")
    answer = TriageAnswer(
        name="report", verdict="v", observed="error", reproduced=found, responsible=None, stepped="layers",
        ranges=ranges,
    )  # fmt: skip
    reply = markdown(answer)
    assert all(len(line) <= 80 for line in reply.splitlines() if line.startswith("|"))
    assert f"{error} (in layers 1.1.0)" in reply
    assert f"* layers 1.0.0: {reason}" in reply
    listed = replace(answer, other_failures=(f"{error} (in engine1.0.1)",), not_tested=(("engine9", reason),))
    assert (markdown(listed).count(error), markdown(listed).count(reason)) == (1, 1), "said once"


def test_package_whose_file_a_failure_names_is_found_if_it_is_installed():
    message = ".../site-packages/layers_text/python/ops/_ops.so: undefined symbol: _ZN1a"
    assert packages_of_failure(message, {"layers-text": "2.19.0", "python": "3"}) == ("layers-text", "python")
    assert packages_of_failure(message, {"engine": "1.0"}) == ()
    assert packages_of_failure("no path at all", {"layers-text": "2.19.0"}) == ()


def test_last_release_of_earlier_minors_is_tried_the_nearest_first():
    releases = [Version(each) for each in ("2.16.0", "2.17.0", "2.17.1", "2.18.0", "2.18.1", "2.18.2rc1", "2.19.0")]
    assert earlier_releases(releases, "2.19.0") == ("2.18.1", "2.17.1")
    assert earlier_releases(releases, "2.16.0") == ()


def test_range_to_search_reaches_three_minors_around_the_affected_versions():
    releases = [Version(f"{major}.{minor}.{patch}") for major in (1, 2) for minor in range(9) for patch in (0, 1)]
    assert range_to_search(releases, ["1.5.0", "1.6.1"]) == "1.2.0..2.0.1"
    assert range_to_search(releases, ["1.0.0"]) == "1.0.0..1.3.1"
    assert range_to_search([], ["1.0.0"]) is None
    assert range_to_search(releases, []) is None


def test_search_for_the_loss_of_a_file_begins_at_the_newest_version_that_reads_it():
    cells = [
        evidence(version, shows) for version, shows in (("2.12", BUG), ("2.13", PASSES), ("3.0", BUG), ("2.15", BUG))
    ]
    assert loss_of(cells, "layers") == "2.13..2.15"
    assert loss_of([*cells, evidence("3.1", PASSES)], "layers") is None
    assert loss_of([evidence("2.12", BUG)], "layers") is None


def test_package_decides_if_the_bug_shows_only_where_it_was_replaced(matrix):
    plain = evidence("2.19.0", OTHER, package="text", environment="engine3.0.0")
    older = evidence("2.18.1", BUG, package="text", environment="engine3.0.0 + text==2.18.1")
    oldest = evidence("2.17.0", PASSES, package="text", environment="engine3.0.0 + text==2.17.0")
    assert only_replaced_package([plain, older, oldest], matrix) == "text"
    assert only_replaced_package([older, oldest], matrix) == "text"
    assert only_replaced_package([older], matrix) is None, "no other version was run"
    added = [replace(each, environment=f"{each.environment} + more") for each in (plain, older)]
    assert only_replaced_package(added, matrix) == "text"
    elsewhere = evidence("2.19.0", BUG, package="text", environment="engine2.0.0")
    assert only_replaced_package([plain, older, elsewhere], matrix) is None


def test_package_of_a_dated_family_does_not_decide_as_the_whole_environment_moves_with_it(matrix):
    """`engine + engine-cpu==3.0.0rc1` is an environment of that day, and not another one with one package replaced."""
    early = evidence("3.0.0rc1", BUG, package="engine-cpu", environment="engine + engine-cpu==3.0.0rc1")
    before = evidence("2.9.0", PASSES, package="engine-cpu", environment="engine + engine-cpu==2.9.0")
    assert only_replaced_package([early, before], matrix) is None


def test_later_version_with_which_an_affected_version_passes_is_a_workaround():
    cells = [
        evidence("1.20.3", BUG, package="numpy", versions={"engine": "2.0.0"}),
        evidence("1.19.5", PASSES, package="numpy", versions={"engine": "2.0.0"}),
        evidence("1.21.0", PASSES, package="numpy", environment="engine3.0.0", versions={"engine": "3.0.0"}),
        evidence("1.18.0", PASSES, package="numpy", environment="engine2.5.0", versions={"engine": "2.5.0"}),
    ]
    held = HeldPackage(package="engine", name="engine", version="2.0.0")
    found = workarounds(cells, ranges_of(cells[:2], "numpy"), held=held)
    assert [each.text for each in found] == ["numpy 1.19.5", "engine 3.0.0 with numpy 1.21.0"]


def test_versions_that_were_not_tested_for_different_reasons_are_two_ranges():
    cells = [
        evidence("1.0.0", NOT_TESTED, reason="no wheel for Python 3.9"),
        evidence("1.1.0", NOT_TESTED, reason="no wheel for Python 3.10"),
        evidence("1.2.0", NOT_TESTED, reason="does not import"),
    ]
    assert [(each.first, each.last) for each in ranges_of(cells, "layers")] == [("1.0.0", "1.1.0"), ("1.2.0", "1.2.0")]


def test_environment_in_the_middle_of_two_that_differ_is_next():
    cells = [evidence("1.0.1", PASSES, environment="engine1.0.1"), evidence("3.0.0", BUG, environment="engine3.0.0")]
    assert middle(cells, ENVIRONMENTS, ["engine"]) == ("engine2.0.0",)
    assert middle([*cells, evidence("2.0.0", NOT_TESTED, environment="engine2.0.0")], ENVIRONMENTS, ["engine"]) == ()


def test_another_failure_in_packages_that_pip_refuses_contradicts_nothing():
    cells = [evidence("1.0.0", OTHER, environment="engine1.0.0 + layers==1.0.0")]
    refusal = "layers 1.0.0 requires engine<1, but engine 1.0.0 is installed"
    (checked,) = check([claim("1.0.0", Says.WORKS)], cells, provides={}, refused=lambda environment: [refusal])
    assert checked.result is Checked.NOT_TESTED
    assert checked.note == f"it fails there, with another error; but pip refuses these packages together: {refusal}"
    (checked,) = check([claim("1.0.0", Says.WORKS)], cells, provides={})
    assert checked.result is Checked.CONTRADICTED


def test_of_two_in_the_middle_both_are_next():
    four = [*ENVIRONMENTS[:3], environment("engine4.0.0", "engine", "4.0.0", engine_cpu="4.0.0", layers="2.0.0")]
    cells = [evidence("1.0.1", PASSES, environment="engine1.0.1"), evidence("4.0.0", BUG, environment="engine4.0.0")]
    assert middle(cells, four, ["engine"]) == ("engine2.0.0", "engine3.0.0")


def test_release_that_the_family_does_not_have_is_a_neighbour_too():
    """The report names 1.5.0, and the family has 1.0.1, 2.0.0 and 3.0.0."""
    made = evidence("1.5.0", BUG, environment="engine + engine-cpu==1.5.0")
    cells = [made, evidence("3.0.0", PASSES, environment="engine3.0.0")]
    assert middle(cells, ENVIRONMENTS, ["engine"]) == ("engine2.0.0",)
    other = evidence("1.5.0", BUG, environment="engine + engine-cpu==1.5.0 + layers==2.0")
    assert middle([other, cells[1]], ENVIRONMENTS, ["engine"]) == ()


def test_nearest_pair_differs_in_as_few_packages_as_possible():
    cells = [evidence("1.0.0", PASSES, environment="engine1.0.1"), evidence("2.0.0", PASSES, environment="engine2.0.0"),
             evidence("3.0.0", BUG, environment="engine3.0.0")]  # fmt: skip
    assert nearest_pair(cells, {each.id: each for each in ENVIRONMENTS}) == ("engine2.0.0", "engine3.0.0")


# The responsible package, and workarounds


def test_pass_and_bug_over_a_fixed_base_name_the_package_of_the_family(matrix):
    assert responsible_package([evidence("1.0.0", PASSES), evidence("1.1.0", BUG)], matrix) == "layers"


def test_pass_with_the_replacement_at_the_same_version_names_the_replaced_package(matrix):
    plain = evidence("2.0.0", BUG, family="engine", package="engine-cpu", versions={"layers": "2.0.0"})
    old = evidence("2.0.0", PASSES, family="old", package="engine-cpu", variables=OLD)
    assert responsible_package([plain, old], matrix) == "layers"
    assert responsible_package([plain, replace(old, versions={"engine-cpu": "3.0.0"})], matrix) is None
    assert responsible_package([plain, replace(old, shows=BUG)], matrix) is None
    assert responsible_package([replace(plain, shows=OTHER), old], matrix) is None
    assert responsible_package([replace(plain, versions={"engine-cpu": "2.0.0"}), old], matrix) is None
    mirrored = [replace(plain, shows=PASSES), replace(old, shows=BUG)]
    assert responsible_package(mirrored, matrix) == "layers", "the bug shows with the replacement only"


def test_workarounds_are_versions_and_variables_that_pass():
    cells = [evidence("1.0.0", PASSES), evidence("1.1.0", BUG), evidence("1.2.0", PASSES), evidence("1.3.0", PASSES),
             evidence("1.1.0", PASSES, environment="old", variables=OLD)]  # fmt: skip
    found = workarounds(cells, ranges_of(cells, "layers"))
    assert [each.text for each in found] == ["layers 1.2.0 to 1.3.0", "layers 1.0.0", "set OLD_LAYERS=1"]
    assert {each.cell for each in found} <= {each.cell for each in cells if each.shows is PASSES}


def test_variable_is_no_workaround_where_it_passes_without_it():
    cells = [evidence("1.0.0", BUG), evidence("1.1.0", PASSES),
             evidence("1.1.0", PASSES, environment="old", variables=OLD)]  # fmt: skip
    assert [each.text for each in workarounds(cells, ranges_of(cells, "layers"))] == ["layers 1.1.0"]


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.PASSED])
def test_environment_with_a_cause_is_no_workaround(outcome):
    cells = [ran("a", Outcome.FAILED, error="ValueError: gone", layers="1.0.0"),
             ran("b", outcome, cause=next(iter(NoVerdict)), variables=OLD, layers="1.0.0")]  # fmt: skip
    problem = problem_of(cells, reported=None, failing=[], working=[])
    found = evidence_of(cells, problem)
    assert found[1].shows is NOT_TESTED
    assert workarounds(found, ranges_of(found, "layers")) == ()


# The answer in its forms

_CELL = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "pattern": "^[a-zA-Z0-9-_]{1,64}$"},
        "metadata": {"type": "object"},
        "source": {"type": "array", "items": {"type": "string"}},
        "execution_count": {"type": "null"},
        "outputs": {"type": "array", "maxItems": 0},
        "cell_type": {},
    },
    "additionalProperties": False,
    "required": ["id", "cell_type", "metadata", "source"],
}
# What the schema of the notebook format 4.5 asks of markdown and code cells without outputs.
NOTEBOOK = {
    "type": "object",
    "properties": {
        "metadata": {"type": "object"},
        "nbformat": {"const": 4},
        "nbformat_minor": {"const": 5},
        "cells": {
            "type": "array",
            "items": {
                "allOf": [_CELL],
                "if": {"properties": {"cell_type": {"const": "code"}}},
                "then": {"required": ["execution_count", "outputs"]},
                "else": {
                    "properties": {"cell_type": {"const": "markdown"}, "outputs": False, "execution_count": False}
                },
            },
        },
    },
    "required": ["metadata", "nbformat", "nbformat_minor", "cells"],
}

HOSTILE = "</details><script>alert(1)</script> ![x](http://x.y) @someone #123 | `code` \x1b[31m ```\nnext"


def an_answer(**more):
    cells = [evidence("1.0.0", PASSES), evidence("1.1.0", BUG, error=f"ValueError: {HOSTILE}")]
    ranges = ranges_of(cells, "layers")
    values = {
        "name": "report", "verdict": f"It fails. {HOSTILE}", "observed": "error",
        "reproduced": Reproduction(environment="layers1.1.0", result="reproduced", outcome="failed", error=HOSTILE),
        "responsible": "layers", "stepped": "layers", "ranges": ranges,
        "introduced": Change(package="layers", last="1.0.0", first="1.1.0",
                             commit={"sha": "a" * 40, "title": f"Change (#12) {HOSTILE}", "repository": "o/r", "pull_request": 12}),
        "claims": check([claim("1.1"), claim("nightly")], cells, provides={}),
        "workarounds": (Workaround(text="layers 1.0.0", cell="report@layers1.0.0"),),
        "dropped": (Dropped(place=Place(line=3), text=HOSTILE, why="a shell line"),),
        "questions": (HOSTILE,), "other_failures": (HOSTILE,), "not_tested": (("x", HOSTILE),),
        "commands": ("harness run report.py --environments layers1.1.0",),
        "script": "import layers\nprint('```')\n", "script_name": "report.py", "traceback": "Traceback\n```\nValueError",
        "install": "%pip install layers==1.1.0",
    }  # fmt: skip
    return TriageAnswer(**{**values, **more})


def test_document_matches_its_schema_and_has_the_keys_of_the_contract():
    found = json.loads(json.dumps(document(an_answer())))
    validator("triage").validate(found)
    validator("triage").validate(json.loads(json.dumps(document(an_answer(responsible=None, introduced=None)))))


def test_reply_makes_no_markup_of_foreign_text():
    tokens = MarkdownIt("commonmark").parse(markdown(an_answer()))
    raw = [each.content for each in tokens if each.type == "html_block"]
    raw += [child.content for each in tokens for child in each.children or [] if child.type == "html_inline"]
    tags = {tag for each in raw for tag in re.findall(r"<[^>]*>", each)}
    assert tags <= {"<code>", "</code>", "<!-- -->", "<details>", "</details>", "<summary>", "</summary>", "<br>"}
    assert not [child for each in tokens for child in each.children or [] if child.type in ("image", "link_open")]
    assert "\x1b" not in markdown(an_answer())


def test_releases_around_a_pair_are_searched_unless_its_base_is_fixed(matrix):
    known = [Version(f"1.{minor}.0") for minor in range(12)]
    pair = replace(
        ran("engine1.5.0", Outcome.FAILED, engine="1.5.0"), family="engine", written_with={"engine": "1.4.0"}
    )
    assert range_of_pair(pair, "engine", matrix, lambda package: known) == "1.1.0..1.8.0"
    fixed = replace(pair, family="layers", versions={"layers": "1.5.0"}, written_with={"layers": "1.4.0"})
    assert range_of_pair(fixed, "layers", matrix, lambda package: known) is None


def test_reply_does_not_call_another_failure_the_bug():
    assert "| 1.1.0 | ❌ this bug |" in markdown(an_answer())
    assert "| 1.1.0 | ❌ this failure |" in markdown(an_answer(is_reported=False))


def test_reply_names_every_change_of_a_bug_that_comes_back():
    shown = [("1.0.0", PASSES), ("1.1.0", BUG), ("1.2.0", PASSES), ("1.3.0", BUG)]
    commit = {"sha": "b" * 40, "title": "Return it", "repository": "o/r", "pull_request": 13}
    reply = markdown(
        an_answer(
            ranges=ranges_of([evidence(version, shows, error="E") for version, shows in shown], "layers"),
            fixed=Change(package="layers", last="1.1.0", first="1.2.0"),
            transitions=({"last": "1.2.0", "first": "1.3.0", "commit": commit},),
        )
    )
    changes = [line for line in reply.splitlines() if re.match(r"\* .*(introduced|fixed) between", line, re.IGNORECASE)]
    assert [line.split(" by ")[0].rstrip(".") for line in changes] == [
        "* Introduced between layers 1.0.0 and 1.1.0",
        "* Fixed between layers 1.1.0 and 1.2.0",
        "* Also introduced between layers 1.2.0 and 1.3.0",
    ]
    assert "o/r#13" in changes[-1]


def test_reply_says_which_files_must_lie_beside_the_saved_script():
    assert "save the script below as `report.py`:" in markdown(an_answer())
    made, sent = (
        ScenarioFile(name="steps.py", text="def f():\n    pass\n"),
        ScenarioFile(name="a.h5", source=Path("/sent/a.h5")),
    )
    reply = markdown(an_answer(companions=(made, sent)))
    assert "save the script below as `report.py`, next to the files of the report (`steps.py`, `a.h5`):" in reply
    assert "<summary>steps.py</summary>\n\n```\ndef f():" in reply
    assert "<summary>a.h5</summary>" not in reply
    assert "/sent" not in reply


def test_reply_about_several_model_files_says_that_each_has_a_script():
    several = [FileAnswer(file=each, verdict="", ranges=(), answer=an_answer()) for each in ("a.h5", "b.h5")]
    assert "save the script below for each file, with its `args`, under the name in the commands:" in markdown(
        an_answer(files=tuple(several))
    )


def test_reply_names_pull_requests_with_their_repository():
    assert "o/r#12" in markdown(an_answer())


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('File "/home/me/.cache/e/lib/python3.11/site-packages/keras/a.py", line 3', 'File ".../site-packages/keras/a.py", line 3'),
        ('File "/Users/My Name/venv/lib/python3.11/json/a.py"', 'File ".../lib/python3.11/json/a.py"'),
        ("no such file: '/tmp/tmp12/model.h5'", "no such file: '.../model.h5'"),
        ("see https://example.org/home/x and a/tmp/b", "see https://example.org/home/x and a/tmp/b"),
        ("group /model_weights/dense/kernel:0", "group /model_weights/dense/kernel:0"),
        ("C:\\Users\\me\\x.py", ".../x.py"),
        ("/root/.cache/harness: cannot", ".../harness: cannot"),
    ],
)  # fmt: skip
def test_local_paths_are_shortened(text, shown):
    assert without_local_paths(text) == shown
    assert without_local_paths_in({"a": [text, 1, None]}) == {"a": [shown, 1, None]}


@given(st.text(max_size=300))
def test_shortening_is_idempotent(text):
    once = without_local_paths(text)
    assert without_local_paths(once) == once


def test_evidence_has_no_local_paths():
    cells = [ran("a", Outcome.FAILED, error="OSError: '/root/private/x.h5' is broken")]
    (found,) = evidence_of(cells, problem_of(cells, reported=None, failing=["a"], working=[]))
    assert found.error == "OSError: '.../x.h5' is broken"


@given(name=st.text(max_size=40), script=st.text(max_size=200), install=st.sampled_from(["", "%pip install x==1"]))
def test_notebook_is_valid(name, script, install):
    text = notebook(an_answer(name=name, script=script, install=install))
    found = json.loads(text)
    Draft202012Validator(NOTEBOOK).validate(found)
    ids = [each["id"] for each in found["cells"]]
    assert len(set(ids)) == len(ids)
    assert "".join(found["cells"][-1]["source"]) == script


def test_commands_run_both_environments_and_search_the_releases():
    cells = [evidence("1.0.0", PASSES), evidence("1.1.0", BUG), evidence("1.1.0", NOT_TESTED, environment="x + y==1")]
    found = reproducing(
        "my report.py", cells, first="x + y==1", pair=("layers1.0.0", "layers1.1.0"), searched=("layers", "layers1.1.0")
    )
    assert found == (
        "harness run 'my report.py' --environments layers1.1.0 --environments layers1.0.0",
        "harness pinpoint 'my report.py' --package layers --in layers1.1.0",
    )
    assert reproducing("r.py", [], first=None, pair=None, searched=None) == ()


@pytest.mark.parametrize(
    ("reproduction", "expected"),
    [
        (Reproduction(environment=None, result="not possible", reason="no version"), "could not be reproduced: no version"),
        (Reproduction(environment="x", result="does not fail"), "passes with layers 1.0.0 to 1.1.0"),
    ],
)  # fmt: skip
def test_verdict_without_the_bug(reproduction, expected):
    ranges = ranges_of([evidence("1.0.0", PASSES), evidence("1.1.0", PASSES)], "layers")
    assert expected in sentence(reproduction, ranges, responsible=None, introduced=None, fixed=None, failure="")


@pytest.mark.parametrize(
    ("system", "other"),
    [
        ("MacOS 13, Apple M1", True),
        ("Windows 11", True),
        ("Ubuntu 22.04", False),
        ("Windows 11, WSL2", False),
        ("", False),
    ],
)
def test_report_from_another_operating_system_that_is_not_reproduced_says_so(system, other):
    settings = (Setting(name="os", value=system, place=Place(line=1)),) if system else ()
    report = Report(name="r", form=Form.MARKDOWN, settings=settings)
    passing = ran("layers1.0.0", Outcome.PASSED, layers="1.0.0")
    problem = problem_of([passing], reported=None, failing=[], working=[])
    found = reproduction_of([passing], problem, reported=(), system=other_system(report))
    verdict = sentence(found, (), responsible=None, introduced=None, fixed=None, failure="")
    assert (f"The report is from {system}, and the script was run on Linux." in verdict) is other
    failing = ran("layers1.0.0", Outcome.FAILED, error="ValueError: x", layers="1.0.0")
    problem = problem_of([failing], reported=None, failing=[], working=[])
    assert reproduction_of([failing], problem, reported=(), system=other_system(report)).reason == ""


def test_verdict_has_the_beginning_of_a_long_message():
    found = Reproduction(environment="layers1.1.0", result="reproduced", outcome="failed")
    failure = f"TypeError: cannot read this. Full object config: {{{'a ' * 500}}}"
    verdict = sentence(
        found,
        ranges_of([evidence("1.1.0", BUG)], "layers"),
        responsible=None,
        introduced=None,
        fixed=None,
        failure=failure,
    )
    assert verdict.startswith("The reported problem (TypeError: cannot read this.")
    assert len(verdict) < 320


def test_failure_that_no_report_shows_and_every_version_has_may_be_another_problem():
    found = Reproduction(environment="layers1.1.0", result="fails differently", outcome="failed")
    verdict = sentence(
        found, ranges_of([evidence("1.1.0", BUG), evidence("1.2.0", BUG)], "layers"), responsible=None,
        introduced=None, fixed=None, failure="TypeError: no", doubtful=True,
    )  # fmt: skip
    assert verdict.startswith("A failure of the script (TypeError: no) shows with layers 1.1.0 to 1.2.0. The report")
    assert verdict.endswith("no version that was run passes: it may be another problem.")


@pytest.mark.parametrize(
    ("last", "own"),
    [
        ('File "report.py", line 3, in <module>\n    raise RuntimeError("wrong")\nRuntimeError: wrong', True),
        ('File "report.py", line 3, in check\n    assert shape == (2,)\n           ^^^^^\nAssertionError', True),
        ('File "report.py", line 3, in call\n    return inputs + tf.range(3)\nInvalidArgumentError: no', False),
        ('File "/env/lib/layers/base.py", line 3, in call\n    raise ValueError("wrong")\nValueError: wrong', False),
    ],
)
def test_script_that_raises_its_failure_itself_checks_what_is_reported(last, own):
    first = 'Traceback (most recent call last):\n  File "report.py", line 9, in <module>\n    main()\n  '
    failed = ran("a", Outcome.FAILED, error="ValueError: wrong").attempt
    assert checks_itself(replace(failed, evidence=Texts(traceback=first + last))) is own
    assert not checks_itself(None)


def test_nightly_build_without_a_date_is_named_once():
    assert claim("nightly", package="keras-nightly").subject == "keras-nightly"
    assert claim("2.2.0.dev20200113", package="tf-nightly").subject == "tf-nightly 2.2.0.dev20200113"
    (question,) = questions_about(
        check([claim("nightly", package="tf-nightly")], [evidence("1.0.0", BUG)], provides={})
    )
    assert "version? tf-nightly was not tested: a nightly build changes every day" in question


def test_version_in_two_spellings_is_checked_once():
    claims = [claim("2.2.0.dev20200113"), claim("2.2.0-dev20200113")]
    assert len(check(claims, [], provides={})) == 1


def test_verdict_without_the_environment_of_the_report_says_what_was_run():
    reproduction = Reproduction(environment=None, result="not possible", reason="the report names no version")
    ranges = ranges_of([evidence("1.0.0", PASSES), evidence("1.1.0", PASSES)], "layers")
    verdict = sentence(reproduction, ranges, responsible=None, introduced=None, fixed=None, failure="")
    assert verdict == (
        "The report could not be reproduced: the report names no version. "
        "The script passes with layers 1.0.0 to 1.1.0."
    )  # fmt: skip


def test_no_workaround_where_nothing_fails():
    cells = [evidence("1.0.0", PASSES), evidence("1.1.0", PASSES, environment="old", variables=OLD)]
    assert workarounds(cells, ranges_of(cells, "layers")) == ()


def test_other_failures_that_differ_below_the_first_line_are_one_range():
    shown = [
        evidence(f"1.{minor}", OTHER, error=f"TypeError: cannot be deserialized\nconfig={{'id': {minor}}}")
        for minor in range(3)
    ]
    assert [(each.first, each.last) for each in ranges_of(shown, "layers")] == [("1.0", "1.2")]


def test_errors_of_a_file_are_ranges_apart_if_asked():
    shown = [
        evidence("1.0", BUG, error="OSError: unknown format"), evidence("1.1", BUG, error="ValueError: lost"),
        evidence("1.2", BUG, error="ValueError: lost"),
    ]  # fmt: skip
    assert [(each.first, each.last) for each in ranges_of(shown, "layers")] == [("1.0", "1.2")]
    apart = ranges_of(shown, "layers", apart_by_error=True)
    assert [(each.first, each.last) for each in apart] == [("1.0", "1.0"), ("1.1", "1.2")]


@pytest.mark.parametrize(
    ("base_passes", "nearest", "place"),
    [(True, "engine2.1", "layers1.1"), (False, "engine2.1", "engine2.1"), (False, None, "engine2.0")],
    ids=["a base with a pass", "a base where everything fails", "no pair"],
)
def test_releases_are_searched_where_something_passes(matrix, base_passes, nearest, place):
    shown = [
        evidence("1.0", PASSES if base_passes else BUG),
        evidence("1.0", BUG, environment="engine2.0", family="engine"),
        evidence("1.0", BUG, environment="engine2.1", family="engine"),
        evidence("1.1", BUG),
    ]
    if not base_passes:
        shown = shown[1:]
    assert place_to_search(shown, "layers", matrix, nearest) == place


# What is no failure


def watched(environment, *, stderr="", outcome=Outcome.PASSED, isolation="process", seconds=None, **versions):
    cell = ran(environment, outcome, **versions)
    attempt = replace(cell.attempt, evidence=Texts(stderr=stderr), isolation=isolation)
    measured = Measured(seconds=seconds) if seconds is not None else None
    return replace(cell, attempt=attempt, measured=measured)


WARNED = "/x/y/lib.py:3: UserWarning: the old way\n  old()\n"
NATIVE = "2024-01-01 10:00:00.1: W lib/core.cc:12] slow\n"


def test_exception_that_is_only_printed_is_the_problem_where_it_is_printed():
    said = Failure.parse("AttributeError: 'Factory' object has no attribute 'get'")
    line = f"{said.type}: {said.message}\n"
    cells = [watched("a", stderr=line * 3), watched("b", stderr=f"x\n{line}"), watched("c", stderr="x\n")]
    problem = problem_of(cells, reported=said, failing=["a"], working=[])
    assert [each.shows for each in evidence_of(cells, problem)] == [BUG, BUG, PASSES]
    assert (problem.observed, problem.text) == ("warning", line.strip())
    assert reproduction_of(cells[:1], problem, reported=[said]).result == "reproduced"
    printed = [ran("a", Outcome.PASSED, stdout=f"Failed! {line}"), ran("b", Outcome.PASSED, stdout="fine\n")]
    problem = problem_of(printed, reported=said, failing=["a"], working=[])
    assert [each.shows for each in evidence_of(printed, problem)] == [BUG, PASSES]
    raised = [*cells, ran("d", Outcome.FAILED, error="KeyError: 'x'")]
    assert problem_of(raised, reported=said, failing=["a"], working=[]).failure == Failure(
        type="KeyError", message="'x'"
    )
    assert not problem_of(cells[2:], reported=said, failing=["c"], working=[]).shows


def test_a_warning_that_the_report_quotes_is_the_problem_if_it_differs():
    cells = [watched("a", stderr=NATIVE), watched("b", stderr=WARNED + NATIVE), watched("c", stderr=WARNED)]
    quoted = "some output\nlib.py:77: UserWarning: the old way\n  call()\n"
    problem = problem_of(cells, reported=None, failing=["b"], working=[], quoted=quoted)
    assert (problem.observed, problem.output, problem.expected) == ("warning", "UserWarning: the old way", "")
    assert [each.shows for each in evidence_of(cells, problem)] == [PASSES, BUG, BUG]
    assert problem.text == "UserWarning: the old way"


@pytest.mark.parametrize(
    ("quoted", "more"),
    [
        pytest.param("", {}, id="nothing quoted"),
        pytest.param("2024-01-01 10:00:00.1: W lib/core.cc:12] slow", {}, id="a log line"),
        pytest.param("lib.py:7: UserWarning: another", {}, id="another warning"),
        pytest.param("lib.py:7: UserWarning: the old way", {"isolation": "fork"}, id="a fork, which does not show it"),
    ],
)
def test_other_differences_in_warnings_are_no_problem(quoted, more):
    cells = [watched("a", stderr=NATIVE, **more), watched("b", stderr=WARNED)]
    problem = problem_of(cells, reported=None, failing=["b"], working=["a"], quoted=quoted)
    assert (problem.observed, problem.output) == ("error", None)


def test_message_of_a_log_is_the_problem_if_the_title_says_it():
    record = "2024-01-01 10:00:00.1: I lib/executor.cc:12] INVALID: You must feed a value for tensor 'x'\n"
    report = read_report(
        f"# list_files(): You must feed a value for tensor\n\n```\nimport tensorflow as tf\nprint(tf.ones(1))\n```\n"
        f"Log:\n```\n{NATIVE}{record}```\n"
    )
    message = message_of_title(report)
    assert message == "You must feed a value for tensor"
    cells = [
        watched("a", stderr=NATIVE), watched("b", stderr=NATIVE + record.replace("'x'", "'y'")),
        watched("c", outcome=Outcome.FAILED),
    ]  # fmt: skip
    problem = problem_of(cells, reported=None, failing=["b"], working=[], message=message)
    assert (problem.observed, problem.text) == ("warning", message)
    assert [each.shows for each in evidence_of(cells, problem)] == [PASSES, BUG, OTHER]
    failing = problem_of(cells, reported=None, failing=["c"], working=[], message=message)
    assert failing.failure is not None


IN_BASE = {
    "only in one base": (
        [("engine2.0 + layers==2.7", "2.7", BUG), ("engine2.0", "2.6", PASSES), ("engine2.1", "2.7", PASSES)], True,
    ),
    "in no other base": ([("engine2.0 + layers==2.7", "2.7", BUG), ("engine2.1", "2.8", PASSES)], False),
    "in two bases": (
        [("engine2.0 + layers==2.7", "2.7", BUG), ("engine2.2 + layers==2.7", "2.7", BUG), ("engine2.1", "2.7", PASSES)],
        False,
    ),
    "not replaced": ([("layers2.7", "2.7", BUG), ("engine2.1", "2.7", PASSES)], False),
    "no bug": ([("layers2.7", "2.7", PASSES)], False),
}  # fmt: skip


@pytest.mark.parametrize("name", IN_BASE)
def test_versions_of_a_package_are_compared_in_the_base_in_which_alone_it_fails(name):
    cells, expected = IN_BASE[name]
    found = [evidence(version, shows, environment=environment) for environment, version, shows in cells]
    assert decides_in_one_base(found, "layers") is expected


LOGGED = "WARNING:engine:The graph could not be converted: <function f at 0x7f>"


def test_warning_of_a_quoted_log_is_the_problem_if_only_some_versions_log_it():
    other = LOGGED.replace("0x7f", "0x55")
    cells = [watched("a", stderr=NATIVE), watched("b", stderr=f"{NATIVE}{other}\n"), watched("c")]
    problem = problem_of(cells, reported=None, failing=["b"], working=["c"], quoted=f"{NATIVE}{LOGGED}\n")
    assert (problem.observed, problem.text) == ("warning", "The graph could not be converted")
    assert [each.shows for each in evidence_of(cells, problem)] == [PASSES, BUG, PASSES]
    everywhere = [watched(each, stderr=f"{LOGGED}\n") for each in "ab"]
    assert not problem_of(everywhere, reported=None, failing=["b"], working=[], quoted=LOGGED).shows
    short = problem_of(cells, reported=None, failing=["b"], working=[], quoted="WARNING:engine:The graph")
    assert not short.shows


@pytest.mark.parametrize("title", ["Slow", "feed a", "A crash of tf.data.Dataset.list_files"])
def test_other_titles_name_no_message_of_the_log(title):
    report = read_report(f"# {title}\n\n```\n{NATIVE}```\n\nYou must feed a value for placeholder tensor\n")
    assert message_of_title(report) == ""


def test_what_is_watched_counts_and_failures_do_not():
    cells = [watched("a"), watched("b", stderr=WARNED), watched("c", outcome=Outcome.FAILED)]
    problem = problem_of(
        cells, reported=Failure.parse("ValueError: gone"), failing=["b"], working=["a"], watch=Watch.parse("warning")
    )
    assert [each.shows for each in evidence_of(cells, problem)] == [PASSES, BUG, OTHER]
    hang = problem_of(cells, reported=None, failing=[], working=[], watch=Watch.parse("hang"))
    late = replace(cells[2].attempt, outcome=Outcome.TIMED_OUT, error="Timeout: over 5 s")
    cells.append(replace(cells[2], attempt=late))
    assert [each.shows for each in evidence_of(cells, hang)] == [PASSES, PASSES, OTHER, BUG]
    assert hang.observed == "hang"


def test_a_duration_is_compared_with_that_of_the_working_versions():
    cells = [watched("a", seconds=(1.0, 1.1, 1.2)), watched("b", seconds=(4.0, 4.1, 4.2)), watched("c")]
    problem = problem_of(cells, reported=None, failing=["b"], working=["a"], watch=Watch.parse("time"))
    assert problem.observed == "time"
    assert [(each.shows, each.error) for each in evidence_of(cells, problem)] == [
        (PASSES, ""), (BUG, "takes 4.1 s (median of 3)"), (NOT_TESTED, "")
    ]  # fmt: skip
    assert problem.text == "takes at least 2 times as long as 1.1 s"
    assert is_right(cells[0], problem)
    assert not is_right(cells[1], problem)
    unknown = problem_of(cells[2:], reported=None, failing=[], working=[], watch=Watch.parse("time"))
    assert [each.shows for each in evidence_of(cells[2:], unknown)] == [PASSES]


def test_commands_of_an_answer_say_what_is_watched():
    following = ("--watch", "time=fit", "--factor", "2", "--expected-in", "a", "--pre")
    assert watching(following) == ("--watch", "time=fit", "--factor", "2")
    assert watching(("--pre",)) == ()


def test_reply_names_commits_that_could_not_be_run_as_not_tested():
    commit = {"sha": "b3ffea6602" + 30 * "0", "title": "Mend it (#18258)", "pull_request": 18258, "repository": "o/r"}
    border = {"last": "1", "first": "2", "commit": None, "not_tested": [{**commit, "in_traceback": False}]}
    ranges = ranges_of([evidence("1", Shows.BUG), evidence("2", Shows.PASSES)], "layers")
    fixed = Change(package="layers", last="1", first="2")
    answer = TriageAnswer(
        name="report",
        verdict="It shows.",
        observed="error",
        reproduced=Reproduction(environment="layers1", result="reproduced"),
        responsible="layers",
        stepped="layers",
        ranges=ranges,
        fixed=fixed,
        transitions=(border,),
    )
    assert (
        "* Fixed between layers 1 and 2. Its commits could not be run. Not tested, between the two: "
        "o/r@b3ffea6602 (Mend it, o/r#18258).\n"
    ) in markdown(answer)
    assert "Not tested, which" not in markdown(replace(answer, transitions=({**border, "commit": commit},)))
    why = {**border, "commit_note": "no commit: no tag of layers 1 in /home/me/clone"}
    assert "could not be run (no tag of layers 1 in " in markdown(replace(answer, transitions=(why,)))
    alone = markdown(replace(answer, transitions=({**why, "not_tested": []},)))
    assert "* Fixed between layers 1 and 2. No commit was found: no tag of layers 1 in " in alone
    assert "/home/me" not in alone


def test_other_failures_are_short_and_one_line_for_all_addresses():
    long = "TypeError: <A at 0x7ff61bd5c9d0> " + "config " * 100
    cells = [ran("a", Outcome.FAILED, error=long), ran("b", Outcome.FAILED, error=long.replace("d5c9d0", "aaaaaa"))]
    (line,) = other_failures(evidence_of(cells, Problem(observed="error", failure=Failure.parse("ValueError: x"))))
    assert line.startswith("TypeError: <A at 0x...> config")
    assert line.endswith("... (in a, b)")
    assert len(line) < 330
