"""Searches side by side: one runs at a time, and one that waits lets others run."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.pinpoint.cooperative_lock import CooperativeLock

_LIMIT_S = 20


@pytest.fixture
def lock():
    return CooperativeLock()


def test_a_search_that_waits_lets_another_one_run(lock):
    reached = threading.Event()

    def waits():
        with lock.released():
            return reached.wait(_LIMIT_S)

    def ends():
        reached.set()
        return "ended"

    with ThreadPoolExecutor(2) as threads:
        both = [threads.submit(lock.call, each) for each in (waits, ends)]
        assert [each.result() for each in both] == [True, "ended"]


def test_only_one_search_runs_at_a_time(lock):
    running, most = set(), []

    def search(number):
        for _ in range(50):
            running.add(number)
            most.append(len(running))
            running.discard(number)
            with lock.released():
                pass

    with ThreadPoolExecutor(4) as threads:
        for each in [threads.submit(lock.call, lambda number=number: search(number)) for number in range(4)]:
            each.result()
    assert most == [1] * 200


def test_a_search_that_fails_releases_the_lock(lock):
    def fails():
        raise ValueError("not found")

    with pytest.raises(ValueError, match="not found"):
        lock.call(fails)
    assert lock.call(lambda: "next") == "next"


def test_a_thread_without_the_lock_does_not_wait_for_it(lock):
    done = threading.Event()

    def elsewhere():
        with lock.released():
            done.set()

    def search():
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join(_LIMIT_S)
        return done.is_set()

    assert lock.call(search)
