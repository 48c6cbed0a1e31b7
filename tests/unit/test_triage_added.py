"""Packages that are added for a report: what it installs, and the backend that its script asks for."""

from pathlib import Path

import pytest

from harness.project.matrix_file import read_matrix
from harness.reports import read_report
from harness.triage.added import needed_packages, set_variables

MATRIX = read_matrix(Path(__file__).parents[2] / "matrix.toml")
SCRIPT = """```python
import os
os.environ["KERAS_BACKEND"] = "{}"
import keras
print(keras.backend.backend())
```
"""


@pytest.mark.parametrize(
    ("text", "needed"),
    [
        pytest.param(SCRIPT.format("jax"), ("jax",), id="jax"),
        pytest.param(SCRIPT.format("torch"), ("torch",), id="torch"),
        pytest.param(SCRIPT.format("tensorflow"), (), id="what every environment has"),
        pytest.param(SCRIPT.format("jax") + "Fails with jax 0.4.14.\n", ("jax",), id="a version is a claim"),
        pytest.param("!pip install pandas tensorflow==2.15\n" + SCRIPT.format("none"), ("pandas",), id="installed"),
        pytest.param(
            "**Backend:** jax\n```python\nimport keras\nprint(keras.ops.ones(1))\n```\n", ("jax",), id="a field"
        ),
        pytest.param("**Backend:** jax\n```python\nimport numpy\nprint(numpy.ones(1))\n```\n", (), id="no Keras"),
        pytest.param("**Backend:** torch\n" + SCRIPT.format("jax"), ("jax",), id="the script counts"),
    ],
)
def test_packages_that_a_report_needs(text, needed):
    assert needed_packages(read_report(text), MATRIX) == needed


def test_backend_of_a_field_is_set_and_the_decision_is_listed():
    report = read_report("### Keras backend\n\njax\n\n```python\nimport keras\nprint(keras.ops.ones(1))\n```\n")
    assert "os.environ['KERAS_BACKEND'] = 'jax'" in report.scripts[0].text
    assert "KERAS_BACKEND=jax, because the report says so and the code does not set it" in report.decisions
    assert ("KERAS_BACKEND", "jax") in report.variables


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('import os\nos.environ["A"] = "1"', [("A", "1")]),
        ('from os import environ\nenviron["A"] = "1"', [("A", "1")]),
        ('import os\nos.environ.setdefault("A", "1")', [("A", "1")]),
        ('import os\nos.putenv("A", "1")', [("A", "1")]),
        ('import os\nif True:\n    os.environ["A"] = "1"', [("A", "1")]),
        ('import os\nos.environ["A"] = input()', []),
        ('options = {}\noptions["A"] = "1"', []),
        ("this is no Python", []),
    ],
)
def test_variables_that_a_script_sets(text, found):
    assert list(set_variables(text)) == found
