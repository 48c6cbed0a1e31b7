"""The tricks that make forks cheap: each can be switched off, and outcomes stay the same."""

import gc
import os

import pytest

from harness.errors import HarnessError
from harness.execute.fork_tuning_switch import TRICKS, VARIABLE, tuning_off
from harness.execute.forkserver.server import CAN_FORK
from harness.guest import fork_tuning
from harness.model import Outcome

on_linux = pytest.mark.skipif(not CAN_FORK, reason="fork servers need Linux")

FACTS = """\
import heavy, gc, os
print(os.sched_getscheduler(0) == os.SCHED_BATCH, gc.get_freeze_count() > 0)
"""


def test_names_are_those_of_the_guest_file():
    assert fork_tuning.TRICKS == TRICKS


@pytest.mark.parametrize(
    ("value", "off"),
    [("", []), ("off", [*TRICKS]), ("freeze", ["freeze"]), (" freeze, huge-pages ,", ["freeze", "huge-pages"])],
)
def test_variable_names_what_is_off(value, off):
    assert tuning_off({VARIABLE: value}) == off
    assert tuning_off({}) == []


def test_unknown_name_is_an_error():
    with pytest.raises(HarnessError, match="gc-freeze") as raised:
        tuning_off({VARIABLE: "freeze,gc-freeze"})
    assert "held-references" in raised.value.next_step


@on_linux
@pytest.mark.parametrize("off", ["off", *TRICKS])
def test_outcomes_are_the_same_with_tricks_switched_off(bench, monkeypatch, off):
    monkeypatch.setenv(VARIABLE, off)
    ways = {}
    for name, source in (("passes", "import heavy\nassert heavy.value\n"), ("asserts", None)):
        task = bench.task("asserts", source=source)
        assert bench.fork_servers.prepare(bench.kind_of(task), for_many=True) is None
        forked, alone = bench.run(task), bench.run(task, forked=False)
        assert (forked.isolation, alone.isolation) == ("fork", "process")
        assert (forked.outcome, forked.stage, forked.error) == (alone.outcome, alone.stage, alone.error)
        ways[name] = forked.outcome
    assert ways == {"passes": Outcome.PASSED, "asserts": Outcome.FAILED}


@on_linux
@pytest.mark.skipif(not hasattr(gc, "freeze"), reason="Python 3.7 brought gc.freeze")
def test_switched_off_tricks_are_not_used(bench, monkeypatch):
    assert os.sched_getscheduler(0) == os.SCHED_OTHER
    task = bench.task("asserts", source=FACTS)
    assert bench.run(task).evidence.stdout == "True True\n"
    bench.fork_servers.close()
    bench.restart()
    monkeypatch.setenv(VARIABLE, "off")
    assert bench.run(task).evidence.stdout == "False False\n"
