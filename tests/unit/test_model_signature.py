"""Signatures: what differs between repeats and versions of one failure is taken out, what tells failures apart is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.model import normalise, reduced, signature

SAME = [
    ("address", "TypeError: <Dense object at 0x7f3a10>", "TypeError: <Dense object at 0xDEADbeef01>"),
    ("address in decimal", "E: 'shared_object_id': 139665117899216}", "E: 'shared_object_id': 139665126096272}"),
    ("counter in a name", "ValueError: layer sequential_6 is built", "ValueError: layer sequential is built"),
    ("counters of two names", "E: dense_1 after conv2d_12", "E: dense_33 after conv2d"),
    ("name with its own digits", "E: no such layer conv2d_1", "E: no such layer conv2d_2"),
    ("path", "OSError: /tmp/abc/model.h5 is missing", "OSError: /home/me/work/model.h5 is missing"),
    ("windows path", r"OSError: C:\Users\me\model.h5 is missing", r"OSError: D:\work\x\model.h5 is missing"),
    ("path in quotes", "E: open '/a/b/c.keras'", "E: open '/d/e/f/g.keras'"),
    ("temporary name", "E: tmpab12cd_x is gone", "E: tmpzz99yy88 is gone"),
    ("uuid", "E: id 123e4567-e89b-12d3-a456-426614174000", "E: id 00000000-0000-0000-0000-00000000abcd"),
    ("line number", "SyntaxError: bad (a.py, line 3)", "SyntaxError: bad (a.py, line 14)"),
    ("float", "AssertionError: 0.12345 is not 0.2", "AssertionError: 0.5 is not 1.75"),
    ("negative and exponent", "AssertionError: off by -1.5e-07", "AssertionError: off by 3e-05"),
    ("floats in a list", "E: [0.1, -2.5]", "E: [7.25, 1.0]"),
    ("colours", "\x1b[1;31mE\x1b[0m: red", "E: red"),
    ("terminal title", "E: \x1b]0;title\x07red", "E: red"),
    ("terminal title, ended the other way", "E: \x1b]0;title\x1b\\red", "E: red"),
    ("hyperlink", "E: \x1b]8;;x\x1b\\red\x1b]8;;\x1b\\ wine", "E: red wine"),
    ("blanks", "E: one   two\t three", "E: one two three"),
    ("third line", "E: one\ntwo\nthree 17", "E: one\ntwo\nthree 18"),
    (
        "values after two lines",
        "E: not equal\ntolerance\nMismatched elements: 3 / 4 (75%)\n x: array([[ 0.1, -2.5],\n [1, nan]])",
        "E: not equal\ntolerance\nMismatched elements: 4 / 4 (100%)\n x: array([[1.25, 3.  ],\n       [7, 0.5]])",
    ),
    ("characters left out", "E: one\n[... 120 characters left out ...]", "E: one\n[... 99 characters left out ...]"),
    ("blank lines", "E: one\n\n  two", "E: one\ntwo"),
]

DIFFERENT = [
    ("shape", "ValueError: shape (None, 224, 224, 3)", "ValueError: shape (None, 225, 225, 3)"),
    ("number of axes", "ValueError: shape (None, 4)", "ValueError: shape (None, 4, 1)"),
    ("exception type", "ValueError: no", "TypeError: no"),
    ("version", "ImportError: needs numpy 1.26.4", "ImportError: needs numpy 1.24.3"),
    ("integer", "ValueError: expected 2 inputs", "ValueError: expected 3 inputs"),
    ("layer", "ValueError: unknown layer dense_1", "ValueError: unknown layer lambda_1"),
    ("digits in a name", "ValueError: conv1d", "ValueError: conv2d"),
    ("name of a block", "E: block_1_conv", "E: block_2_conv"),
    ("argument", "TypeError: unexpected keyword 'batch_shape'", "TypeError: unexpected keyword 'shape'"),
    ("file format", "ValueError: .keras", "ValueError: .h5"),
    ("second line", "E: one\ntwo", "E: one\nthree"),
    ("third line", "E: one\ntwo\nexpected axis", "E: one\ntwo\nexpected dtype"),
    ("end of a long line", f"E: {'long ' * 100}one", f"E: {'long ' * 100}two"),
    ("signal", "SIGSEGV: killed by a signal", "SIGABRT: killed by a signal"),
    ("limit", "Timeout: over 120 s", "Timeout: over 60 s"),
]


def rows(table):
    return [pytest.param(first, second, id=name) for name, first, second in table]


@pytest.mark.parametrize(("first", "second"), rows(SAME))
def test_the_same_failure_has_one_signature(first, second):
    assert normalise(first) == normalise(second)
    assert signature(stage="load", error=first) == signature(stage="load", error=second)


@pytest.mark.parametrize(("first", "second"), rows(DIFFERENT))
def test_different_failures_have_different_signatures(first, second):
    assert signature(stage="load", error=first) != signature(stage="load", error=second)


def test_stage_tells_failures_apart():
    assert len({signature(stage=stage, error="E: x") for stage in ("load", "save", None)}) == 3


@given(st.text(max_size=400))
def test_normal_form_is_one_line(error):
    assert "\n" not in normalise(error)
    assert "\n" not in reduced(error, short=False)
    assert len(reduced(error)) <= 240


def test_people_see_real_line_numbers():
    error = "SyntaxError: invalid syntax (report.py, line 14)\nof\nthe script, at 0x7f00"
    assert reduced(error) == "SyntaxError: invalid syntax (report.py, line 14) of"
    assert reduced(error, short=False) == "SyntaxError: invalid syntax (report.py, line 14) of the script, at <address>"


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=80), st.none() | st.text(max_size=8))
def test_signature_is_ten_hex_digits_and_stable(error, stage):
    found = signature(stage=stage, error=error)
    assert found == signature(stage=stage, error=error)
    assert len(found) == 10
    assert set(found) <= set("0123456789abcdef")
