"""Packages that are added for a report: what it installs, and the backend that its script asks for."""

from pathlib import Path

import pytest

from harness.project.matrix_file import read_matrix
from harness.reports import read_report
from harness.triage.added_packages import (
    imported_packages,
    needed_packages,
    set_variables,
    tier_with_backend,
    variables_of,
)
from harness.triage.environments import reporters_environments
from harness.triage.imported_modules import required_modules
from harness.triage.runs import own_variables
from tests.making import make_environment

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
    assert tuple(each.package for each in needed_packages(read_report(text), MATRIX)) == needed


def test_reason_for_a_package_is_named():
    report = read_report("!pip install pandas\n" + SCRIPT.format("jax"))
    assert [str(each) for each in needed_packages(report, MATRIX)] == [
        "pandas (the report installs it)", "jax (KERAS_BACKEND=jax)",
    ]  # fmt: skip


IMPORTS = """
import os, pandas as pd
from sklearn.model_selection import train_test_split
from . import beside
try:
    import seaborn
except ImportError:
    import pylab
try:
    from tqdm import tqdm
except Exception:
    tqdm = list
try:
    import plotly
    plotly.show()
except Exception as error:
    print(error)
if TYPE_CHECKING:
    import numba
def draw():
    import matplotlib.pyplot as plt
    with suppress(ModuleNotFoundError):
        import cv2
"""


def test_imports_that_a_script_cannot_do_without():
    assert required_modules(IMPORTS) == ("os", "pandas", "sklearn", "plotly", "matplotlib")
    assert required_modules("this is no Python") == ()


ENVIRONMENTS = (
    make_environment("tf2.15.1", provides=MATRIX.provides, tensorflow_cpu="2.15.1", h5py="3.10.0", rich="13.0"),
    make_environment("tf2.2.3", provides=MATRIX.provides, tensorflow_cpu="2.2.3", h5py="3.10.0"),
)


@pytest.mark.parametrize(
    ("code", "added", "unknown"),
    [
        pytest.param("import pandas", {"pandas": "the script imports it"}, (), id="a package"),
        pytest.param("import sklearn.svm", {"scikit-learn": "the script imports sklearn"}, (), id="another name"),
        pytest.param("import tensorflow, h5py, keras, tf_keras, tensorflow_hub", {}, (), id="decided by the matrix"),
        pytest.param(
            "import matplotlib.pyplot as plt", {"matplotlib": "the script imports it"}, (), id="no file of its own"
        ),
        pytest.param("import rich", {"rich": "the script imports it"}, (), id="some environments have it"),
        pytest.param("import torch, jax", {}, (), id="backends that nothing asks for"),
        pytest.param("import os, imp, distutils, tomllib", {}, (), id="standard library"),
        pytest.param("from google.colab import drive\nimport winreg", {}, (), id="of another machine"),
        pytest.param("from utils import helper\nimport my_layers", {}, ("utils", "my_layers"), id="own modules"),
        pytest.param("import _hidden", {}, ("_hidden",), id="no name of a package"),
        pytest.param("open('steps.py', 'w').write('')\nimport steps", {}, (), id="written by the script"),
    ],
)
def test_packages_that_a_script_only_imports(code, added, unknown):
    report = read_report(f"```python\n{code}\nprint(1)\n```\n")
    found, own = imported_packages(report, MATRIX, ENVIRONMENTS)
    assert {each.package: each.why for each in found} == added
    assert own == unknown


def test_files_of_a_report_are_no_packages_and_their_imports_count(tmp_path):
    (tmp_path / "repro.py").write_text("import steps\nsteps.run()\n", encoding="utf-8")
    (tmp_path / "steps.py").write_text("import pandas\ndef run(): pass\n", encoding="utf-8")
    found, own = imported_packages(read_report(tmp_path), MATRIX, ENVIRONMENTS)
    assert [each.package for each in found] == ["pandas"]
    assert own == ()


def test_module_whose_absence_is_reported_stays_absent():
    text = "```python\nimport kerastuner\nprint(kerastuner)\n```\n```\nModuleNotFoundError: No module named 'kerastuner'\n```\n"
    assert imported_packages(read_report(text), MATRIX, ENVIRONMENTS) == ((), ())


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


def test_backend_that_a_script_sets_is_no_variable_of_an_environment():
    text = 'import os\nos.environ["KERAS_BACKEND"] = "jax"\nos.environ["TF_USE_LEGACY_KERAS"] = "1"\n'
    assert variables_of(text, MATRIX) == (*MATRIX.variables, ("KERAS_BACKEND", "jax"))
    jax = make_environment(id="jax-keras3.0.5", variables={**dict(MATRIX.variables), "KERAS_BACKEND": "jax"})
    assert own_variables(jax, variables_of(text, MATRIX)) == ()
    assert own_variables(jax, variables_of("import keras\n", MATRIX)) == (("KERAS_BACKEND", "jax"),)


def test_tier_of_the_backend_is_named():
    jax = make_environment(id="jax-keras3.0.5", variables={"KERAS_BACKEND": "jax"}, tiers=("jax", "all"), keras="3.0.5")
    plain = make_environment(id="keras3.0.5", tiers=("all",))
    report = read_report(SCRIPT.format("jax"))
    assert tier_with_backend(report, [jax, plain], MATRIX) == ("KERAS_BACKEND=jax", "jax")
    assert tier_with_backend(report, [plain], MATRIX) is None
    assert tier_with_backend(read_report(SCRIPT.format("torch")), [jax, plain], MATRIX) is None
    with_tensorflow = read_report(SCRIPT.format("jax").replace("import keras", "import keras, tensorflow"))
    assert tier_with_backend(with_tensorflow, [jax, plain], MATRIX) is None


def test_older_jax_is_installed_with_its_library():
    found = reporters_environments({"keras": "3.0.4", "jax": "0.4.23"}, [], MATRIX)
    assert [each for each in found if each.endswith(" jax==0.4.23 jaxlib==0.4.23")]
