"""Searches side by side: one runs at a time, and one that waits lets others run."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.pinpoint.turns import Turns

_LIMIT_S = 20


@pytest.fixture
def turns():
    return Turns()


def test_a_search_that_waits_lets_another_one_run(turns):
    reached = threading.Event()

    def waits():
        with turns.pause():
            return reached.wait(_LIMIT_S)

    def ends():
        reached.set()
        return "ended"

    with ThreadPoolExecutor(2) as threads:
        both = [threads.submit(turns.take, each) for each in (waits, ends)]
        assert [each.result() for each in both] == [True, "ended"]


def test_only_one_search_runs_at_a_time(turns):
    running, most = set(), []

    def search(number):
        for _ in range(50):
            running.add(number)
            most.append(len(running))
            running.discard(number)
            with turns.pause():
                pass

    with ThreadPoolExecutor(4) as threads:
        for each in [threads.submit(turns.take, lambda number=number: search(number)) for number in range(4)]:
            each.result()
    assert most == [1] * 200


def test_a_search_that_fails_gives_its_turn_away(turns):
    def fails():
        raise ValueError("not found")

    with pytest.raises(ValueError, match="not found"):
        turns.take(fails)
    assert turns.take(lambda: "next") == "next"


def test_a_thread_without_a_turn_does_not_wait_for_one(turns):
    done = threading.Event()

    def elsewhere():
        with turns.pause():
            done.set()

    def search():
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join(_LIMIT_S)
        return done.is_set()

    assert turns.take(search)
