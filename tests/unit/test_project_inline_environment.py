"""Inline environments of the command line."""

import datetime as dt
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import HarnessError, UsageError
from harness.project.inline_environment import parse_inline_environment
from harness.project.matrix_file import read_matrix

MATRIX = read_matrix(Path(__file__).parents[2] / "matrix.toml")


def parse(text):
    return parse_inline_environment(text, MATRIX)


def test_documented_example_is_parsed():
    written = parse("python=3.11  tensorflow-cpu==2.16.2 keras==3.4.1 exclude-newer=2024-08-01 TF_USE_LEGACY_KERAS=1")
    assert (
        written.id == "python=3.11 tensorflow-cpu==2.16.2 keras==3.4.1 exclude-newer=2024-08-01 TF_USE_LEGACY_KERAS=1"
    )
    assert written.python == "3.11"
    assert written.as_of == dt.datetime(2024, 8, 1, tzinfo=dt.timezone.utc)
    assert written.requirements == ("tensorflow-cpu==2.16.2", "keras==3.4.1")
    assert written.variables == (("TF_USE_LEGACY_KERAS", "1"),)
    assert written.overrides == ("tensorflow ; sys_platform == 'never'",)
    assert written.origin(written.as_of).environment == written.id


@pytest.mark.parametrize(
    ("part", "date"),
    [
        ("exclude-newer=2024-08-01", dt.datetime(2024, 8, 1, tzinfo=dt.timezone.utc)),
        ("exclude-newer=2024-08-01T12:00:00Z", dt.datetime(2024, 8, 1, 12, tzinfo=dt.timezone.utc)),
        ("as-of=2024-08-01T12:00:00+02:00", dt.datetime(2024, 8, 1, 10, tzinfo=dt.timezone.utc)),
        ("", None),
    ],
    ids=["day", "moment", "zone with alias", "none"],
)
def test_date_is_parsed(part, date):
    assert parse(f"python=3.11 keras {part}").as_of == date


@pytest.mark.parametrize(
    ("part", "name", "value"),
    [
        pytest.param("KERAS_BACKEND=jax", "KERAS_BACKEND", "jax", id="word"),
        pytest.param("EMPTY=", "EMPTY", "", id="empty"),
        pytest.param("FLAGS=--a=b", "FLAGS", "--a=b", id="equals sign inside"),
    ],
)
def test_variable_is_parsed(part, name, value):
    assert parse(f"python=3.11 keras {part}").variables == ((name, value),)


@pytest.mark.parametrize("part", ["PyYAML==6.0", "PYYAML==6.0", "keras[extra]>=3,<4", "keras~=3.4"])
def test_requirement_is_parsed(part):
    assert len(parse(f"python=3.11 {part}").requirements) == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("keras==3", ["python=: missing", "python=3.11"], id="no python"),
        pytest.param("python=3.11", ["requirements: missing"], id="no requirement"),
        pytest.param("", ["python=: missing", "requirements: missing"], id="nothing"),
        pytest.param("python=py3 keras", ["python=py3: 'py3' is not a Python version"], id="no Python"),
        pytest.param("python=2.7 keras", ["'2.7' is not a Python version"], id="Python 2"),
        pytest.param("python=3.11 keras as-of=yesterday", ["as-of=yesterday: 'yesterday' is not a date"], id="no date"),
        pytest.param("python=3.11 keras=3", ["keras=3: is not a requirement"], id="one equals sign"),
        pytest.param("python=3.11 python=3.12 keras", ["python=3.12", "twice"], id="python twice"),
        pytest.param("python=3.11 keras as-of=2024-01-01 as-of=2025-01-01", ["as-of=2025-01-01", "twice"], id="date twice"),
        pytest.param("python=3.11 keras as-of=2024-01-01 exclude-newer=2025-01-01", ["exclude-newer=2025-01-01", "twice"], id="date and alias"),
        pytest.param("python=3.11 keras A=1 A=2", ["A=2", "twice"], id="variable twice"),
        pytest.param("python=x as-of=y ==", ["python=x: ", "as-of=y: ", "==: ", "requirements: missing"], id="all at once"),
    ],
)  # fmt: skip
def test_each_invalid_part_is_reported(text, said):
    with pytest.raises(UsageError) as caught:
        parse(text)
    for part in [*said, "a valid example: "]:
        assert part in str(caught.value)


parts = st.text(max_size=12) | st.sampled_from(
    ["python=3.11", "keras==3", "as-of=2024-01-01", "exclude-newer=2024-01-01", "A=1", "as-of=", "==", "a[b"]
)


@given(st.lists(parts, max_size=6).map(" ".join))
def test_any_text_is_an_environment_or_a_usage_error(text):
    try:
        written = parse(text)
    except HarnessError as error:
        assert "Invalid environment" in str(error)
    else:
        assert parse(written.id) == written
