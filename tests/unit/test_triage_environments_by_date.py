"""The environment of a reporter who names no version."""

from pathlib import Path

import pytest

from harness.project.matrix_file import read_matrix
from harness.triage.environments_by_date import imported_family

FAMILIES = [
    next(each for each in read_matrix(Path(__file__).parents[2] / "matrix.toml").families if each.name == name)
    for name in ("tf", "keras")
]


@pytest.mark.parametrize(
    ("code", "family"),
    [
        ("import tensorflow as tf\nimport keras\n", "tf"),
        ("import numpy\nfrom keras import layers\n", "keras"),
        ("def late():\n    import keras.layers\n", "keras"),
        ("import keras_tuner\nfrom tensorflow_hub import load\n", "tf"),
        ("import tensorflow_hub\nimport keras\n", "keras"),
        ("print('import keras')\n", "tf"),
    ],
    ids=["both", "keras", "in a function", "neither", "another with the same beginning", "in a text"],
)
def test_script_is_about_the_first_package_that_it_imports(code, family):
    found = imported_family([code], FAMILIES, ["tensorflow", "keras"])
    assert found is not None
    assert found.name == family
