"""Locks in the cache: resolved once for all threads, and again if their file is damaged."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.errors import HarnessError
from harness.locking.lock_cache import LockCache
from tests.making import make_environment

LOCK = make_environment("demo1.0").lock


@pytest.fixture
def cache(tmp_path):
    return LockCache(tmp_path / "locks")


def never():
    raise AssertionError("it was resolved again")


def test_lock_is_resolved_once_and_named_as_it_is_asked_for(cache, tmp_path):
    first = cache.find_or_resolve(["a", ("b",)], "one", lambda: LOCK)
    assert first.origin.environment == "one"
    again = LockCache(tmp_path / "locks").find_or_resolve(["a", ["b"]], "another", never)
    assert again.origin.environment == "another"
    assert again.pins == first.pins


def test_other_content_and_other_kinds_are_other_locks(cache, tmp_path):
    for content, kind in ((["a"], ""), (["b"], ""), (["a"], "swapped-")):
        cache.find_or_resolve(content, "one", lambda: LOCK, kind=kind)
    assert len(list((tmp_path / "locks").iterdir())) == 3


def test_damaged_file_is_resolved_again(cache, tmp_path):
    cache.find_or_resolve(["a"], "one", lambda: LOCK)
    (file,) = (tmp_path / "locks").iterdir()
    file.write_text("no lock")
    assert cache.find_or_resolve(["a"], "one", lambda: LOCK).pins == LOCK.pins
    assert cache.find_or_resolve(["a"], "one", never).pins == LOCK.pins


def test_failure_is_not_kept(cache):
    def fail():
        raise HarnessError("the index does not answer")

    with pytest.raises(HarnessError, match="does not answer"):
        cache.find_or_resolve(["a"], "one", fail)
    assert cache.find_or_resolve(["a"], "one", lambda: LOCK).pins == LOCK.pins


def test_threads_that_ask_for_the_same_resolve_it_once(cache):
    asked, together = [], threading.Barrier(4)

    def resolve():
        asked.append(1)
        return LOCK

    def ask(number):
        together.wait(20)
        return cache.find_or_resolve(["a"], f"env{number}", resolve)

    with ThreadPoolExecutor(4) as threads:
        locks = list(threads.map(ask, range(4)))
    assert asked == [1]
    assert [each.origin.environment for each in locks] == ["env0", "env1", "env2", "env3"]


def test_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(HarnessError, match="cannot be written"):
        LockCache(tmp_path / "file").find_or_resolve(["a"], "one", lambda: LOCK)
