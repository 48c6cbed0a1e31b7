"""uv's resolution as a lock, and the packages that a replaced release moves."""

import datetime as dt

import pytest

from harness.errors import HarnessError
from harness.locking.pylock import parse_resolution
from harness.locking.resolution import differences
from harness.project.lock_file import parse_lock, write_lock
from tests.making import make_lock

ANSWER = (
    """
lock-version = "1.0"
created-by = "uv"

[[packages]]
name = "charset-normalizer"
version = "3.4.1"
wheels = [
    { url = "https://files.invalid/a/c-3.4.1-cp311.whl", size = 143862, hashes = { sha256 = "HASH-B" } },
    { url = "https://files.invalid/b/c-3.4.1-any.whl", size = 49767, hashes = { sha256 = "HASH-A" } },
]

[[packages]]
name = "Absl_Py"
version = "2.2.2"
sdist = { url = "https://files.invalid/c/absl-py-2.2.2.tar.gz", size = 7, hashes = { sha256 = "HASH-C" } }
""".replace("HASH-A", "a" * 64)
    .replace("HASH-B", "b" * 64)
    .replace("HASH-C", "c" * 64)
)


def test_resolution_becomes_a_lock_without_urls():
    lock = parse_resolution(ANSWER, make_lock().origin)

    assert [(pin.name, pin.version, pin.size) for pin in lock.pins] == [
        ("absl-py", "2.2.2", 7),
        ("charset-normalizer", "3.4.1", 143862),
    ]
    assert lock.pins[1].hashes == ("a" * 64, "b" * 64)
    text = write_lock(lock)
    assert "://" not in text
    assert parse_lock(text, name="env.txt", id="env") == lock


def test_package_without_hashes_cannot_be_locked():
    answer = '[[packages]]\nname = "a"\nversion = "1"\nwheels = [{ url = "x", size = 1, hashes = { md5 = "1" } }]\n'

    with pytest.raises(HarnessError, match="gives no sha256 hash"):
        parse_resolution(answer, make_lock().origin)


def test_empty_resolution_is_a_valid_lock():
    assert parse_resolution('lock-version = "1.0"\n', make_lock().origin).pins == ()


def test_differences_exclude_the_replaced_package():
    old = {"keras": "3.0", "optree": "0.14.1", "rich": "13", "gone": "1"}
    new = {"keras": "3.1", "optree": "0.15.0", "rich": "13", "ml-dtypes": "0.5"}

    assert differences(old, new, but="keras") == (
        "gone removed 1",
        "ml-dtypes added 0.5",
        "optree 0.14.1 -> 0.15.0",
    )


def test_date_is_not_part_of_the_fingerprint():
    from dataclasses import replace

    lock = parse_resolution(ANSWER, make_lock().origin)
    later = replace(lock, origin=replace(lock.origin, as_of=dt.datetime(2030, 1, 1, tzinfo=dt.timezone.utc)))

    assert lock.fingerprint == later.fingerprint
