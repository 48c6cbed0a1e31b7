"""Scripts as reports have them that say nothing of TensorFlow's version, and tests that do, in real environments."""

import pytest

from harness.sandbox.backends import find_sandbox

pytestmark = [pytest.mark.slow, pytest.mark.network, pytest.mark.timeout(1800)]

ENVIRONMENTS = ("tf2.15.1", "keras3.5.0")
SCRIPTS = {
    "uses_pandas": "import tensorflow as tf\nimport pandas as pd\nprint(pd.DataFrame({'x': [1]}))\n",
    "downloads": "from tensorflow import keras\n(x, y), _ = keras.datasets.mnist.load_data()\nprint(x.shape)\n",
    "asks_for_jax": "import os\nos.environ['KERAS_BACKEND'] = 'jax'\nimport keras\nprint(keras.backend.backend())\n",
    "loads_a_file": "import tensorflow as tf\nmodel = tf.keras.models.load_model('model.h5')\nmodel.summary()\n",
    "removed_module": "import tensorflow as tf\nimport keras.src.engine.training\nprint(tf.__version__)\n",
    "tests": (
        "import tensorflow as tf\n"
        "class OptimizerTest(tf.test.TestCase):\n"
        "    def test_a(self):\n"
        "        self.assertEqual(1, 1)\n"
        "    def test_lr(self):\n"
        "        tf.keras.optimizers.SGD(lr=0.1).get_config()\n"
        "        raise ValueError('the end')\n"
        "if __name__ == '__main__':\n"
        "    tf.test.main()\n"
    ),
}


def test_what_says_nothing_of_the_version_is_no_verdict(clone, tmp_path):
    paths = []
    for name, text in SCRIPTS.items():
        paths.append(tmp_path / f"{name}.py")
        paths[-1].write_text(text, encoding="utf-8")
    cells = clone.cells(*map(str, paths), "--environments", ",".join(ENVIRONMENTS))

    def shown(name):
        return [(cells[f"{name}@{each}"]["outcome"], cells[f"{name}@{each}"]["cause"]) for each in ENVIRONMENTS]

    assert shown("uses_pandas") == [("not applicable", "missing package")] * 2
    assert shown("asks_for_jax") == [("not applicable", "missing package")] * 2
    assert shown("loads_a_file") == [("failed", "missing file")] * 2
    if find_sandbox({}).contains:
        assert shown("downloads") == [("not applicable", "no network")] * 2
    assert shown("removed_module") == [("passed", None), ("failed", None)]
    failed = [cells[f"tests[test=OptimizerTest.test_lr]@{each}"] for each in ENVIRONMENTS]
    assert [each["stage"] for each in failed] == ["test_lr"] * 2
    assert failed[0]["error"] == "ValueError: the end"
    assert failed[1]["error"].startswith("ValueError: Argument(s) not recognized: {'lr': 0.1}")
