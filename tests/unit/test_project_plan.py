"""From a project and a selection to planned cells, and the reasons for cells that are not run."""

import datetime as dt
import shutil
from dataclasses import replace

import pytest

from harness.errors import UsageError
from harness.model import Cell, Outcome
from harness.project.lock_file import parse_lock, write_lock
from harness.project.plan import fewer_cases, make_plan
from harness.project.project import environment_of, read_project
from harness.project.selection import Selection, is_inline
from tests.making import make_lock

MATRIX = """
default-tier = "small"
[provides]
demo-cpu = "demo"
[families.demo]
package = "demo"
pythons = { "3.8" = "<1.1", "3.11" = ">=1.1" }
[families.other]
package = "other"
pythons = { "3.11" = ">=0" }
imports = ["demo", "other", "absent"]
variables = { MODE = "b" }
[tiers.small]
environments = ["demo1*", "!demo1.1"]
[tiers.full]
environments = ["*"]
[[exclude]]
environments = ["demo2*"]
scenarios = ["slow"]
reason = "takes a day"
"""
SCENARIOS = {
    "load/plain.py": '"""Plain."""\n',
    "load/slow.py": '"""Slow."""\n',
    "save/shapes.py": '# /// script\n# dependencies = ["demo>=1.1"]\n# requires-python = ">=3.9"\n'
    '# [tool.harness.parameters]\n# shape = ["list", "tuple"]\n# ///\n# %% tags=["parameters"]\nshape = 1\n',
    "across/read.py": '# /// script\n# dependencies = ["demo>=1.1"]\n# ///\n"""Reads."""\n',
    "across/write.py": '# /// script\n# dependencies = ["demo<2.1"]\n# ///\n"""Writes."""\n',
}
ENVIRONMENTS = [
    ("demo", "1.0", "3.8"), ("demo", "1.1", "3.11"), ("demo", "1.10", "3.11"), ("demo", "2.0", "3.11"), ("other", "1", "3.11"),
]  # fmt: skip


def lock_for(family, version, python, **changes):
    lock = make_lock(f"{family}{version}", python=python, **{family: version, "demo": version})
    origin = replace(
        lock.origin, family=family, package=family, version=version, requirements=(f"{family}=={version}",)
    )
    return replace(lock, origin=replace(origin, **changes))


@pytest.fixture
def root(tmp_path):
    (tmp_path / "matrix.toml").write_text(MATRIX, encoding="utf-8")
    for name, text in SCENARIOS.items():
        path = tmp_path / "scenarios" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    for family, version, python in ENVIRONMENTS:
        write(tmp_path, lock_for(family, version, python))
    return tmp_path


def write(root, lock, folder=None):
    path = root / "locks" / (folder or lock.origin.family) / f"{lock.origin.environment}.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(write_lock(lock), encoding="utf-8")
    return path


@pytest.fixture
def project(root):
    return read_project(root)


def planned(project, **selection):
    return [str(each.cell) for each in make_plan(project, Selection(**selection)).cells]


def complaint(project, **selection):
    with pytest.raises(UsageError) as caught:
        make_plan(project, Selection(**selection))
    return str(caught.value)


def test_project_has_environments_by_family_and_version(project):
    assert [each.id for each in project.environments] == ["demo1.0", "demo1.1", "demo1.10", "demo2.0", "other1"]
    assert [each.name for each in project.scenarios] == ["across", "plain", "slow", "shapes"]
    assert project.notices == ()


def test_environment_has_the_settings_of_its_family(project):
    other = project.environment("other1")
    assert (other.variables, other.imports, other.tiers) == ((("MODE", "b"),), ("demo", "other"), {"full"})


def test_lock_that_differs_from_the_matrix_is_reported(root):
    write(root, lock_for("demo", "1.1", "3.11", requirements=("demo==1.0",)))
    write(root, lock_for("demo", "2.0", "3.8"))
    notices = "".join(read_project(root).notices)
    assert "demo1.1" in notices
    assert "demo2.0" in notices
    assert "demo1.0" not in notices
    assert "harness lock" in notices


def test_exclusion_without_a_match_is_reported(root):
    text = MATRIX.replace('environments = ["demo2*"]', 'environments = ["demo2*", "dema*"]').replace(
        '["slow"]', '["slwo"]'
    )
    (root / "matrix.toml").write_text(text, encoding="utf-8")
    assert [notice.partition(". ")[0] for notice in read_project(root).notices] == [
        "matrix.toml: exclude[1]: 'dema*' matches no environment",
        "matrix.toml: exclude[1]: 'slwo' matches no scenario",
    ]


def test_deprecated_keys_are_notices_of_the_project(root):
    (root / "matrix.toml").write_text(f'passed = ["A"]\n{MATRIX}', encoding="utf-8")
    [notice] = read_project(root).notices
    assert notice.startswith("matrix.toml: passed: deprecated: passed was renamed to pass-env.")


def test_platform_and_date_of_a_lock_are_not_stale(root):
    moment = dt.datetime(2020, 1, 1, tzinfo=dt.timezone.utc)
    write(root, lock_for("demo", "1.1", "3.11", as_of=moment, platform="aarch64"))
    assert read_project(root).notices == ()


def test_all_problems_of_a_project_are_reported_at_once(root):
    (root / "matrix.toml").write_text(MATRIX.replace('"small"', '"smal"'), encoding="utf-8")
    (root / "scenarios" / "load" / "plain.py").write_text("# /// script\n# x = 1\n# ///\n", encoding="utf-8")
    (root / "locks" / "demo" / "demo1.1.txt").write_text("demo", encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        read_project(root)
    message = str(caught.value)
    assert "3 problems" in message
    for part in (
        "matrix.toml: default-tier",
        "plain.py: script.x: unknown key",
        "demo1.1.txt: it has no '# /// lock' block",
    ):
        assert part in message


@pytest.mark.parametrize(
    ("lock", "folder", "said"),
    [
        pytest.param(lock_for("demo", "1.1", "3.11"), "other", "has the same id 'demo1.1'", id="id twice"),
        pytest.param(lock_for("gone", "1", "3.11"), "gone", "its family 'gone' is not in matrix.toml", id="family that is gone"),
    ],
)  # fmt: skip
def test_misplaced_lock_is_reported(root, lock, folder, said):
    path = write(root, lock, folder)
    with pytest.raises(UsageError) as caught:
        read_project(root)
    assert said in str(caught.value)
    assert path.name in str(caught.value)


def test_lock_with_another_file_name_is_reported(root):
    path = root / "locks" / "demo" / "demo1.1.txt"
    path.rename(path.with_name("demo9.txt"))
    with pytest.raises(UsageError, match=r"demo9.txt: is the lock of 'demo1.1'\. Run `harness lock demo9`"):
        read_project(root)


def test_duplicate_scenario_name_is_reported_with_both_files(root):
    twin = root / "scenarios" / "save" / "plain.py"
    twin.write_text("", encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        read_project(root)
    assert f"{twin}: {root / 'scenarios' / 'load' / 'plain.py'} has the same name 'plain'" in str(caught.value)


def test_base_of_a_family_is_not_an_environment(root):
    lock = lock_for("demo", "1.0", "3.11")
    write(root, replace(lock, origin=replace(lock.origin, version=None, package=None, environment="demo-base")))
    assert read_project(root).environment("demo-base") is None


def test_default_selection_is_the_default_tier(project):
    cells = planned(project, scenarios=("plain",))
    assert cells == ["plain@demo1.0", "plain@demo1.10"]


def test_tier_selects_its_environments(project):
    assert len(planned(project, tier="full", scenarios=("plain",))) == 5


def test_globs_select_from_all_tiers(project):
    assert planned(project, environments=("*1.1", "demo2*"), scenarios=("plain",)) == ["plain@demo1.1", "plain@demo2.0"]


def test_globs_with_exclamation_mark_exclude(project):
    assert planned(project, environments=("demo*", "!demo1.*"), scenarios=("plain",)) == ["plain@demo2.0"]


def test_tier_and_globs_are_intersected(project):
    assert planned(project, tier="small", environments=("*0",), scenarios=("plain",)) == [
        "plain@demo1.0",
        "plain@demo1.10",
    ]


@pytest.mark.parametrize(
    ("globs", "cases"),
    [
        pytest.param(("shapes",), {"shapes[shape=list]", "shapes[shape=tuple]"}, id="by name"),
        pytest.param(("*shape=list*",), {"shapes[shape=list]"}, id="by case"),
        pytest.param(("shapes", "!*tuple*"), {"shapes[shape=list]"}, id="case taken away"),
        pytest.param(("!shapes", "!across"), {"plain", "slow"}, id="names taken away"),
    ],
)
def test_scenarios_are_selected_by_name_or_case(project, globs, cases):
    assert {cell.rpartition("@")[0] for cell in planned(project, environments=("demo1.1",), scenarios=globs)} == cases


def test_cells_are_selected_by_id_in_the_given_order(project):
    ids = ["shapes[shape=tuple]@demo1.1", "plain@other1", "across@demo1.1 -> demo2.0"]
    assert planned(project, cells=tuple(map(Cell.parse, ids))) == [*ids, "across@demo1.1"], "its writing comes along"


@pytest.mark.parametrize(
    ("selection", "said"),
    [
        pytest.param({"environments": ("dema*",)}, ["--environments: 'dema*' matches no environment", "Valid names: demo1.0"], id="glob"),
        pytest.param({"environments": ("demo1.2", "demo1.0")}, ["'demo1.2' matches no environment. Did you mean demo1"], id="near miss"),
        pytest.param({"environments": ("demo[12].0",)}, ["'demo[12].0' matches no environment. Only * and ? are wildcards"], id="brackets"),
        pytest.param({"environments": ("!nothing*",)}, ["'!nothing*' matches no environment"], id="taken away, not there"),
        pytest.param({"scenarios": ("plan", "shapse")}, ["--scenarios: 'plan' matches no", "mean plain", "'shapse'"], id="both named"),
        pytest.param({"writers": ("x",)}, ["--writers: 'x' matches no environment"], id="writers"),
        pytest.param({"readers": ("x",)}, ["--readers: 'x' matches no environment"], id="readers"),
        pytest.param({"tier": "ful"}, ["--tier: there is no tier 'ful'", "Did you mean full", "Valid tiers: small, full"], id="tier"),
        pytest.param({"environments": ("demo1.0", "!demo*")}, ["No environment is selected"], id="nothing left"),
        pytest.param({"scenarios": ("!*",)}, ["No cell is selected", "--scenarios excludes all scenarios", "Valid names: across, plain"], id="no scenario left"),
        pytest.param({"writers": ("demo1.0",), "environments": ("demo2.0",), "scenarios": ("across",)}, ["No cell is selected", "--writers"], id="writer not there"),
        pytest.param({"writers": ("demo1.0",), "scenarios": ("plain",)}, ["no two-step scenario is selected", "--environments"], id="writer of none"),
        pytest.param({"cells": (Cell.parse("nothing@demo1.0"),)}, ["no scenario 'nothing'", "Valid names: across, plain", "harness run PATH"], id="no such scenario"),
        pytest.param({"cells": (Cell.parse("across@demo1.0->demo1.1"),)}, ["no environment 'demo1.0->demo1.1'", "spaces around"], id="arrow without blanks"),
        pytest.param({"cells": (Cell.parse("plian@demo1.0"),)}, ["plian@demo1.0: there is no scenario 'plian'", "plain"], id="scenario of a cell"),
        pytest.param({"cells": (Cell.parse("plain@demo1.2"),)}, ["there is no environment 'demo1.2'", "demo1.1"], id="environment of a cell"),
        pytest.param({"cells": (Cell.parse("shapes[shape=lits]@demo1.1"),)}, ["has no such case", "shapes[shape=list]"], id="case of a cell"),
        pytest.param({"cells": (Cell.parse("plain@demo1.1 -> demo1.0"),)}, ["plain has one step", "write.py"], id="writer of one step"),
    ],
)  # fmt: skip
def test_names_without_a_match_are_an_error_with_similar_names(project, selection, said):
    message = complaint(project, **selection)
    for part in said:
        assert part in message


def absences(project, **selection):
    plan = make_plan(project, Selection(**selection))
    return {str(each.cell): (each.absence.outcome, each.absence.reason) for each in plan.cells if each.absence}


def test_exclusion_has_its_reason(project):
    assert absences(project, scenarios=("slow", "plain"), tier="full") == {
        "slow@demo2.0": (Outcome.NOT_APPLICABLE, "excluded in matrix.toml: takes a day")
    }


def test_requirements_of_a_script_exclude_environments(project):
    found = absences(project, scenarios=("*list*",), tier="full")
    assert found["shapes[shape=list]@demo1.0"] == (
        Outcome.NOT_APPLICABLE, "the script needs Python >=3.9, and this environment has 3.8"
    )  # fmt: skip
    assert found["shapes[shape=list]@other1"][1] == "needs demo>=1.1, and this environment has demo 1"
    assert set(found) == {"shapes[shape=list]@demo1.0", "shapes[shape=list]@other1"}


def test_two_step_cells_are_writers_times_readers(project):
    cells = planned(project, environments=("demo1.1", "demo2.0"), scenarios=("across",))
    assert cells == [
        "across@demo1.1", "across@demo2.0",
        "across@demo1.1 -> demo1.1", "across@demo1.1 -> demo2.0", "across@demo2.0 -> demo1.1", "across@demo2.0 -> demo2.0",
    ]  # fmt: skip


def test_writers_and_readers_are_selected_separately(project):
    cells = planned(project, writers=("demo1.1",), readers=("demo2.0", "demo1.10"), scenarios=("across",))
    assert cells == ["across@demo1.1", "across@demo1.1 -> demo1.10", "across@demo1.1 -> demo2.0"]


def test_writers_and_readers_alone_select_two_step_scenarios_only(project):
    cells = planned(project, writers=("demo1.1",), readers=("demo2.0",))
    assert cells == ["across@demo1.1", "across@demo1.1 -> demo2.0"], "nor for a tier of all others"
    beside = planned(project, writers=("demo1.1",), readers=("demo1.1",), environments=("demo1.1",))
    assert {cell.partition("@")[0] for cell in beside} == {
        "across",
        "plain",
        "slow",
        "shapes[shape=list]",
        "shapes[shape=tuple]",
    }


def test_project_without_scenarios_is_reported(root):
    shutil.rmtree(root / "scenarios")
    with pytest.raises(UsageError, match="scenarios/ has no scenario"):
        make_plan(read_project(root), Selection())


def test_each_step_has_its_own_requirements(project):
    found = absences(project, environments=("demo1.0", "demo1.1"), scenarios=("across",))
    assert {cell: reason for cell, (_, reason) in found.items()} == {
        "across@demo1.0 -> demo1.0": "demo1.0: needs demo>=1.1, and this environment has demo 1.0",
        "across@demo1.1 -> demo1.0": "demo1.0: needs demo>=1.1, and this environment has demo 1.0",
    }


def test_package_that_provides_another_satisfies_the_header(project):
    lock = make_lock("written", python="3.11", demo_cpu="1.5")
    environment = environment_of(parse_lock(write_lock(lock), name="l", id="written"), project.matrix)
    plan = make_plan(project, Selection(environments=("written",), scenarios=("shapes",)), inline=(environment,))
    assert [each.absence for each in plan.cells] == [None, None]


@pytest.mark.parametrize(
    ("text", "inline"),
    [
        ("tf2.16.2", False),
        ("tf*", False),
        ("!tf*", False),
        ("keras==3", True),
        ("python=3.11 keras", True),
        ("python=3.11", True),
    ],
)
def test_inline_environments_are_distinguished_from_ids(text, inline):
    assert is_inline(text) is inline


@pytest.mark.parametrize(
    ("count", "kept"), [(1, [0]), (2, [0, 3]), (3, [0, 2, 4]), (6, list(range(6))), (99, list(range(6)))]
)
def test_fewer_cases_are_evenly_spaced(root, count, kept):
    header = f"# /// script\n# [tool.harness.parameters]\n# n = {list(range(6))}\n# ///\n"
    (root / "scenarios" / "load" / "many.py").write_text(f'{header}# %% tags=["parameters"]\nn = 0\n', encoding="utf-8")
    plan = make_plan(read_project(root), Selection(scenarios=("many",), environments=("demo2.0", "other1")))
    cells = [(each.cell.case.values["n"], each.cell.environment) for each in fewer_cases(plan, count).cells]
    assert cells == [(n, environment) for n in kept for environment in ("demo2.0", "other1")]


@pytest.mark.parametrize("step", ["read", "write"])
def test_script_may_request_only_variables_in_pass_env(root, step):
    text = SCENARIOS[f"across/{step}.py"]
    asks = text.replace('# ///\n"', '# [tool.harness]\n# variables = ["MODE", "SOME_TOKEN"]\n# ///\n"')
    (root / "scenarios" / "across" / f"{step}.py").write_text(asks, encoding="utf-8")
    with pytest.raises(UsageError, match=r"across: its header requests your environment variable 'MODE', 'SOME_TOKEN'"):
        make_plan(read_project(root), Selection(scenarios=("across",)))
    make_plan(read_project(root), Selection(scenarios=("plain",)))
    (root / "matrix.toml").write_text(f'pass-env = ["MODE"]\n{MATRIX}', encoding="utf-8")
    with pytest.raises(UsageError, match=r"requests your environment variable 'SOME_TOKEN'"):
        make_plan(read_project(root), Selection(scenarios=("across",)))
    (root / "matrix.toml").write_text(f'pass-env = ["MODE", "SOME_TOKEN"]\n{MATRIX}', encoding="utf-8")
    make_plan(read_project(root), Selection(scenarios=("across",)))


@pytest.mark.parametrize(("name", "most"), [("timeout", 3600), ("memory", 16384), ("disk", 16384), ("processes", 1024)])
def test_script_may_request_limits_up_to_the_maximum(root, name, most):
    def planned(asked, *lines):
        (root / "matrix.toml").write_text("\n".join([MATRIX, *lines]), encoding="utf-8")
        header = f"# /// script\n# [tool.harness]\n# {name} = {asked}\n# ///\n"
        (root / "scenarios" / "load" / "plain.py").write_text(header, encoding="utf-8")
        return make_plan(read_project(root), Selection(scenarios=("plain",)))

    planned(most)
    with pytest.raises(UsageError, match=rf"plain: its header requests the limit {name} = 10000000"):
        planned(10_000_000)
    planned(most + 1, "[limits]", f"{name} = {most + 1}")
    with pytest.raises(UsageError, match=rf"limit {name} = {most}\b"):
        planned(most, "[limits]", f"{name} = {most - 1}")
