"""Printed text that means the same reads the same, and other numbers stay other numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.model.observation import normalise_output

KERAS_2 = (
    "\r1/4 [======>.......................] - ETA: 0s - loss: 4.0000 - mae: 2.0000"
    "\b\b\b\b\b\b\b\b\b\b\r4/4 [==============================] - 0s 1ms/step - loss: 30.0000 - mae: 5.0000\n"
    "Evaluation results: [30.0, 5.0]\n"
)
KERAS_3 = (
    "\x1b[1m1/4\x1b[0m \x1b[32m━━━━━\x1b[0m\x1b[37m━━━━━━━━━━━━━━━\x1b[0m \x1b[1m0s\x1b[0m 45ms/step - loss: 4.0000 - mae: 2.0000"
    "\b\b\b\b\b\b\x1b[1m4/4\x1b[0m \x1b[32m━━━━━━━━━━━━━━━━━━━━\x1b[0m\x1b[37m\x1b[0m \x1b[1m0s\x1b[0m 4ms/step - loss: {} - mae: {}\n"
    "Evaluation results: [30.0, 5.0]\n"
)


def test_the_bars_of_two_majors_read_the_same():
    assert normalise_output(KERAS_2) == normalise_output(KERAS_3.format("30.0000", "5.0000"))
    assert normalise_output(KERAS_2) == "4/4 - loss: 30 - mae: 5\nEvaluation results: [30, 5]"


def test_bar_without_numbers_is_no_difference():
    """Before TensorFlow 2.9, predict() drew none."""
    keras_2 = (
        "1/1 [==============================] - ETA: 0s\b\b\b\r1/1 [==============================] - 0s 50ms/step\n"
    )
    keras_3 = "\x1b[1m1/1\x1b[0m \x1b[32m━━━━━━━━━━━━━━━━━━━━\x1b[0m\x1b[37m\x1b[0m \x1b[1m0s\x1b[0m 36ms/step\n"
    shown = {normalise_output(f"{bar}(3, 1)\n") for bar in (keras_2, keras_3, "")}
    assert shown == {"(3, 1)"}
    assert normalise_output("1/1\n(3, 1)\n") == "1/1\n(3, 1)"


def test_a_wrong_number_stays_a_difference():
    wrong = normalise_output(KERAS_3.format("18.5333", "3.8000"))
    assert wrong == "4/4 - loss: 18.533 - mae: 3.8\nEvaluation results: [30, 5]"


def test_states_on_lines_of_their_own_count_once():
    assert normalise_output("1/3 loss: 1.0\n2/3 loss: 2.0\n3/3 loss: 3.0\n") == "3/3 loss: 3"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("took 12ms/step", "took 7s", id="times"),
        pytest.param("<obj at 0x7f00aa>", "<obj at 0x7f11bb>", id="addresses"),
        pytest.param("saved /tmp/tmpab12cd3_/m.h5", "saved /tmp/tmpzz99yy8_/m.h5", id="paths"),
        pytest.param("x = 0.30000001", "x = 0.3", id="float noise"),
        pytest.param("a  b\r\n", "a b\n", id="white space"),
    ],
)
def test_what_differs_between_runs_is_gone(one, other):
    assert normalise_output(one) == normalise_output(other)


def test_versions_of_the_environment_are_no_difference():
    assert normalise_output("keras 2.15.0 on 3", ["2.15.0"]) == normalise_output("keras 3.5.0 on 3", ["3.5.0"])
    assert normalise_output("got 2.15.01", ["2.15.0"]) == "got 2.15.01"


def test_version_that_reads_like_a_number_is_not_replaced():
    """Packages such as packaging 24.1 would hide a printed 24.1, in the environments that have that version."""
    assert normalise_output("loss: 24.1", ["24.1", "3"]) == "loss: 24.1"
    assert normalise_output("x 3 of 4", ["3"]) == "x 3 of 4"


def test_end_of_a_long_text_counts_and_states_that_are_overwritten_do_not():
    """A bar of thousands of steps is long, and its last state is short."""
    bar = "".join(f"\r{step}/9000 loss: {step}.5 {'.' * 40}" for step in range(1, 9001))
    assert normalise_output(f"{bar}\nend") == normalise_output(f"9000/9000 loss: 9000.5 {'.' * 40}\nend")
    many = "".join(f"line {number} of a long text\n" for number in range(5000))
    assert normalise_output(many).endswith("line 4999 of a long text")


def test_number_of_bytes_that_were_not_kept_is_no_difference():
    assert normalise_output("a\n[... 10 bytes left out ...]\nb") == normalise_output(
        "a\n[... 99 bytes left out ...]\nb"
    )


@given(st.text(max_size=300))
def test_any_text_becomes_lines_without_spare_white_space(text):
    once = normalise_output(text)
    assert all(line and line == line.strip() and "  " not in line for line in once.split("\n") if once)
