"""The simulation of large plans: each shard runs once, environments are created where they are needed."""

import pytest

from benchmark import scale
from benchmark.figures import Figure
from benchmark.simulation import CREATE_S, START_S, simulate

SIZES = {"a": 0.0, "b": 0.0}


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_every_shard_runs_once(workers):
    durations = {"a": [2.0] * 50, "b": [1.0] * 30}
    done = simulate(durations, workers, coordinator_s=0.0, sizes=SIZES)
    assert done.shards == 5, "of 20 cells at most"
    assert done.calls == done.shards + sum(map(len, done.created.values()))
    assert done.seconds >= (130.0 + 5 * START_S) / workers


def test_one_worker_does_one_thing_after_the_other():
    done = simulate({"a": [2.0] * 40}, 1, coordinator_s=0.5, sizes=SIZES)
    assert done.seconds == pytest.approx(CREATE_S + 80.0 + 2 * START_S + 40 * 0.5)


def test_more_workers_than_work_do_not_take_longer():
    durations = {"a": [5.0] * 200, "b": [5.0] * 200}
    taken = [simulate(durations, workers, coordinator_s=0.0, sizes=SIZES).seconds for workers in (1, 4, 16, 100)]
    assert taken == sorted(taken, reverse=True)


def test_printed_command_has_the_number_of_cells(monkeypatch, capsys):
    seen = {
        "cells": 7,
        "processor_ms": 2.0,
        "wall_ms": 3.0,
        "first_mib": 1,
        "half_mib": 1,
        "last_mib": 1,
        "peak_mib": 1,
    }
    monkeypatch.setattr(scale, "_known", dict)
    monkeypatch.setattr(scale, "_workers", lambda: iter([Figure(what="workers", measured="1 s")]))
    monkeypatch.setattr(scale, "_coordinator", lambda count: scale.figures_of(seen))
    typed = ["scale", "--only", "workers", "--only", "coordinator", "--cells", "7", "--no-document"]
    monkeypatch.setattr("sys.argv", typed)
    scale.main()
    printed = capsys.readouterr().out
    assert "`nox -s scale -- --only coordinator --cells 7`" in printed
    assert "| workers | 1 s |" in printed, "the parts that were measured are all printed"


def test_million_needs_the_cost_of_a_cell(monkeypatch, capsys):
    monkeypatch.setattr(scale, "_known", dict)
    monkeypatch.setattr("sys.argv", ["scale", "--only", "million"])
    with pytest.raises(SystemExit):
        scale.main()
    assert "the coordinator was not measured" in capsys.readouterr().err
