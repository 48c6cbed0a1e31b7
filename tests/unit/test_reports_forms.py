"""Issue bodies in the forms that people use: the script, claims, settings, failures and questions that are read."""

import pytest

from harness.reports import read_report

A_FORM_AND_A_SENTENCE_ABOUT_ANOTHER_PACKAGE = """\
### TensorFlow version
2.15.1

### Current behavior
It fails with Keras 3.5.0.

### Standalone code to reproduce the issue
```python
import keras
print(keras.__version__)
```
"""
THE_FORM_OF_TENSORFLOW_WITH_SHELL_BLOCKS = """\
### Issue type

Bug

### Have you reproduced the bug with TensorFlow Nightly?

Yes

### Source

binary

### TensorFlow version

tf 2.17

### Custom code

No

### OS platform and distribution

Ubuntu 22.04.4 LTS

### Mobile device

_No response_

### Python version

3.10.12

### Bazel version

_No response_

### CUDA/cuDNN version

12.3 / 8.9.7

### GPU model and memory

RTX 3080 10 GB

### Current behavior?

`tf.raw_ops.Foo` aborts the process instead of raising. In 2.16.1 a ValueError was raised.

### Standalone code to reproduce the issue

```shell
import tensorflow as tf

x = tf.constant([[1., 2.]])
print(tf.linalg.svd(x))
```

### Relevant log output

```shell
2024-07-20 12:00:01.123456: F tensorflow/core/framework/tensor.cc:852] Check failed: 1 == NumElements() (1 vs. 2)
Aborted (core dumped)
```
"""
LINES_OF_VERSIONS_AND_INDENTED_CODE = """\
Keras version: 3.6.0
TensorFlow: 2.18.0
Python: 3.11
OS: macOS 14.5 (M2)

When I load a model that was saved with `model.save("m.keras")`, the optimizer is lost:

    import keras
    m = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    m.compile("adam", "mse")
    m.save("m.keras")
    n = keras.saving.load_model("m.keras")
    print(n.optimizer)

Before upgrading (3.5.0) it printed the optimizer, now `None`.
"""
THE_TEMPLATE_OF_2020_WITH_GIT_DESCRIBE = """\
**System information**
- Have I written custom code (as opposed to using a stock example script provided in TensorFlow): yes
- OS Platform and Distribution (e.g., Linux Ubuntu 16.04): Windows 10
- TensorFlow installed from (source or binary): binary
- TensorFlow version (use command below): v2.3.0-rc2-23-gb36436b087 2.3.0
- Python version: 3.7.6
- CUDA/cuDNN version: 10.1
- GPU model and memory: GTX 1060

**Describe the current behavior**
`model.fit` with `validation_split` and a dict raises an error.

**Describe the expected behavior**
No error, as in TF 2.2.

**Standalone code to reproduce the issue**
```
import numpy as np
import tensorflow as tf
i = tf.keras.Input((2,), name="a")
m = tf.keras.Model(i, tf.keras.layers.Dense(1)(i))
m.compile("sgd", "mse")
m.fit({"a": np.ones((4, 2))}, np.ones((4, 1)), validation_split=0.5)
```

**Other info / logs**
```
Traceback (most recent call last):
  File "t.py", line 6, in <module>
    m.fit({"a": np.ones((4, 2))}, np.ones((4, 1)), validation_split=0.5)
ValueError: `validation_split` is only supported for Tensors or NumPy arrays
```
"""
TWO_SESSIONS = """\
With tf 2.16.1 (pip), keras 3.3.3:

```
>>> import tensorflow as tf
>>> m = tf.keras.Sequential()
>>> m.add(tf.keras.layers.Dense(
...     2, input_shape=(3,)))
>>> m.layers[0].input_shape
Traceback (most recent call last):
  File "<stdin>", line 1, in <module>
AttributeError: 'Dense' object has no attribute 'input_shape'
```

and in 2.15.0:

```
>>> m.layers[0].input_shape
(None, 3)
```
"""
A_LINK_TO_A_NOTEBOOK = """\
Please see the [gist](https://colab.research.google.com/gist/x/y.ipynb). Fails on 2.14 and nightly but works fine on 2.13.
"""
PIP_FREEZE_A_SHELL_SESSION_AND_A_SCRIPT = """\
Hi,

`pip freeze | grep -E "tensorflow|keras|numpy"`:

```
keras==2.12.0
numpy==1.23.5
tensorflow==2.12.0
tensorflow-estimator==2.12.0
```

```bash
$ python t.py
TypeError: unhashable type: 'dict'
```

t.py:
```py
import tensorflow as tf
print({tf.constant(1): 2})
```
"""
A_CLASS_ITS_USE_AND_A_WORKAROUND = """\
TF 2.10.0, Python 3.9

First I create the layer:

```python
import tensorflow as tf

class Scale(tf.keras.layers.Layer):
    def __init__(self, by, **kw):
        super().__init__(**kw)
        self.by = by
    def call(self, x):
        return x * self.by
```

then I use it

```python
m = tf.keras.Sequential([tf.keras.Input((1,)), Scale(2.)])
m.save("m.h5")
```

which gives

```python-traceback
NotImplementedError:
Layer Scale has arguments ['by']
in `__init__` and therefore must override `get_config`.
```

A workaround is:

```python
def get_config(self):
    return {"by": self.by}
```
"""
HTML = """\
<p>TensorFlow: <code>2.19.0</code>, Python <code>3.12</code></p>
<details><summary>Code</summary>
<pre><code class="language-python">import tensorflow as tf
a = tf.constant([1, 2]) &lt; tf.constant([2, 1])
print(a &amp; a)
</code></pre>
</details>
<pre>tf.Tensor([ True False], shape=(2,), dtype=bool)</pre>
"""
AN_IMAGE_AND_A_BUILD = """\
I use the docker image `tensorflow/tensorflow:2.11.0-gpu`.

`python -c "import tensorflow as tf; print(tf.version.GIT_VERSION, tf.version.VERSION)"` prints `v2.11.0-rc2-17-gd5b57ca93e5 2.11.0`.

```python
import tensorflow as tf
tf.keras.optimizers.Adam(lr=0.1, decay=1e-3)
```

> ValueError: decay is deprecated in the new Keras optimizer, please check the docstring for valid arguments, or use the legacy optimizer, e.g., tf.keras.optimizers.legacy.Adam.
"""
A_REGRESSION_IN_PROSE = """\
# Regression in 3.4.0: `keras.ops.pad` rejects ints

Up to 3.3.3 this was OK, since 3.4.0 it raises (also in 3.4.1 and master).

```python
import keras
print(keras.ops.pad(keras.ops.ones((2,)), 1))
```

TypeError: object of type 'int' has no len()
"""
A_LIST_WITH_A_BACKEND = """\
- keras 3.8.0
- jax 0.5.0 (backend)
- python 3.12.3

```python
import os
os.environ["KERAS_BACKEND"]="jax"
import keras
keras.layers.Dense(2)(keras.ops.ones((1, 2)))
```
"""

EXPECTED = {
    "a form, and a sentence about another package": {
        "text": A_FORM_AND_A_SENTENCE_ABOUT_ANOTHER_PACKAGE,
        "script": ["import keras", "print(keras.__version__)"],
        "claims": [("tensorflow", "2.15.1", "fails", 2), ("keras", "3.5.0", "fails", 5)],
        "settings": {},
        "failures": [],
        "dropped": [],
        "date": None,
        "asked": ["What does the script show"],
    },
    "the form of TensorFlow, with shell blocks": {
        "text": THE_FORM_OF_TENSORFLOW_WITH_SHELL_BLOCKS,
        "script": ["import tensorflow as tf", "x = tf.constant([[1., 2.]])", "print(tf.linalg.svd(x))"],
        "claims": [
            ("tf-nightly", "nightly", "fails", 7),
            ("tensorflow", "2.17", "fails", 15),
            ("tensorflow", "2.16.1", "works", 47),
        ],
        "settings": {"os": "Ubuntu 22.04.4 LTS", "python": "3.10.12"},
        "failures": [],
        "dropped": [(61, "a block of shell, not Python")],
        "date": "2024-07-20",
        "asked": [],
    },
    "lines of versions, and indented code": {
        "text": LINES_OF_VERSIONS_AND_INDENTED_CODE,
        "script": [
            "import keras",
            "m = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])",
            'm.compile("adam", "mse")',
            'm.save("m.keras")',
            'n = keras.saving.load_model("m.keras")',
            "print(n.optimizer)",
        ],
        "claims": [
            ("keras", "3.6.0", "fails", 1),
            ("tensorflow", "2.18.0", "fails", 2),
            ("keras", "3.5.0", "works", 15),
        ],
        "settings": {"python": "3.11", "os": "macOS 14.5"},
        "failures": [],
        "dropped": [],
        "date": None,
        "asked": [],
    },
    "the template of 2020, with git-describe": {
        "text": THE_TEMPLATE_OF_2020_WITH_GIT_DESCRIBE,
        "script": [
            "import numpy as np",
            "import tensorflow as tf",
            'i = tf.keras.Input((2,), name="a")',
            "m = tf.keras.Model(i, tf.keras.layers.Dense(1)(i))",
            'm.compile("sgd", "mse")',
            'm.fit({"a": np.ones((4, 2))}, np.ones((4, 1)), validation_split=0.5)',
        ],
        "claims": [("tensorflow", "2.3.0", "fails", 5), ("tensorflow", "2.2", "works", 14)],
        "settings": {"os": "Windows 10", "python": "3.7.6"},
        "failures": ["ValueError"],
        "dropped": [(28, "output, not code")],
        "date": None,
        "asked": [],
    },
    "two sessions": {
        "text": TWO_SESSIONS,
        "script": [
            "import sys",
            "import tensorflow as tf",
            "m = tf.keras.Sequential()",
            "sys.displayhook(m.add(tf.keras.layers.Dense(",
            "    2, input_shape=(3,))))",
            "sys.displayhook(m.layers[0].input_shape)",
            "sys.displayhook(m.layers[0].input_shape)",
        ],
        "claims": [
            ("tensorflow", "2.16.1", "fails", 1),
            ("keras", "3.3.3", "fails", 1),
            ("tensorflow", "2.15.0", "works", 14),
        ],
        "settings": {},
        "failures": ["AttributeError"],
        "dropped": [(9, "output of the session"), (18, "output of the session")],
        "date": None,
        "asked": [],
    },
    "a link to a notebook": {
        "text": A_LINK_TO_A_NOTEBOOK,
        "script": [],
        "claims": [
            ("tensorflow", "2.14", "fails", 1),
            ("tf-nightly", "nightly", "fails", 1),
            ("tensorflow", "2.13", "works", 1),
        ],
        "settings": {},
        "failures": [],
        "dropped": [],
        "date": None,
        "asked": ["The code is behind a link"],
    },
    "pip freeze, a shell session, and a script": {
        "text": PIP_FREEZE_A_SHELL_SESSION_AND_A_SCRIPT,
        "script": ["import tensorflow as tf", "print({tf.constant(1): 2})"],
        "claims": [("keras", "2.12.0", "fails", 6), ("tensorflow", "2.12.0", "fails", 8)],
        "settings": {},
        "failures": ["TypeError"],
        "dropped": [(6, "output, not code"), (13, "a shell session or the output of a test run, not Python")],
        "date": None,
        "asked": [],
    },
    "a class, its use, and a workaround": {
        "text": A_CLASS_ITS_USE_AND_A_WORKAROUND,
        "script": [
            "import tensorflow as tf",
            "class Scale(tf.keras.layers.Layer):",
            "    def __init__(self, by, **kw):",
            "        super().__init__(**kw)",
            "        self.by = by",
            "    def call(self, x):",
            "        return x * self.by",
            "m = tf.keras.Sequential([tf.keras.Input((1,)), Scale(2.)])",
            'm.save("m.h5")',
        ],
        "claims": [("tensorflow", "2.10.0", "fails", 1)],
        "settings": {"python": "3.9"},
        "failures": [],
        "dropped": [
            (26, "a block of python-traceback, not Python"),
            (34, "the text before it calls it a workaround, or other code"),
        ],
        "date": None,
        "asked": [],
    },
    "HTML": {
        "text": HTML,
        "script": ["import tensorflow as tf", "a = tf.constant([1, 2]) < tf.constant([2, 1])", "print(a & a)"],
        "claims": [("tensorflow", "2.19.0", "fails", 1)],
        "settings": {"python": "3.12"},
        "failures": [],
        "dropped": [(8, "output, not code")],
        "date": None,
        "asked": [],
    },
    "an image and a build": {
        "text": AN_IMAGE_AND_A_BUILD,
        "script": ["import tensorflow as tf", "tf.keras.optimizers.Adam(lr=0.1, decay=1e-3)"],
        "claims": [("tensorflow", "2.11.0", "fails", 1)],
        "settings": {},
        "failures": ["ValueError"],
        "dropped": [],
        "date": None,
        "asked": [],
    },
    "a regression in prose": {
        "text": A_REGRESSION_IN_PROSE,
        "script": ["import keras", "print(keras.ops.pad(keras.ops.ones((2,)), 1))"],
        "claims": [("keras", "3.4.0", "fails", 1), ("keras", "3.3.3", "works", 3), ("keras", "3.4.1", "fails", 3)],
        "settings": {},
        "failures": ["TypeError"],
        "dropped": [],
        "date": None,
        "asked": [],
    },
    "a list, with a backend": {
        "text": A_LIST_WITH_A_BACKEND,
        "script": [
            "import os",
            'os.environ["KERAS_BACKEND"]="jax"',
            "import keras",
            "keras.layers.Dense(2)(keras.ops.ones((1, 2)))",
        ],
        "claims": [("keras", "3.8.0", "fails", 1), ("jax", "0.5.0", "fails", 2)],
        "settings": {"python": "3.12.3", "backend": "jax"},
        "failures": [],
        "dropped": [],
        "date": None,
        "asked": ["What does the script show"],
    },
}


@pytest.mark.parametrize("field", ["OS platform and distribution\n\nWindows 11", "TensorFlow version\n\n2.16.1"])
def test_version_behind_a_field_is_a_claim(field):
    report = read_report(f"### {field}\n\nTF 2.16.1 and Keras 3.3.3\n\n```python\nimport keras\nprint(1)\n```\n")
    assert {(each.package, each.version) for each in report.claims} == {("tensorflow", "2.16.1"), ("keras", "3.3.3")}


@pytest.mark.parametrize("name", EXPECTED)
def test_issue_is_read_as_a_person_reads_it(name):
    expected = EXPECTED[name]
    report = read_report(expected["text"])
    lines = [line for script in report.scripts for line in (script.text or "").split("\n") if line.strip()]
    assert lines == expected["script"]
    claims = [(each.package, each.version, each.says.value, each.place.line) for each in report.claims]
    assert claims == expected["claims"]
    settings = {each.name: each.value for each in report.settings}
    assert {key: settings[key] for key in ("os", "python", "backend") if key in settings} == expected["settings"]
    assert [each.type for each in report.failures] == expected["failures"]
    assert [(each.place.line, each.why) for each in report.dropped] == expected["dropped"]
    assert (report.date.isoformat() if report.date else None) == expected["date"]
    assert [each[:25] for each in report.questions] == expected["asked"]
