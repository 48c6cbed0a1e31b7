"""How many attempts a task still needs, given those with its key."""

from dataclasses import replace

import pytest

from harness.execute.executor import failed_to_run, unavailable
from harness.model import Outcome
from harness.schedule.missing_attempts import could_write, count_missing
from tests.unit.test_schedule import passed, task

TASK = task("s")
READER = replace(TASK, reads="key of the writer")


def shown(outcome=Outcome.PASSED, **more):
    return replace(passed(TASK), outcome=outcome, **more)


ERROR = failed_to_run(TASK, "lost", passed(TASK).started)


@pytest.mark.parametrize(
    ("attempts", "repeat", "missing"),
    [
        pytest.param([], 1, 1, id="never run"),
        pytest.param([], 3, 3, id="never run, three wanted"),
        pytest.param([shown()], 1, 0, id="run"),
        pytest.param([shown(Outcome.FAILED)], 3, 2, id="a failure counts"),
        pytest.param([shown()] * 4, 3, 0, id="more than wanted"),
        pytest.param([ERROR], 1, 1, id="an error of the harness does not count"),
        pytest.param([shown(), ERROR], 1, 0, id="an error after a result takes nothing away"),
        pytest.param([shown(Outcome.NOT_APPLICABLE)], 3, 0, id="not applicable is not repeated"),
        pytest.param([unavailable(TASK, "no wheel", conclusive=True)], 3, 0, id="unavailable is not repeated"),
        pytest.param([unavailable(TASK, "index is down", conclusive=False)], 1, 1, id="unavailable for now"),
        pytest.param([shown(Outcome.TIMED_OUT, limit_s=1.0)], 1, 1, id="timed out under a shorter limit"),
    ],
)
def test_missing_attempts(attempts, repeat, missing):
    assert count_missing(TASK, attempts, repeat=repeat) == missing


def test_forks_do_not_count_where_a_process_of_its_own_is_asked_for():
    attempts = [shown(isolation="fork"), shown(isolation="process")]
    assert count_missing(TASK, attempts, repeat=2) == 0
    assert count_missing(TASK, attempts, repeat=2, own_process=True) == 1


def test_reader_runs_again_once_its_artifacts_exist():
    could_not_read = [unavailable(READER, "its writer did not write", conclusive=True)]
    assert count_missing(READER, could_not_read) == 0
    assert count_missing(READER, could_not_read, written=True) == 1


def test_writer_runs_again_if_its_artifacts_are_lost():
    assert count_missing(TASK, [shown()], artifact_lost=True) == 1
    assert count_missing(TASK, [], artifact_lost=True) == 1
    assert count_missing(TASK, [shown(Outcome.NOT_APPLICABLE)], artifact_lost=True) == 0


@pytest.mark.parametrize(
    ("attempts", "could"),
    [
        pytest.param([], True, id="never run"),
        pytest.param([shown()], True, id="wrote"),
        pytest.param([ERROR], True, id="an error of the harness says nothing"),
        pytest.param([shown(Outcome.FAILED), shown()], True, id="wrote once"),
        pytest.param([shown(Outcome.FAILED)], False, id="failed"),
        pytest.param([shown(Outcome.NOT_APPLICABLE)], False, id="not applicable"),
    ],
)
def test_only_a_writer_that_wrote_can_have_lost_artifacts(attempts, could):
    assert could_write(TASK, attempts) is could
