"""Which imports may run before a script."""

from dataclasses import replace
from pathlib import Path

import pytest

from harness.execute.fork_choice import fork_server_kind
from harness.execute.forkserver.server import CAN_FORK
from harness.model import Overlay
from harness.model.scenario import File
from harness.project.preload import Preload, find_preload
from tests.making import outcome_task

MODULES = ("tensorflow", "keras")
TOUCHED = ("tensorflow.keras.layers",)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        pytest.param("import tensorflow as tf", ("tensorflow",), id="import"),
        pytest.param("from tensorflow import keras", ("tensorflow",), id="from"),
        pytest.param("import keras\nimport tensorflow", ("keras", "tensorflow"), id="in the script's order"),
        pytest.param('"""Title."""\nimport numpy as np\nsize = (1, None)\nimport keras', ("keras",), id="constants"),
        pytest.param("def make(size=3):\n    run()\nimport keras", ("keras",), id="a function"),
        pytest.param("class Layer:\n    size = 3\n    def call(self): ...\nimport keras", ("keras",), id="a class"),
        pytest.param("x: int = 3\ny: str\nimport keras", ("keras",), id="annotations"),
        pytest.param(
            "import keras\nkeras.x()\nimport tensorflow", ("keras",), id="up to the first that does something"
        ),
    ],
)
def test_imports_at_the_beginning_are_preloaded(source, expected):
    preload = find_preload(source, MODULES)
    assert preload is not None
    assert preload.modules == expected


def test_variable_that_is_set_between_imports_ends_the_preload():
    """The first import must not see it."""
    preload = find_preload("import os, tensorflow as tf\nos.environ['KERAS_BACKEND'] = 'jax'\nimport keras", MODULES)
    assert preload == Preload(modules=("tensorflow",), changes_imports=True)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        pytest.param("import settings\nimport tensorflow", None, id="first"),
        pytest.param("import settings, tensorflow", None, id="in one line"),
        pytest.param("from settings.backend import NAME\nimport tensorflow", None, id="a part of it"),
        pytest.param("import keras\nimport settings\nimport tensorflow", ("keras",), id="between"),
        pytest.param("import numpy\nimport tensorflow\nimport settings", ("tensorflow",), id="afterwards"),
    ],
)
def test_module_of_the_script_ends_the_preload(source, expected):
    """It may set variables, or change the path of modules."""
    preload = find_preload(source, MODULES, own=frozenset({"settings"}))
    assert (preload.modules if preload is not None else None) == expected


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("print('hello')\nimport keras", id="a call"),
        pytest.param("import sys\nsys.path.insert(0, '.')\nimport keras", id="another path"),
        pytest.param("import warnings\nwarnings.simplefilter('error')\nimport keras", id="a setting"),
        pytest.param("x = len('abc')\nimport keras", id="no constant"),
        pytest.param("def f(x=print('now')): ...\nimport keras", id="a default that does something"),
        pytest.param("@print\ndef f(): ...\nimport keras", id="a decorator"),
        pytest.param("class A(make()): ...\nimport keras", id="bases"),
        pytest.param("class A:\n    print('now')\nimport keras", id="a class that does something"),
        pytest.param("try:\n    import keras\nexcept ImportError:\n    pass", id="in a try"),
        pytest.param("if True:\n    import keras", id="in an if"),
        pytest.param("from . import keras", id="relative"),
        pytest.param("import os\nos.environ['A'] = str(1)\nimport keras", id="variable that is no literal"),
        pytest.param("import os\nos.environ['PYTHONHASHSEED'] = '1'\nimport keras", id="variable of the start"),
        pytest.param("import os\nos.environ['LD_PRELOAD'] = 'x'\nimport keras", id="variable of the loader"),
        pytest.param("import os\nos.environ['A'] = '1'\nos.environ['A'] = '2'\nimport keras", id="variable set twice"),
        pytest.param("import os\nos.environ['GCONV_PATH'] = '.'\nimport keras", id="variable that has code loaded"),
        pytest.param("import os\nos.environ['LOCPATH'] = '.'\nimport keras", id="variable that says where from"),
        pytest.param("import os\nos.environ.setdefault('LC_ALL', 'x')\nimport keras", id="variable of the locale"),
        pytest.param("import os\nos.environ['HARNESS_X'] = '1'\nimport keras", id="variable of ours"),
        pytest.param("import os\nos.environ['A=B'] = '1'\nimport keras", id="name that none can have"),
        pytest.param("import os\nos.environ['A'] = '\\0'\nimport keras", id="value that none can have"),
        pytest.param("import os\nos.environ['A'] = '\\ud800'\nimport keras", id="half a character"),
        pytest.param(f"import os\nos.environ['A'] = '{'a' * 20000}'\nimport keras", id="longer than can be given"),
        pytest.param(f"import os\nos.environ{'.b' * 900}['A'] = '1'\nimport keras", id="variable of something deep"),
        pytest.param("import os as o\no.environ['A'] = '1'\nimport keras", id="os by another name"),
        pytest.param("import os\nos.environ.pop('A', None)\nimport keras", id="variable taken away"),
        pytest.param("import numpy", id="nothing to preload"),
        pytest.param("import keras as", id="no Python"),
        pytest.param("", id="empty"),
    ],
)
def test_code_that_may_affect_imports_needs_a_fresh_process(source):
    assert find_preload(source, MODULES) is None


def test_variables_set_to_literals_are_set_in_the_fork_server():
    source = """
import os
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
import tensorflow
os.environ["LATER"] = "1"
"""
    assert find_preload(source, MODULES, TOUCHED) == Preload(
        modules=("tensorflow",),
        variables=(("TF_CPP_MIN_LOG_LEVEL", "3"),),
        defaults=(("KERAS_BACKEND", "tensorflow"),),
        changes_imports=True,
    )


def test_lazy_imports_are_preloaded_unless_the_script_may_change_them():
    plain = find_preload("import tensorflow as tf\ntf.keras.layers.Dense(1)", MODULES, TOUCHED)
    tricky = find_preload("import sys, tensorflow as tf\nsys.modules.pop('keras', 0)", MODULES, TOUCHED)
    assert plain is not None
    assert tricky is not None
    assert (plain.touched, tricky.touched) == (TOUCHED, ())


@pytest.mark.parametrize(
    ("rest", "touched"),
    [
        pytest.param("os.environ.get('HUB_MODULE') or 'here'", TOUCHED, id="reads a variable"),
        pytest.param("os.environ['TF_USE_LEGACY_KERAS'] = '1'", (), id="sets one"),
        pytest.param("os.environ.get('A')\nos.environ.pop('B')", (), id="reads one, takes away another"),
        pytest.param("e = os.environ", (), id="gives them another name"),
        pytest.param("print(sys.version, sys.version_info[:2])\nsys.exit(0)", TOUCHED, id="a version, and an exit"),
        pytest.param("sys.path.insert(0, '.')", (), id="where modules are found"),
        pytest.param("sys.version_hook = 1", (), id="a name that begins like a harmless one"),
        pytest.param("from sys import modules\nmodules.clear()", (), id="modules under a name of its own"),
        pytest.param("import sys as s\ns.modules.clear()", (), id="sys under another name"),
        pytest.param("if importlib.util.find_spec('tf_keras') is None: exit()", TOUCHED, id="looks for a module"),
        pytest.param("importlib.reload(tf)", (), id="imports one again"),
    ],
)
def test_reading_state_is_not_a_change(rest, touched):
    preload = find_preload(f"import os, tensorflow as tf\n{rest}", MODULES, TOUCHED)
    assert preload is not None
    assert preload.touched == touched


@pytest.mark.skipif(not CAN_FORK, reason="the fork server needs Linux")
@pytest.mark.parametrize(
    ("source", "forks", "forks_in_sandbox"),
    [
        ("import tensorflow as tf\ntf.keras.layers", True, True),
        ("from tensorflow import keras", True, True),
        ("import tensorflow\nmy_tensorflow.keras", True, True),
        ("from tensorflow.keras import layers", False, True),
        ("import tensorflow.keras.layers", False, True),
        ("import tensorflow\nimportlib.import_module('tensorflow.keras')", False, False),
        # Alone, TensorFlow imports Keras before the variable is set.
        ("import os, tensorflow as tf\nos.environ['KERAS_BACKEND'] = 'jax'\ntf.keras.layers", False, False),
        ("import os, tensorflow as tf\nos.environ['KERAS_BACKEND'] = 'jax'\nimport keras", False, False),
        ("import os\nos.environ['KERAS_BACKEND'] = 'jax'\nimport keras, tensorflow", True, True),
    ],
)
def test_overlaid_scripts_fork_where_imports_give_the_same(source, forks, forks_in_sandbox):
    """TensorFlow records the location of `tensorflow.keras` at import: without a sandbox, overlays have no fixed one."""
    task = outcome_task("asserts")
    environment = replace(task.environment, imports=("tensorflow",), preload=("tensorflow", "keras"))
    overlay = Overlay(package="keras", folder=Path("trees/digest"), digest="digest")
    task = replace(task, script=replace(task.script, text=source), environment=environment, overlay=overlay)
    assert (fork_server_kind(task, Path("python")) is not None) is forks
    assert (fork_server_kind(task, Path("python"), contained=True) is not None) is forks_in_sandbox
    assert fork_server_kind(replace(task, overlay=None), Path("python")) is not None


@pytest.mark.skipif(not CAN_FORK, reason="the fork server needs Linux")
@pytest.mark.parametrize(
    ("rest", "forks"),
    [
        ("open(os.path.expanduser('~/.keras/keras.json'))", False),
        ("(Path.home() / '.keras' / 'keras.json').read_text()", False),
        ("open(os.path.join(os.environ['HOME'], '.keras', 'keras.json'))", False),
        ("model.save(os.path.expanduser('~/model.keras'))", True),
        ("model.save('a.keras')", True),
    ],
)
def test_script_that_reads_the_settings_of_keras_needs_its_import(rest, forks):
    """Keras writes them when it is imported, to the home folder of that process."""
    task = outcome_task("asserts")
    environment = replace(task.environment, imports=("keras",), preload=("keras",))
    task = replace(task, script=replace(task.script, text=f"import os, keras\n{rest}"), environment=environment)
    assert (fork_server_kind(task, Path("python")) is not None) is forks


@pytest.mark.skipif(not CAN_FORK, reason="the fork server needs Linux")
def test_files_of_a_script_are_its_modules(tmp_path):
    task = outcome_task("asserts")
    environment = replace(task.environment, imports=("keras",), preload=("keras",))
    files = (File(name="conf/a.py", digest="0", path=tmp_path), File(name="data.csv", digest="0", path=tmp_path))
    for source, forks in (("import conf.a\nimport keras", False), ("import csv\nimport keras", True)):
        script = replace(task.script, text=source, files=files)
        kind = fork_server_kind(replace(task, script=script, environment=environment), Path("python"))
        assert (kind is not None) is forks
