"""Texts in the forms in which code arrives: what each of them is, and scripts that may be run."""

import json

from harness.reports.kinds import Kind

HEADER = '# /// script\n# dependencies = ["keras"]\n# ///\n'
NOTEBOOK = json.dumps(
    {
        "cells": [{"cell_type": "code", "source": ["print(1)\n"], "outputs": [], "metadata": {}}],
        "nbformat": 4,
        "metadata": {},
    }
)
PATCH = """\
diff --git a/keras/a.py b/keras/a.py
--- a/keras/a.py
+++ b/keras/a.py
@@ -1,2 +1,2 @@
-x = 1
+x = 2
"""


# What the input is, and the line that is named.
NOT_SCRIPTS = {
    "notebook": (NOTEBOOK, Kind.NOTEBOOK, 1),
    "notebook with another indentation": (json.dumps(json.loads(NOTEBOOK), indent=1), Kind.NOTEBOOK, 1),
    "notebook that was cut off": (NOTEBOOK[:-20], Kind.NOTEBOOK, 1),
    "notebook with null": (NOTEBOOK[:-1] + ', "x": null}', Kind.NOTEBOOK, 1),
    "json": ('{"a": [1, true]}', Kind.JSON, 1),
    "yaml": ("name: CI\non:\n  push:\n    branches: [main]\njobs:\n  test:\n    - run: pytest\n", Kind.YAML, 1),
    "yaml that is valid Python": ("name: keras\nversion: tf\n", Kind.YAML, 1),
    "toml": ('[project]\nname = "a"\nrequires-python = ">=3.10"\n[tool.x.y]\na-b = 1979-05-27\n', Kind.TOML, 1),
    "issue body": ("### Current behaviour?\n\nIt fails, since 2.16.\n\n```python\nimport keras\n```\n", Kind.MARKDOWN, 5),
    "issue body without fences": ("* Keras 3.4.1 fails here\n* Python 3.10\n", Kind.MARKDOWN, 1),
    "html": ("<p>It fails.</p>\n<pre>import keras</pre>\n", Kind.HTML, 1),
    "details": ("<details><summary>Code</summary>\n\nx\n</details>", Kind.MARKDOWN, 1),
    "prompt transcript": (">>> import keras\n>>> keras.__version__\n'3.4.1'\n", Kind.TRANSCRIPT, 1),
    "prompt transcript with a banner": (
        "Python 3.11.7 (main, Jan 1 2024) [GCC 12]\nType \"help\" for more\n>>> import keras\n", Kind.TRANSCRIPT, 3,
    ),
    "prompt transcript behind a header": (HEADER + ">>> import keras\n", Kind.TRANSCRIPT, 4),
    "ipython transcript": ("In [1]: import keras\n\nIn [2]: keras.__version__\nOut[2]: '3.4.1'\n", Kind.IPYTHON_TRANSCRIPT, 1),
    "shell line": (HEADER + "!pip install keras==3.4.1\nimport keras\n", Kind.MAGICS, 4),
    "line magic": ("import keras\n%matplotlib inline\nprint(keras)\n", Kind.MAGICS, 2),
    "cell magic": ("%%capture\nimport keras\nprint(1)\n", Kind.MAGICS, 1),
    "help": ("import keras\nkeras.Model?\n", Kind.MAGICS, 2),
    "exported magic": ("import keras\nget_ipython().system('pip install x')\nprint(1)\n", Kind.MAGICS, 2),
    "exported line magic": ("get_ipython().run_line_magic('matplotlib', 'inline')\nprint(1)\n", Kind.MAGICS, 1),
    "print statement": ('import sys\nprint "Keras", 1\n', Kind.PYTHON_2, 2),
    "print to a stream": ("import sys\nprint >>sys.stderr, 'x'\n", Kind.PYTHON_2, 2),
    "except with a comma": ("try:\n    x = 1\nexcept ValueError, error:\n    print(error)\n", Kind.PYTHON_2, 3),
    "raise with a comma": ('raise ValueError, "no"\n', Kind.PYTHON_2, 1),
    "typographic quotes": ("import keras\nprint(“hello”)\n", Kind.TYPOGRAPHY, 2),
    "single typographic quotes": ("model.compile(loss=‘mse’)\n", Kind.TYPOGRAPHY, 1),
    "non-breaking spaces": ("import keras\nif True:\n\u00a0\u00a0\u00a0\u00a0print(1)\n", Kind.TYPOGRAPHY, 3),
    "zero-width space": ("import keras\n\u200bprint(1)\n", Kind.TYPOGRAPHY, 2),
    "dash": ("x = 3 – 2\n", Kind.TYPOGRAPHY, 1),
    "indented as a whole": ("    import keras\n    print(keras)\n", Kind.INDENTED, 1),
    "indented but for the first line": ("import keras\n    x = 1\n    print(x)\n", Kind.INDENTED, 2),
    "indented behind a header": (HEADER + "  import keras\n  print(1)\n", Kind.INDENTED, 4),
    "wrong indentation": ("if True:\n    x = 1\n  print(x)\n", Kind.INDENTATION, 3),
    "tabs and spaces": ("if True:\n        x = 1\n\tprint(x)\n", Kind.INDENTATION, 3),
    "block that is not indented": ("for x in range(3):\nprint(x)\nprint(x)\n", Kind.INDENTATION, 2),
    "call that is not closed": ("import keras\nmodel.fit(\n    x,\n", Kind.TRUNCATED, 2),
    "string that is not closed": ('import keras\nx = """text\nmore\n', Kind.TRUNCATED, 2),
    "definition without a body": ("import keras\n\ndef build():\n", Kind.TRUNCATED, 3),
    "try without its end": ("try:\n    import keras\n", Kind.SYNTAX, 2),
    "patch": (PATCH, Kind.PATCH, 1),
    "patch without git": (PATCH.partition("\n")[2], Kind.PATCH, 1),
    "traceback": (
        'Traceback (most recent call last):\n  File "a.py", line 1, in <module>\nValueError: no\n', Kind.TRACEBACK, 1,
    ),
    "traceback of ipython": (
        "-" * 70 + "\nValueError        Traceback (most recent call last)\n----> 1 x()\nValueError: no\n", Kind.TRACEBACK, 2,
    ),
    "output behind the code": (
        'import keras\nkeras.x\nTraceback (most recent call last):\n  File "a.py", line 2\nValueError: no\n', Kind.TRACEBACK, 3,
    ),
    "shell script": ("#!/bin/bash\npython a.py\n", Kind.SHELL, 1),
    "shell script by env": ("#!/usr/bin/env bash\nset -e\n", Kind.SHELL, 1),
    "shell commands": ("pip install keras==3.4.1\npython repro.py\n", Kind.SHELL, 1),
    "shell commands with a prompt": ("$ pip install keras\n$ python a.py\n", Kind.SHELL, 1),
    "utf-16 without a mark": ("import keras\n".encode("utf-16-le").decode(), Kind.BINARY, 1),
    "prose": ("My model does not load any more since the update.\n", Kind.PROSE, 1),
    "one word": ("broken\n", Kind.PROSE, 1),
    "syntax error": ("import keras\nif True print(1)\n", Kind.SYNTAX, 2),
    "return outside a function": ("import keras\nreturn 1\n", Kind.SYNTAX, 2),
    "await at the top": ("import asyncio\nawait asyncio.sleep(0)\n", Kind.SYNTAX, 2),
    "nothing": ("", Kind.EMPTY, None),
    "blank lines": ("\n  \n", Kind.EMPTY, None),
    "comments": ("# a model\n# %% load\n", Kind.COMMENTS, None),
    "header only": (HEADER, Kind.COMMENTS, None),
    "docstring": ('"""Loads a model."""\n', Kind.COMMENTS, None),
    "imports": ("import os\nfrom keras import layers\n", Kind.IMPORTS, 1),
    "imports that may fail": ("try:\n    import keras\nexcept ImportError:\n    keras = None\n", Kind.IMPORTS, 1),
    "definitions": ("import keras\n\ndef main():\n    print(1)\n", Kind.DEFINITIONS, 3),
    "definitions and constants": ("SIZE = 3\n\ndef main():\n    print(SIZE)\n", Kind.DEFINITIONS, 3),
    "class": ("import keras\nclass A(keras.Model):\n    pass\n", Kind.DEFINITIONS, 2),
    "main that is never called": ("def main():\n    x()\nif __name__ != '__main__':\n    main()\n", Kind.DEFINITIONS, 1),
    "pytest functions": ("import keras\n\ndef test_load():\n    assert 1\n", Kind.PYTEST, 3),
    "pytest functions with a seed": ("import numpy as np\nnp.random.seed(0)\ndef test_load():\n    assert 1\n", Kind.PYTEST, 3),
    "pytest classes": ("class TestLoad:\n    def test_a(self):\n        assert 1\n", Kind.PYTEST, 1),
    "pytest with fixtures": (
        "import pytest\nMODEL = make()\n@pytest.fixture\ndef model():\n    return 1\ndef test_a(model):\n    assert model\n",
        Kind.PYTEST, 6,
    ),
    "unittest": ("import unittest\nclass A(unittest.TestCase):\n    def test_a(self):\n        pass\n", Kind.UNITTEST, 2),
    "unittest by inheritance": (
        "import tensorflow as tf\nclass Base(tf.test.TestCase):\n    pass\nclass A(Base):\n    def test_a(self):\n        pass\n",
        Kind.UNITTEST, 4,
    ),
    "unittest suite that nothing runs": (
        "import unittest\nclass A(unittest.TestCase):\n    def test_a(self):\n        pass\n"
        "suite = unittest.TestSuite()\nsuite.addTest(A('test_a'))\n", Kind.UNITTEST, 2,
    ),
    "pytest functions below a version": (
        "import numpy as np\nprint('numpy', np.__version__)\ndef test_load():\n    assert 1\n", Kind.PYTEST, 3,
    ),
    "exit at the top": ("import sys\nsys.exit(0)\nassert 1 == 2\n", Kind.ENDS, 2),
    "exit without a call": ("import keras\nraise SystemExit\nprint(1)\n", Kind.ENDS, 2),
    "coroutine that nothing awaits": ("import asyncio\nasync def main():\n    raise ValueError\nmain()\n", Kind.NOT_STARTED, 4),
    "generator that nothing iterates": ("x = 1\nprint(x)\ndef main():\n    yield 1\nmain()\n", Kind.NOT_STARTED, 5),
    "function without its parentheses": ("import keras\ndef main():\n    keras.x()\nmain\n", Kind.DEFINITIONS, 2),
    "function in a list": ("def main():\n    1 / 0\ntests = [main]\nf = lambda: main()\n", Kind.DEFINITIONS, 1),
    "relative import": ("import os\nfrom .helper import x\nprint(x)\n", Kind.PART_OF_PACKAGE, 2),
}  # fmt: skip


TESTS = "import unittest\nclass A(unittest.TestCase):\n    def test_a(self):\n        pass\n"
PYTEST = "import pytest\ndef test_a():\n    assert 1\n"
SCRIPTS = {
    "expression": "import tensorflow as tf\ntf.keras.__version__\n",
    "print": "print('imported')",
    "assignment": "import keras\nmodel = keras.Sequential()\n",
    "assertion": "import keras\nassert keras.__version__\n",
    "header": HEADER + "import keras\nkeras.Model()\n",
    "main": "def main():\n    print(1)\n\nif __name__ == '__main__':\n    main()\n",
    "loop": "for x in range(3):\n    pass\n",
    "with": "import keras\nwith keras.device('cpu'):\n    import os\n",
    "decorator and use": "import keras\n@keras.saving.register_keras_serializable()\nclass A(keras.Model):\n    pass\nA()\n",
    "unittest.main": TESTS + "if __name__ == '__main__':\n    unittest.main()\n",
    "unittest.main with arguments": TESTS + "unittest.main(argv=['x'], exit=False)\n",
    "tf.test.main": TESTS.replace("unittest", "tf.test").replace("import tf.test", "import tensorflow as tf") + "tf.test.main()\n",
    "main of unittest": TESTS + "from unittest import main\nmain()\n",
    "runner": TESTS + "unittest.TextTestRunner().run(unittest.defaultTestLoader.loadTestsFromTestCase(A))\n",
    "main function": TESTS + "def main():\n    unittest.main()\nmain()\n",
    "test by name": TESTS + "A('test_a').debug()\n",
    "pytest.main": PYTEST + "pytest.main([__file__])\n",
    "sys.exit of pytest.main": PYTEST + "import sys\nif __name__ == '__main__':\n    sys.exit(pytest.main([__file__, '-q']))\n",
    "pytest in a process": PYTEST + "import subprocess, sys\nsubprocess.run([sys.executable, '-m', 'pytest', __file__])\n",
    "tests called": PYTEST + "test_a()\n",
    "tests called by name": PYTEST + "for name, each in list(globals().items()):\n    if name.startswith('test'):\n        each()\n",
    "tests left over": "import keras\ndef test_model():\n    return 1\nmodel = keras.Sequential()\nmodel.fit([1], [2])\n",
    "suite that is run": TESTS + "unittest.TestSuite([A('test_a')]).run(unittest.TestResult())\n",
    "exit with a status": "import sys, keras\nsys.exit(1)\n",
    "exit with a call": "import sys\ndef main():\n    return 1\nsys.exit(main())\n",
    "exit after work": "import keras\nkeras.Model()\nquit()\n",
    "coroutine that is run": "import asyncio\nasync def main():\n    pass\nasyncio.run(main())\n",
    "generator with a decorator": "import contextlib\n@contextlib.contextmanager\ndef a():\n    yield\nwith a():\n    pass\na()\n",
    "function that has a generator inside": "def main():\n    return list(x for x in (lambda: (yield))())\nmain()\n",
    "relative import that may fail": "try:\n    from .a import b\nexcept ImportError:\n    b = 1\nprint(b)\n",
    "helper called test": "def testing(x):\n    return x\nprint(testing(1))\n",
    "transcript in a docstring": '"""Shows it.\n\n>>> import keras\n```python\n"""\nprint(1)\n',
    "typographic quotes in a string": "print('“hello”')\n",
    "percent": "x = 7\nprint(x\n % 3)\n",
    "other alphabet": "größe = 3\nprint(größe)\n",
    "long list": "print([" + "1, " * 10_000 + "])\n",
}  # fmt: skip
