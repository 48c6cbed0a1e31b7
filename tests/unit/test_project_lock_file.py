"""Lock files: round trips, and errors with the next step."""

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.utils import canonicalize_name

from harness.errors import HarnessError, UsageError
from harness.model import Build, Lock, LockOrigin, Pin
from harness.project.lock_file import parse_lock, read_lock, write_lock
from tests.making import make_lock

DIGEST = "ab" * 32
GOOD = f"""\
# What is installed in demo1, as of 2024-01-29.
#
# /// lock
# environment = "demo1"
# family = "demo"
# package = "demo"
# version = "1.0"
# python = "3.11"
# platform = "x86_64-manylinux_2_28"
# as-of = 2024-01-29T00:00:00Z
# requirements = ["demo==1.0"]
# ///
# 1234 bytes
demo==1.0 \\
    --hash=sha256:{DIGEST} \\
    --hash=sha256:{"cd" * 32}

other==2  --hash=sha256:{DIGEST}
"""

lines = st.text(max_size=20)
names = st.from_regex(r"[a-zA-Z]([a-zA-Z0-9._-]{0,6}[a-zA-Z0-9])?", fullmatch=True)
digests = st.text(alphabet="0123456789abcdef", min_size=64, max_size=64)
versions = st.from_regex(r"[0-9]{1,2}(\.[0-9]{1,2}){0,3}(rc[0-9]|\.post[0-9])?(\+cpu)?", fullmatch=True)
pins = st.builds(
    Pin,
    name=names.map(canonicalize_name),
    version=versions,
    hashes=st.lists(digests, min_size=1, max_size=3).map(tuple),
    size=st.integers(0, 10**12),
)
origins = st.builds(
    LockOrigin,
    # No id has a character that ends a line: it stands in a comment of the lock.
    environment=st.text(alphabet=st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=20),
    family=lines,
    package=st.none() | lines,
    version=st.none() | versions,
    python=st.from_regex(r"3\.[0-9]{1,2}", fullmatch=True),
    platform=lines,
    as_of=st.datetimes(min_value=dt.datetime(1900, 1, 2), max_value=dt.datetime(2999, 1, 1)).map(
        lambda moment: moment.replace(microsecond=0, tzinfo=dt.timezone.utc)
    ),
    **{name: st.lists(lines, max_size=3).map(tuple) for name in ("requirements", "constraints", "overrides", "moved", "sources")},
    base=st.none() | lines,
)  # fmt: skip
builds = st.builds(
    Build,
    name=names.map(canonicalize_name),
    why=lines,
    tools=st.lists(pins.map(lambda pin: replace(pin, size=0)), max_size=2).map(tuple),
)
locks = st.builds(
    Lock,
    origin=origins,
    pins=st.lists(pins, max_size=4, unique_by=lambda pin: pin.name).map(tuple),
    builds=st.lists(builds, max_size=2, unique_by=lambda build: build.name).map(
        lambda found: tuple(sorted(found, key=lambda build: build.name))
    ),
)


@given(locks)
def test_lock_round_trips(lock):
    assert parse_lock(write_lock(lock), name="lock.txt", id="env") == lock


@given(locks)
def test_writing_again_changes_nothing(lock):
    text = write_lock(lock)
    assert write_lock(parse_lock(text, name="lock.txt", id="env")) == text


def test_values_are_what_was_written():
    lock = parse_lock(GOOD, name="demo1.txt", id="demo1")
    assert lock.origin.as_of == dt.datetime(2024, 1, 29, tzinfo=dt.timezone.utc)
    assert lock.pins == (
        Pin(name="demo", version="1.0", hashes=(DIGEST, "cd" * 32), size=1234),
        Pin(name="other", version="2", hashes=(DIGEST,), size=0),
    )


def test_cached_lock_of_an_earlier_version_has_the_family_of_inline_environments():
    lock = parse_lock(GOOD.replace('family = "demo"', 'family = "written out"'), name="demo1.txt", id="demo1")
    assert lock.origin.family == "inline"


def test_windows_line_ends_and_byte_order_mark_are_accepted(tmp_path):
    path = tmp_path / "demo1.txt"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    assert read_lock(path) == parse_lock(GOOD, name="demo1.txt", id="demo1")


def changed(old, new):
    assert old in GOOD
    return GOOD.replace(old, new, 1)


def built(lines):
    """Add to the block what a package is built with."""
    first, second = GOOD.split("\n# ///\n")
    return f"{first}\n# [builds.other]\n# {lines}\n# ///\n{second}"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("", "no '# /// lock' block", id="empty"),
        pytest.param(f"demo==1 --hash=sha256:{DIGEST}", "no '# /// lock' block", id="no block"),
        pytest.param(changed("# ///\n", "\n"), "has no end", id="block without end"),
        pytest.param(GOOD + GOOD, "there are 2 blocks", id="block twice"),
        pytest.param(changed('"demo1"', '"demo1'), "line 1", id="no TOML"),
        pytest.param(changed('# family = "demo"\n', ""), "no 'family'", id="key missing"),
        pytest.param(changed('family = "demo"', "family = 3"), "family is not a string", id="number for a string"),
        pytest.param(changed('requirements = ["demo==1.0"]', 'requirements = "demo"'), "requirements is not a list", id="no list"),
        pytest.param(changed('"1.0"', '"one"'), "Invalid version: 'one'", id="no version"),
        pytest.param(changed('"3.11"', '"eleven"'), "'eleven' is not a Python", id="no Python"),
        pytest.param(changed("2024-01-29T00:00:00Z", '"soon"'), "as-of is not a date", id="no date"),
        pytest.param(changed("2024-01-29T00:00:00Z", "2024-01-29"), "as-of is not a date with a time", id="no time"),
        pytest.param(changed("2024-01-29T00:00:00Z", "2024-01-29T00:00:00"), "and a time zone", id="no time zone"),
        pytest.param(built("why = 3"), "builds.other has no reason `why`", id="no reason"),
        pytest.param(built("tools = []"), "builds.other has no reason `why`", id="no reason at all"),
        pytest.param(built('why = "so"\n# tools = "hammer"'), "builds.other has no valid list of `tools`", id="tools are no list"),
        pytest.param(built('why = "so"\n# tools = ["hammer==1"]'), "'hammer==1' is not pinned to one version with hashes", id="tool without hash"),
        pytest.param(changed("demo==1.0 \\", "demo>=1.0 \\"), "'demo>=1.0' is not pinned", id="range"),
        pytest.param(changed("demo==1.0 \\", "demo==1.* \\"), "'demo==1.*' is not pinned", id="pattern"),
        pytest.param(changed("demo==1.0 \\", "demo \\"), "'demo' is not pinned", id="no version of a pin"),
        pytest.param(changed("demo==1.0 \\", "-e . \\"), "'-e .' is not a requirement", id="no requirement"),
        pytest.param(changed(f"other==2  --hash=sha256:{DIGEST}", "other==2"), "'other==2' is not pinned", id="no hash"),
        pytest.param(changed(f"other==2  --hash=sha256:{DIGEST}", "other==2 --hash=sha256:ab"), "'other==2' is not pinned", id="short hash"),
    ],
)  # fmt: skip
def test_invalid_lock_is_reported_with_next_step(text, said):
    with pytest.raises(UsageError) as caught:
        parse_lock(text, name="locks/demo/demo1.txt", id="demo1")
    message = str(caught.value)
    assert message.startswith("locks/demo/demo1.txt: ")
    assert said in message
    assert "harness lock demo1" in message


def test_file_that_is_not_utf8_is_reported(tmp_path):
    path = tmp_path / "demo1.txt"
    path.write_bytes(b"\xff")
    with pytest.raises(UsageError, match="UTF-8"):
        read_lock(path)


@given(st.lists(st.text(max_size=10) | st.sampled_from(GOOD.splitlines(keepends=True)), max_size=16).map("".join))
def test_any_text_is_a_lock_or_a_usage_error(text):
    try:
        lock = parse_lock(text, name="lock.txt", id="env")
    except HarnessError as error:
        assert "lock.txt: " in str(error)
    else:
        assert parse_lock(write_lock(lock), name="lock.txt", id="env") == lock


@pytest.mark.parametrize("version", ["1.0", "1.0rc1", "2!1.0", "1.0+local", "1.0.post1"])
def test_pins_of_every_form_round_trip(version):
    lock = make_lock(demo=version)
    assert parse_lock(write_lock(lock), name="lock", id="env") == lock
