"""Real TensorFlow, three eras, through the whole way: lock, environment, attempt, store, table, evidence, replay."""

import json

import pytest

from tests.tensorflow.conftest import Clone

ENVIRONMENTS = ("tf2.10.1", "tf2.16.2", "tf2.16.2-legacy")
CASES = (
    "sequential_build_twice[first=tuple,second=list]",
    "hub_layer_placement[placement=direct,trainable=false]",
    "seed_report[hub_layer=local]",
)

pytestmark = [pytest.mark.slow, pytest.mark.network, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def selection():
    return ["--cells", ",".join(f"{case}@{environment}" for case in CASES for environment in ENVIRONMENTS)]


@pytest.fixture(scope="module")
def cells(clone, selection):
    return clone.cells(*selection)


@pytest.mark.parametrize(
    ("case", "environment", "outcome", "stage", "error"),
    [
        (0, "tf2.10.1", "passed", None, ""),
        (0, "tf2.16.2", "failed", "build", "has already been configured to use input shape (None, 224, 224, 3)"),
        (0, "tf2.16.2-legacy", "passed", None, ""),
        (1, "tf2.10.1", "passed", None, ""),
        (1, "tf2.16.2", "failed", "build", "Only instances of `keras.Layer` can be added"),
        (1, "tf2.16.2-legacy", "passed", None, ""),
        (2, "tf2.10.1", "failed", "save", "cannot pickle"),
        (2, "tf2.16.2", "failed", "load", "has already been configured to use input shape"),
    ],
)
def test_the_answers_that_are_known(cells, case, environment, outcome, stage, error):
    cell = cells[f"{CASES[case]}@{environment}"]
    assert (cell["outcome"], cell["stage"]) == (outcome, stage)
    assert error in (cell["error"] or "")


def test_every_failure_is_explained(cells):
    unexplained = [id for id, cell in cells.items() if cell["outcome"] == "failed" and not cell["label"]]
    assert unexplained == []


def test_a_second_run_has_nothing_to_do(clone, cells, selection):
    again = clone.harness("run", "--json", *selection)
    assert "Nothing to run" in again.stderr
    assert {cell["cell"]: cell for cell in json.loads(again.stdout)["cells"]} == cells


def test_a_process_of_its_own_shows_what_a_fork_showed(cells, tmp_path):
    """Each case and each environment once; test_reports.py compares two dozen more cells."""
    chosen = [f"{CASES[case]}@{ENVIRONMENTS[place]}" for case, place in ((0, 1), (1, 2), (2, 0))]
    apart = Clone(tmp_path).cells("--isolation", "process", "--cells", ",".join(chosen))
    keys = ("outcome", "stage", "signature", "label")
    assert [[apart[id][key] for key in keys] for id in chosen] == [[cells[id][key] for key in keys] for id in chosen]
    assert {apart[id]["isolation"] for id in chosen} == {"process"}


def test_the_evidence_and_the_replay_of_a_failure(clone, cells):
    cell = f"{CASES[0]}@tf2.16.2"
    evidence = json.loads(clone.harness("show", "--json", cell).stdout)
    assert evidence["versions"]["keras"] == "3.4.1"
    assert "in build" in evidence["traceback"]
    assert "The same as on" in clone.harness("replay", cell).stdout


def test_a_script_from_outside_runs_as_it_is(clone, tmp_path):
    script = tmp_path / "report.py"
    script.write_text(
        "import os\nos.environ['TF_CPP_MIN_LOG_LEVEL'] = '3'\nimport tensorflow as tf\n"
        "model = tf.keras.Sequential([tf.keras.layers.Dense(1)])\n"
        "model.build((None, 3))\nmodel.build([None, 3])\n"
    )
    cells = clone.cells(str(script), "--environments", "tf2.10.1,tf2.16.2")
    assert cells["report@tf2.10.1"]["outcome"] == "passed"
    assert "has already been configured" in cells["report@tf2.16.2"]["error"]
