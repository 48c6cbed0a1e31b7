"""Splitting a plan into shards: nothing is lost, nothing is twice, environments stay whole, shards are balanced."""

import argparse
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from harness.commands.shard_options import place, shard_count
from harness.execute.task import make_task
from harness.model import Case, Cell
from harness.shards.split import ENVIRONMENT_S, portions, seconds_of, split
from tests.making import make_environment, outcome_task

SCRIPT = outcome_task("passes").script
ENVIRONMENTS = {id: make_environment(id) for id in ("a", "b", "c", "d", "e")}


def task(number, environment, seconds=1.0, *, writer=None):
    """Make a task: with `writer`, a reader of what the task of that environment writes."""
    case = Case(scenario="s", parameters=(("n", number),))
    reads = task(number, writer).key if writer else None
    made = make_task(
        Cell(case=case, environment=environment, writer=writer),
        SCRIPT,
        ENVIRONMENTS[environment],
        interpreter="cpython-3.11.0",
        caller_variables={},
        reads=reads,
        identity=f"{number}",
    )
    return replace(made, key=f"{number}-{environment}-{writer}", expected_s=seconds)


tasks = st.lists(
    st.builds(
        task,
        st.integers(0, 30),
        st.sampled_from(sorted(ENVIRONMENTS)),
        st.floats(0, 1000),
        writer=st.none() | st.sampled_from(sorted(ENVIRONMENTS)),
    ),
    max_size=60,
)


@given(tasks, st.integers(1, 20))
def test_each_task_is_in_one_shard(given_tasks, shards):
    made = split(given_tasks, shards)
    assert len(made.shards) == shards
    assert Counter(each.key for shard in made.shards for each in shard) == Counter(each.key for each in given_tasks)
    assert all(made.shards[: made.filled])
    assert not any(made.shards[made.filled :])


@given(tasks, st.integers(1, 20), st.randoms(use_true_random=False))
def test_equal_tasks_are_split_equally_in_whatever_order(given_tasks, shards, random):
    distinct = list({each.key: each for each in given_tasks}.values())
    shuffled = random.sample(distinct, len(distinct))
    one, two = split(distinct, shards), split(shuffled, shards)
    assert one.id == two.id
    assert one.content == two.content


@given(tasks, st.integers(1, 20))
def test_readers_are_with_their_writer(given_tasks, shards):
    where = {each.key: number for number, shard in enumerate(split(given_tasks, shards).shards) for each in shard}
    together = {}
    for each in given_tasks:
        together.setdefault(each.reads or each.key, set()).add(where[each.key])
    assert all(len(numbers) == 1 for numbers in together.values())


def best_possible(durations, shards):
    """Return how long the longest shard is in the best of all divisions: exact, for few tasks."""
    loads = {(0.0,) * shards}
    for seconds in sorted(durations, reverse=True):
        loads = {
            tuple(sorted((*load[:place], load[place] + seconds, *load[place + 1 :])))
            for load in loads
            for place in range(shards)
        }
    return min(max(load) for load in loads)


@example([28.0, 30.0, 30.0, 30.0, 30.0, 36.0], 5)
@given(st.lists(st.floats(1, 100), min_size=1, max_size=7), st.integers(1, 5))
def test_no_shard_is_much_longer_than_the_best_possible(durations, shards):
    made = split([task(number, "a", seconds) for number, seconds in enumerate(durations)], shards)
    longest = max(sum(map(seconds_of, shard)) for shard in made.shards)
    # What longest-first scheduling guarantees, and the cost of an environment in each shard.
    assert longest <= 4 / 3 * best_possible(durations, shards) * 1.1 + ENVIRONMENT_S


def test_environments_stay_whole_if_there_are_enough():
    made = split([task(number, id) for id in "abcd" for number in range(10)], 2)
    assert sorted(sorted({each.environment.id for each in shard}) for shard in made.shards) in ([["a", "b"], ["c", "d"]], [["a", "c"], ["b", "d"]], [["a", "d"], ["b", "c"]])  # fmt: skip


def test_an_environment_that_takes_longer_than_all_others_is_divided():
    long = [task(number, "a", 100.0) for number in range(8)]
    made = split([*long, *(task(0, id, 10.0) for id in "bcde")], 4)
    holding = [{each.environment.id for each in shard} for shard in made.shards]
    assert sum("a" in ids for ids in holding) == 4


def test_other_durations_give_another_split_with_another_id():
    even = [task(number, "a") for number in range(4)]
    uneven = [replace(each, expected_s=100.0 if not number else 1.0) for number, each in enumerate(even)]
    assert split(even, 2).id != split(uneven, 2).id


@given(tasks, st.integers(1, 10))
def test_portions_have_one_environment_and_all_tasks(given_tasks, most):
    distinct = list({each.key: each for each in given_tasks}.values())
    made = portions(distinct, most)
    assert Counter(each.key for portion in made for each in portion) == Counter(each.key for each in distinct)
    for portion in made:
        assert len({each.cell.writer or each.environment.id for each in portion}) == 1
        assert len(portion) <= most or len({each.reads or each.key for each in portion}) == 1


def test_nothing_to_split_is_shards_without_tasks():
    assert split([], 3).shards == ((), (), ())
    assert portions([], 5) == []


def test_place_reads_what_it_prints():
    assert str(place("3/8")) == "3/8"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("3", "is not a shard. Write I/N"),
        ("a/b", "is not a shard. Write I/N"),
        ("-1/8", "is not a shard. Write I/N"),
        ("3/8/9", "is not a shard. Write I/N"),
        ("0/8", "there is no shard 0; the first is 1/8"),
        ("9/8", "there is no shard 9; the first is 1/8"),
        ("1/0", "is not a number of shards from 1 to 256"),
        ("1/257", "is not a number of shards from 1 to 256"),
    ],
)
def test_wrong_place_says_what_to_write(text, message):
    with pytest.raises(argparse.ArgumentTypeError, match=message):
        place(text)


@pytest.mark.parametrize("text", ["0", "257", "x", "-1", "1.5", ""])
def test_wrong_number_of_shards_says_what_to_write(text):
    with pytest.raises(argparse.ArgumentTypeError, match="from 1 to 256"):
        shard_count(text)


def test_portions_are_short():
    """A portion of the longest cells would run when all others have ended."""
    made = portions([task(number, "a", 100.0) for number in range(10)] + [task(10, "b", 900.0)], 20, most_s=300.0)
    assert sorted(len(each) for each in made) == [1, 1, 3, 3, 3]
    assert all(sum(map(seconds_of, each)) <= 300.0 or len(each) == 1 for each in made)
