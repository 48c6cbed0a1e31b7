"""Scripts that use TensorFlow as reports do show the same in a fork of a process that has imported it as by themselves."""

from pathlib import Path

import pytest

from harness.execute.forkserver.server import CAN_FORK

REPORTS = sorted((Path(__file__).parent / "reports").glob("*.py"))
ENVIRONMENTS = ("tf2.10.1", "tf2.16.2")
# It does more than import before it imports, and is never forked.
OWN_PROCESS = {f"warnings_are_errors@{environment}" for environment in ENVIRONMENTS}
FAIL = {
    "warnings_are_errors@tf2.10.1": "Warning",
    "raw_operation@tf2.10.1": "InvalidArgumentError",
    "raw_operation@tf2.16.2": "InvalidArgumentError",
    "callbacks_that_write@tf2.16.2": "must end in `.keras`",
    "stateful_recurrence@tf2.16.2": "batch_input_shape",
    "warnings_are_errors@tf2.16.2": "UserWarning",
}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.network,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(not CAN_FORK, reason="fork servers need Linux"),
]


def test_what_reports_do_shows_the_same_in_forks_and_in_processes(clone):
    selection = [*map(str, REPORTS), "--environments", ",".join(ENVIRONMENTS)]
    forked = clone.cells(*selection)
    assert {id for id, cell in forked.items() if cell["isolation"] != "fork"} == OWN_PROCESS
    assert {id for id, cell in forked.items() if cell["outcome"] != "passed"} == FAIL.keys()
    assert [id for id, words in FAIL.items() if words not in forked[id]["error"]] == []
    # What is never forked has run in a process already.
    again = [typed for typed in selection if f"{Path(typed).stem}@{ENVIRONMENTS[0]}" not in OWN_PROCESS]
    alone = clone.cells("--isolation", "process", *again)
    assert {cell["isolation"] for cell in alone.values()} == {"process"}
    shown = ("outcome", "stage", "signature", "flaky")
    assert {id: [cell[each] for each in shown] for id, cell in alone.items()} == {
        id: [cell[each] for each in shown] for id, cell in forked.items() if id not in OWN_PROCESS
    }
