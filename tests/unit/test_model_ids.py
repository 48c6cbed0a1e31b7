"""Ids: what is printed parses back, what does not parse is named."""

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from harness.errors import UsageError
from harness.model import Case, Cell
from harness.model.case import as_label, read_value, split_ids, write_value

names = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True)
labels = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.+-]{0,12}", fullmatch=True) | st.text(max_size=12).map(as_label)
scenarios = st.builds(str.__add__, labels, st.just("") | st.from_regex(r"~[0-9a-f]{4,12}", fullmatch=True))
values = st.one_of(
    st.text(max_size=12),
    st.text(alphabet='"\\,[]@=-> \n\t', max_size=8),
    st.integers(),
    st.floats(allow_nan=False),
    st.booleans(),
    st.sampled_from(["null", "true", "1", "1e5", "NaN", "Infinity", "", " ", "tuple", ".keras", "(None, 2)", "a@b"]),
)
parameters = st.lists(st.tuples(names, values), max_size=4, unique_by=lambda pair: pair[0]).map(tuple)
cases = st.builds(Case, scenario=scenarios, parameters=parameters)
inline = st.lists(
    st.sampled_from(
        ["python=3.11", "keras==3.4.1", "keras[a,b]>=3", "tf-keras>=2,<3", "as-of=2024-08-01", "X=1", "A=x@y", 'B="q"']
    ),
    min_size=1,
    max_size=4,
).map(" ".join)
environments = st.one_of(st.from_regex(r"[a-z][a-z0-9.-]{0,12}", fullmatch=True), inline)
cells = st.builds(Cell, case=cases, environment=environments, writer=st.none() | environments)


def alike(first, second):
    """Equal, and of the same types: to Python, 1 equals True and 1.0."""
    kinds = [[type(value) for _, value in each.parameters] for each in (first, second)]
    return first == second and kinds[0] == kinds[1]


@given(values)
@example("\\")
@example('"')
@example("\x7f\u2028")
@example(-0.0)
@example(10**40)
def test_value_reads_back_as_it_was_written(value):
    read = read_value(write_value(value))
    assert (read, type(read)) == (value, type(value))
    if isinstance(value, float):
        assert math.copysign(1, read) == math.copysign(1, value)


@given(cases)
def test_case_parses_back(case):
    assert alike(Case.parse(str(case)), case)


@given(cells)
def test_cell_parses_back(cell):
    parsed = Cell.parse(str(cell))
    assert parsed == cell
    assert alike(parsed.case, cell.case)


@given(st.lists(cells, max_size=4))
@example([Cell(case=Case(scenario="s", parameters=(("a", 'ends in "\\'),)), environment="e")] * 2)
def test_list_of_cells_splits_into_its_ids(several):
    assert split_ids(",".join(map(str, several))) == list(map(str, several))


@given(st.text(max_size=40))
def test_any_text_is_a_cell_or_a_usage_error(text):
    try:
        cell = Cell.parse(text)
    except UsageError as error:
        assert text[:10] in str(error) or repr(text)[1:8] in str(error)
    else:
        assert Cell.parse(str(cell)) == cell


@given(st.text(max_size=60))
def test_splitting_loses_nothing_but_commas_and_blanks(text):
    kept = "".join(split_ids(text))
    assert "".join(kept.split()).replace(",", "") == "".join(text.split()).replace(",", "")


@pytest.mark.parametrize(
    ("case", "written"),
    [
        pytest.param(Case(scenario="plain"), "plain", id="no parameters"),
        pytest.param(Case(scenario="s", parameters=(("shape", "list"), ("format", ".h5"))), "s[shape=list,format=.h5]",
                     id="bare strings"),
        pytest.param(Case(scenario="s", parameters=(("n", 3), ("on", True))), "s[n=3,on=true]", id="numbers"),
        pytest.param(Case(scenario="s", parameters=(("n", "3"),)), 's[n="3"]', id="string that looks like a number"),
        pytest.param(Case(scenario="s", parameters=(("a", "x,y"),)), 's[a="x,y"]', id="comma"),
        pytest.param(Case(scenario="s", parameters=(("a", "ü"),)), "s[a=ü]", id="not ASCII"),
    ],
)  # fmt: skip
def test_ids_are_written_as_people_type_them(case, written):
    assert str(case) == written


@pytest.mark.parametrize(
    ("text", "why"),
    [
        pytest.param("", "does not begin with the name of a scenario", id="empty"),
        pytest.param("@env", "does not begin with the name of a scenario", id="no scenario"),
        pytest.param("s", "scenario[name=value]@environment", id="no environment"),
        pytest.param("s@", "scenario[name=value]@environment", id="empty environment"),
        pytest.param("s[a=1@env", "Its '[' is not closed", id="open bracket"),
        pytest.param("s[a]@env", "`name=value` is missing at 'a]@env'", id="no value"),
        pytest.param("s[a=]@env", "A value is missing at ']@env'", id="empty value"),
        pytest.param("s[1=2]@env", "`name=value` is missing", id="bad name"),
        pytest.param('s[a="x]@env', "A quoted value is malformed", id="open quote"),
        pytest.param("s[a=1]x@env", "scenario[name=value]@environment", id="text after the bracket"),
        pytest.param("s[]@env", "`name=value` is missing at ']@env'", id="empty brackets"),
        pytest.param("s@ -> r", "An environment is missing", id="no writer"),
        pytest.param("s@w -> ", "An environment is missing", id="no reader"),
    ],
)
def test_what_is_wrong_with_an_id_is_said(text, why):
    with pytest.raises(UsageError) as caught:
        Cell.parse(text)
    assert why in str(caught.value)
    assert caught.value.exit_status == 2


@pytest.mark.parametrize(
    ("stem", "label"),
    [
        pytest.param("my report", "my_report", id="blank"),
        pytest.param("größe", "größe", id="umlaut"),
        pytest.param("gro\u0308ße", "größe", id="the same, decomposed"),
        pytest.param("報告", "報告", id="Japanese"),
        pytest.param("रिपोर्ट", "रिपोर्ट", id="Hindi, with marks"),
        pytest.param("отчёт_2", "отчёт_2", id="Cyrillic"),
        pytest.param("a~b@c[d]", "a_b_c_d_", id="signs of ids"),
        pytest.param("a\u202eb", "a_b", id="a character that turns the line around"),
        pytest.param("-x", "x", id="dash in front"),
        pytest.param("...", "script", id="nothing left"),
    ],
)
def test_label_of_a_file_name_is_as_readable_as_the_name(stem, label):
    assert as_label(stem) == label
    assert Cell.parse(f"{label}@env").case.scenario == label
    assert Case.parse(f"{label}~0123abcd[a=1]").label == label


def test_case_with_something_behind_it_is_refused():
    with pytest.raises(UsageError, match="'@env' stands after its end"):
        Case.parse("s[a=1]@env")


@pytest.mark.parametrize(
    ("text", "items"),
    [
        pytest.param("a,b", ["a", "b"], id="plain"),
        pytest.param(" a , ,b,", ["a", "b"], id="blanks and empty ones"),
        pytest.param("s[a=1,b=2],t", ["s[a=1,b=2]", "t"], id="brackets"),
        pytest.param('s[a="],"],t', ['s[a="],"]', "t"], id="quoted bracket and comma"),
        pytest.param(r's[a="\\"],t', [r's[a="\\"]', "t"], id="escaped backslash before the quote"),
        pytest.param(r's[a="\","],t', [r's[a="\","]', "t"], id="escaped quote"),
        pytest.param("python=3.11 keras>=3,<4", ["python=3.11 keras>=3,<4"], id="specifiers of a written-out one"),
        pytest.param("python=3.11 keras>=3,!=3.1,tf*", ["python=3.11 keras>=3,!=3.1", "tf*"], id="and another one"),
        pytest.param("tf*,!tf2.2", ["tf*", "!tf2.2"], id="taken away"),
        pytest.param("", [], id="nothing"),
    ],
)
def test_splitting_leaves_commas_inside_alone(text, items):
    assert split_ids(text) == items
