"""What says nothing of the version under test is no verdict: scripts as people send them, in real processes."""

import sys
import threading
from dataclasses import replace
from importlib.machinery import EXTENSION_SUFFIXES

import pytest

from harness.errors import Problems
from harness.execute.artifacts import Artifacts
from harness.execute.executor import run_task
from harness.execute.task import make_task
from harness.model import Case, Cell, NoVerdict, Outcome, Setting
from harness.project.script import read_script
from harness.sandbox.backends import SandboxBackend
from tests.making import make_environment, make_python
from tests.sandboxes import sandbox_of

BACKEND = Setting(
    variable="DEMO_BACKEND",
    needs=(("numbers", ("numbers",)), ("jaxx", ("jaxx",))),
    in_force=("demo.gone:backend", "demo_config:backend"),
)
DEMO = """
import os
class OldError(Exception): pass
def plot():
    try:
        import pydott
    except ImportError:
        pass
    raise ImportError("You must install pydott (`pip install pydott`) for plot to work.")
def optional():
    import pydott
def fetch(url):
    import urllib.error, urllib.request
    try:
        urllib.request.urlopen(url)
    except urllib.error.URLError as error:
        raise Exception("URL fetch failure on {}: {} -- {}".format(url, error.errno, error.reason))
def variable():
    return os.environ["DEMO_HOME"]
def load(path):
    if not os.path.exists(path):
        raise ValueError("File not found: filepath=%s. Please ensure the file is an accessible file." % path)
"""


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """An environment with a package `demo` of several modules."""
    modules = {"demo": DEMO, "demo_config": "def backend(): return 'numbers'", "ends_all": "raise SystemExit(0)"}
    return make_python(tmp_path_factory.mktemp("environment") / "venv", **modules)


@pytest.fixture
def attempt(tmp_path, python):
    def run(
        text,
        *,
        backend=SandboxBackend.NONE,
        beside=(),
        packages=("demo",),
        settings=(BACKEND,),
        variables=None,
        provides=(),
    ):
        folder = tmp_path / "report"
        folder.mkdir()
        path = folder / "report.py"
        path.write_text(text, encoding="utf-8")
        for name in beside:
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text("")
        problems = Problems()
        script = read_script(path, problems=problems)
        problems.raise_if_any("report.py")
        environment = make_environment(variables=variables, provides=provides, **dict.fromkeys(packages, "1.0"))
        environment = replace(environment, settings=settings)
        task = make_task(
            Cell(case=Case(scenario="report"), environment="env"), script, environment,
            interpreter="cpython-3.11.0", caller_variables={},
        )  # fmt: skip
        return run_task(
            task, python=python, runs=tmp_path / "runs", artifacts=Artifacts(folder=tmp_path / "artifacts"),
            stop=threading.Event(), sandbox=sandbox_of(backend),
        )  # fmt: skip

    return run


def contained():
    """Whatever can contain a script here."""
    return [pytest.param(each, id=str(each)) for each in SandboxBackend if each is not SandboxBackend.NONE]


class TestNothingExecuted:
    @pytest.mark.parametrize(
        "text",
        [
            pytest.param("", id="empty"),
            pytest.param('"""Nothing."""\n# a comment\n', id="a docstring"),
            pytest.param("import os\nfrom sys import argv\n", id="imports"),
            pytest.param("import demo\nSHAPE = (1, 2)\ndef test_it():\n    assert demo.no\n", id="functions"),
            pytest.param("class A:\n    def test_it(self): raise ValueError\n", id="classes"),
            pytest.param(
                "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    print()\nif False:\n    print()\n", id="never"
            ),
            pytest.param("try:\n    import demo\nexcept ImportError:\n    print('no')\n", id="a guarded import"),
        ],
    )
    def test_is_not_applicable(self, attempt, text):
        seen = attempt(text)
        assert (seen.outcome, seen.cause) == (Outcome.NOT_APPLICABLE, NoVerdict.NOTHING_EXECUTED)
        assert "nothing was executed" in seen.reason

    @pytest.mark.parametrize(
        "text",
        [
            "import demo\ndemo.OldError()\n",
            "def f(): pass\nif __name__ == '__main__':\n    f()\n",
            "import sys\nprint('a')\nsys.exit(0)\n",
            "assert True\n",
            "x = len('ab')\n",
            "try:\n    import demo\n    demo.OldError()\nexcept ImportError:\n    pass\n",
        ],
    )
    def test_one_statement_is_enough(self, attempt, text):
        assert attempt(text).outcome is Outcome.PASSED

    def test_an_import_that_ends_the_script_executes_nothing_of_it(self, attempt):
        seen = attempt("import ends_all\nprint('later')\n")
        assert (seen.outcome, seen.cause) == (Outcome.NOT_APPLICABLE, NoVerdict.NOTHING_EXECUTED)


class TestTests:
    """Scripts that run unittest."""

    CASE = "import unittest\nclass T(unittest.TestCase):\n    {}def test_it(self): {}\nunittest.main()\n"

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("import unittest\nunittest.main()\n", "unittest found no test"),
            (CASE.format("@unittest.skip('needs a GPU')\n    ", "pass"), "all tests were skipped: needs a GPU"),
        ],
        ids=["none", "all skipped"],
    )
    def test_without_a_test_that_ran_it_is_not_applicable(self, attempt, text, words):
        seen = attempt(text)
        assert (seen.outcome, seen.cause) == (Outcome.NOT_APPLICABLE, NoVerdict.NOTHING_EXECUTED)
        assert words in seen.reason

    def test_failing_test_is_judged_by_its_own_exception(self, attempt):
        seen = attempt(self.CASE.format("", "import pandaz"))
        assert (seen.outcome, seen.cause) == (Outcome.NOT_APPLICABLE, NoVerdict.MISSING_PACKAGE)

    def test_failing_test_is_the_failure(self, attempt):
        seen = attempt(self.CASE.format("", "self.assertEqual(1, 2)"))
        assert (seen.outcome, seen.stage, seen.error) == (Outcome.FAILED, "test_it", "AssertionError: 1 != 2")


class TestSyntax:
    def test_code_of_another_python_is_not_applicable(self, attempt):
        seen = attempt("print('a')\nx = 1\nmatch x with:\n    pass\n")
        assert (seen.outcome, seen.cause) == (Outcome.NOT_APPLICABLE, NoVerdict.SYNTAX)
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        assert seen.reason == f"Python {version} cannot parse line 3: match x with:"
        assert "SyntaxError" in seen.evidence.traceback

    @pytest.mark.parametrize(
        "text",
        ["compile('x = (', 'generated', 'exec')\n", "exec('x = (')\n", "open('h.py', 'w').write('(')\nimport h\n"],
    )
    def test_syntax_error_of_other_code_is_a_failure(self, attempt, text):
        seen = attempt(text)
        assert (seen.outcome, seen.cause) == (Outcome.FAILED, None)
        assert seen.error.startswith("SyntaxError")


class TestPackages:
    @pytest.mark.parametrize(
        ("text", "needs"),
        [
            pytest.param("import pandaz\n", "pandaz", id="imported by the script"),
            pytest.param("from pandaz.core import frame\n", "pandaz", id="a module of it"),
            pytest.param("import skimage\n", "scikit-image (skimage)", id="another name"),
            pytest.param("import demo\ndemo.optional()\n", "pydott", id="an optional import of a package"),
            pytest.param("import demo\ndemo.plot()\n", "pydott", id="asked for in words"),
            pytest.param(
                "try:\n    import pandaz\nexcept ImportError as e:\n    raise RuntimeError('no') from e\n",
                "pandaz", id="as the cause of another error",
            ),
        ],
    )  # fmt: skip
    def test_missing_one_is_not_applicable(self, attempt, text, needs):
        seen = attempt(text)
        assert (seen.outcome, seen.cause) == (Outcome.NOT_APPLICABLE, NoVerdict.MISSING_PACKAGE)
        package = needs.partition(" ")[0]
        assert seen.reason == f"needs {needs}, which is not installed in this environment. Add it: --with {package}"

    @pytest.mark.parametrize(
        "text",
        [
            pytest.param("import demo.gone\n", id="a module that an installed package lacks"),
            pytest.param("from demo import gone\n", id="a name that an installed package lacks"),
            pytest.param(
                "try:\n    import pandaz\nexcept ImportError:\n    import demo\n    demo.gone()\n", id="a caught import"
            ),
            pytest.param("raise ImportError('the library is broken')\n", id="an ImportError in other words"),
            pytest.param("import demo\ndemo.variable()\n", id="a variable that a package reads"),
            pytest.param("{}['HUB_TOKEN']\n", id="another key"),
            pytest.param("raise ValueError('keras.ops not found.')\n", id="words that are not about a file"),
        ],
    )
    def test_real_failure_stays_one(self, attempt, text):
        seen = attempt(text)
        assert (seen.outcome, seen.cause) == (Outcome.FAILED, None)

    def test_module_that_looks_like_a_file_of_the_reporter_is_not_only_called_a_package(self, attempt):
        seen = attempt("from my_layers.dense import Dense\n")
        assert (seen.outcome, seen.cause) == (Outcome.NOT_APPLICABLE, NoVerdict.MISSING_PACKAGE)
        assert "no my_layers.py lies next to the script" in seen.reason
        assert seen.reason.endswith("If it is a package: --with my-layers")

    def test_module_of_an_installed_distribution_is_not_missing(self, attempt):
        seen = attempt("import yaml_gone\n", packages=("demo", "yaml_gone"))
        assert (seen.outcome, seen.cause) == (Outcome.FAILED, None)

    def test_compiled_module_that_does_not_load_is_not_missing(self, attempt, python):
        """The import system names it `registrar`, without its package."""
        package = next(python.parent.parent.glob("[Ll]ib/**/site-packages")) / "demo_native"
        package.mkdir()
        (package / "__init__.py").write_text("from demo_native import registrar\n")
        (package / f"registrar{EXTENSION_SUFFIXES[0]}").write_bytes(b"no library")
        seen = attempt("import demo_native\n", packages=("demo", "demo_native"))
        assert (seen.outcome, seen.cause) == (Outcome.FAILED, None)
        assert seen.error.startswith("ImportError: ")

    def test_standard_library_of_another_python_is_named(self, attempt):
        module = "imp" if sys.version_info >= (3, 12) else "annotationlib"
        seen = attempt(f"import {module}\n")
        assert (seen.outcome, seen.cause) == (Outcome.NOT_APPLICABLE, NoVerdict.OTHER_PYTHON)
        assert f"needs {module}, which is in the standard library of other Pythons" in seen.reason


class TestSettings:
    def test_value_whose_package_is_missing_is_not_applicable_though_it_passes(self, attempt):
        seen = attempt("import os\nos.environ['DEMO_BACKEND'] = 'jaxx'\nprint('ignored')\n")
        assert (seen.outcome, seen.cause) == (Outcome.NOT_APPLICABLE, NoVerdict.MISSING_PACKAGE)
        asked = "DEMO_BACKEND=jaxx needs jaxx, which is not installed in this environment"
        assert seen.reason == f"{asked}. Add it: --with jaxx"

    def test_inherited_value_counts_too(self, attempt):
        assert attempt("print(1)\n", variables={"DEMO_BACKEND": "jaxx"}).outcome is Outcome.NOT_APPLICABLE

    def test_value_that_is_not_in_force_is_not_applicable(self, attempt):
        setting = replace(BACKEND, needs=(("json", ("json",)),))
        text = "import os\nos.environ['DEMO_BACKEND'] = 'json'\nimport demo_config\nprint(demo_config.backend())\n"
        seen = attempt(text, settings=(setting,))
        assert (seen.outcome, seen.cause) == (Outcome.NOT_APPLICABLE, NoVerdict.NOT_IN_FORCE)
        assert seen.reason == "DEMO_BACKEND=json is not in force here: demo_config:backend returns numbers"

    def test_value_in_force_is_a_pass(self, attempt):
        text = "import os\nos.environ['DEMO_BACKEND'] = 'numbers'\nimport demo_config\nprint(demo_config.backend())\n"
        assert attempt(text).outcome is Outcome.PASSED


class TestSandbox:
    @pytest.mark.parametrize("backend", contained())
    @pytest.mark.parametrize(
        ("text", "wanted"),
        [
            pytest.param("demo.fetch('https://example.com/mnist.npz')\n", "https://example.com/mnist.npz", id="download"),
            pytest.param("import socket\nsocket.create_connection(('192.0.2.1', 80))\n", "the network", id="connection"),
            pytest.param("raise OSError(\"We couldn't connect to 'https://huggingface.co' to load the files\")\n",
                         "https://huggingface.co", id="a hub"),
            pytest.param("raise ValueError('Not in the cache. Please check your connection and try again.')\n",
                         "the network", id="a hub in other words"),
            pytest.param("import urllib.request\nurllib.request.urlopen('http://127.0.0.1:9/a.csv')\n",
                         "http://127.0.0.1:9/a.csv", id="an address that only the script names"),
        ],
    )  # fmt: skip
    def test_needed_network_is_not_applicable_and_the_address_is_named(self, attempt, backend, text, wanted):
        seen = attempt(f"import demo\n{text}", backend=backend)
        assert (seen.outcome, seen.cause, seen.is_verdict) == (Outcome.NOT_APPLICABLE, NoVerdict.NO_NETWORK, False)
        assert seen.reason == (
            f"needs data from {wanted}, and scripts have no network. Use --fetch to download it once, or --data DIR"
        )

    @pytest.mark.parametrize("backend", contained())
    @pytest.mark.parametrize(
        ("text", "cause", "words"),
        [
            pytest.param("open('/data/train.csv')\n", NoVerdict.OUTSIDE_SANDBOX,
                         "/data/train.csv is outside the sandbox", id="a file outside"),
            pytest.param("import os\nopen(os.path.expanduser('~/data.csv'))\n", NoVerdict.OUTSIDE_SANDBOX,
                         "an empty home folder, without ~/data.csv", id="a file at home"),
            pytest.param("raise FileNotFoundError('/data/train.csv not found.')\n", NoVerdict.OUTSIDE_SANDBOX,
                         "/data/train.csv is outside the sandbox", id="a file outside, in words"),
            pytest.param("open('/usr/x', 'w')\n", NoVerdict.OUTSIDE_SANDBOX, "sandbox", id="a read-only folder"),
        ],
    )  # fmt: skip
    def test_its_effects_are_no_verdict(self, attempt, backend, text, cause, words):
        seen = attempt(text, backend=backend)
        assert (seen.outcome, seen.cause, seen.is_verdict) == (Outcome.FAILED, cause, False)
        assert words in seen.reason
        assert seen.error

    @pytest.mark.parametrize("backend", contained())
    @pytest.mark.parametrize(
        "text",
        [
            "open('/tmp/never_written.csv')\n",
            "import sys\nopen(sys.prefix + '/lib/gone.json')\n",
            "open('mine.txt', 'w').close()\nopen('other.txt')\n",
            "try:\n    open('/data/x')\nexcept OSError:\n    raise ValueError('wrong shape')\n",
            "raise AssertionError('Network is unreachable')\n",
        ],
    )
    def test_what_the_script_or_a_package_lost_is_a_failure(self, attempt, backend, text):
        seen = attempt(text, backend=backend)
        assert (seen.outcome, seen.cause) == (Outcome.FAILED, None)

    def test_without_a_sandbox_there_are_none(self, attempt):
        seen = attempt("raise OSError(101, 'Network is unreachable')\n")
        assert (seen.outcome, seen.cause) == (Outcome.FAILED, None)


class TestCompanions:
    @pytest.mark.parametrize(
        ("text", "cause", "beside"),
        [
            ("import helper\n", NoVerdict.MISSING_HELPER, "helper.py"),
            ("import helper.layers\n", NoVerdict.MISSING_HELPER, "helper/__init__.py"),
            ("open('data/train.csv')\n", NoVerdict.MISSING_FILE, "data/train.csv"),
            ("import os\nopen(os.path.join(os.path.dirname(__file__), 'x.txt'))\n", NoVerdict.MISSING_FILE, "x.txt"),
            ("import demo\ndemo.load('model.keras')\n", NoVerdict.MISSING_FILE, "model.keras"),
        ],
    )
    def test_file_beside_the_script_is_named(self, attempt, text, cause, beside):
        seen = attempt(text, beside=[beside])
        assert (seen.outcome, seen.cause) == (Outcome.FAILED, cause)
        assert beside in seen.reason
        assert "beside it and is not copied" in seen.reason

    def test_script_is_not_its_own_helper(self, attempt):
        seen = attempt("import report\n")  # the name of the script, which does not matter
        assert (seen.outcome, seen.cause) == (Outcome.NOT_APPLICABLE, NoVerdict.MISSING_PACKAGE)

    @pytest.mark.parametrize(
        ("text", "cause"),
        [
            ("open('train.csv')\n", NoVerdict.MISSING_FILE),
            ("open('../train.csv')\n", NoVerdict.MISSING_FILE),
            ("raise OSError('train.csv not found.')\n", NoVerdict.MISSING_FILE),
            ("import subprocess\nsubprocess.run(['no-such-tool'])\n", NoVerdict.MISSING_FILE),
            ("import argparse\np = argparse.ArgumentParser()\np.add_argument('x')\np.parse_args()\n",
             NoVerdict.NO_ARGUMENTS),
            ("import sys\nopen(sys.argv[1])\n", NoVerdict.NO_ARGUMENTS),
            ("import sys\n_, first = sys.argv\n", NoVerdict.NO_ARGUMENTS),
            ("import sys\nif len(sys.argv) < 2:\n    sys.exit('Usage: report.py FILE')\n", NoVerdict.NO_ARGUMENTS),
            ("name = input('name? ')\n", NoVerdict.NO_INPUT),
            ("import os\ntoken = os.environ['HUB_TOKEN']\n", NoVerdict.NO_INPUT),
        ],
    )  # fmt: skip
    def test_what_was_not_sent_is_no_verdict(self, attempt, text, cause):
        seen = attempt(text)
        assert (seen.outcome, seen.cause) == (Outcome.FAILED, cause)
        assert seen.reason

    def test_script_that_only_prints_its_usage_is_not_applicable(self, attempt):
        seen = attempt("import sys\nif len(sys.argv) < 2:\n    print('Usage: report.py FILE')\n")
        assert (seen.outcome, seen.cause) == (Outcome.NOT_APPLICABLE, NoVerdict.NO_ARGUMENTS)
        assert "printed its usage" in seen.reason

    def test_use_of_memory_is_no_usage(self, attempt):
        assert attempt("import sys\nprint(sys.argv[0], 'memory usage: 3')\n").outcome is Outcome.PASSED


class TestOwnEnds:
    """Scripts that end themselves: what they refuse was not tested."""

    SKIPPED = "class Skipped(OutcomeException): pass\n"

    @pytest.mark.parametrize(
        "text",
        [
            pytest.param("import unittest, demo\nif demo:\n    raise unittest.SkipTest('needs 2.16')\n", id="unittest"),
            pytest.param(
                "class OutcomeException(BaseException): pass\nclass Skipped(OutcomeException): pass\n"
                "print()\nraise Skipped('needs 2.16')\n", id="pytest",
            ),
        ],
    )  # fmt: skip
    def test_skip_outside_of_a_test_is_not_applicable(self, attempt, text):
        seen = attempt(text)
        assert (seen.outcome, seen.cause) == (Outcome.NOT_APPLICABLE, NoVerdict.NOTHING_EXECUTED)
        assert seen.reason == "the script skips itself here: needs 2.16"

    @pytest.mark.parametrize(
        ("text", "line"),
        [
            ("assert demo.__version__ == '2.16.1'\n", 3),
            ("assert demo.__version__.startswith('2.16'), 'run it in 2.16'\n", 3),
            ("if tuple(map(int, demo.__version__.split('.')[:2])) < (2, 16):\n    raise RuntimeError('too old')\n", 4),
            ("v = demo.__version__.split('.')\nif int(v[1]) < 16:\n    print('too old')\n    sys.exit(1)\n", 6),
            ("def check():\n    if not demo.__version__ >= '2.16':\n        raise SystemExit('too old')\ncheck()\n", 5),
            ("if demo.__version__ == '2.16.1':\n    pass\nelse:\n    exit(3)\n", 6),
            ("assert sys.version_info > (9, 9)\n", 3),
            ("OLD = demo.__version__ < '2.16'\nif OLD:\n    raise RuntimeError('too old')\n", 5),
            ("major, minor = [int(x) for x in demo.__version__.split('.')[:2]]\nassert (major, minor) >= (2, 16)\n", 4),
        ],
    )
    def test_check_of_the_version_is_not_applicable(self, attempt, text, line):
        seen = attempt(f"import demo, sys\ndemo.__version__ = '2.15.0'\n{text}")
        assert (seen.outcome, seen.cause) == (Outcome.NOT_APPLICABLE, NoVerdict.NOTHING_EXECUTED)
        assert seen.reason.startswith(f"the script itself refuses this version, in line {line}.")

    def test_exit_with_status_0_for_a_version_is_not_applicable(self, attempt):
        text = "import demo, sys\ndemo.__version__ = '2.15.0'\nif not demo.__version__.startswith('2.16'):\n"
        seen = attempt(
            f"{text}    print('needs 2.16, not', demo.__version__)\n    sys.exit(0)\nraise ValueError('bug')\n"
        )
        assert (seen.outcome, seen.cause) == (Outcome.NOT_APPLICABLE, NoVerdict.NOTHING_EXECUTED)
        assert "refuses this version, in line 5" in seen.reason

    @pytest.mark.parametrize(
        "text",
        [
            pytest.param("assert demo.__version__ == demo_config.__name__\n", id="two versions are compared"),
            pytest.param(
                "class Saved:\n    version = 2\nsaved = Saved()\nassert saved.version == 3\n", id="of an object"
            ),
            pytest.param("if demo.__version__ < '3':\n    assert demo.__version__ == demo.__name__\n", id="inside"),
            pytest.param(
                "if demo.__version__ < '3' and demo.load('.') is None:\n    raise ValueError('x')\n", id="and"
            ),
            pytest.param("if demo.__version__ < '3':\n    x = demo.load('.')\n    raise ValueError(x)\n", id="more"),
            pytest.param("assert demo.__version__.count('.') == 5\n", id="its form"),
            pytest.param("x = 1 if demo.__version__ < '3' else 2\nassert x == 2\n", id="a value that depends on it"),
            pytest.param("x = [3, 4][demo.__version__ < '3']\nassert x == 3\n", id="an element that depends on it"),
            pytest.param("x = demo.__version__\nfor x in [1]:\n    assert x == 2\n", id="another value"),
            pytest.param("assert len(demo.__name__) == 2\n", id="a name"),
        ],
    )
    def test_other_checks_are_failures(self, attempt, text):
        seen = attempt(f"import demo, demo_config\ndemo.__version__ = '2.15.0'\n{text}")
        assert (seen.outcome, seen.cause) == (Outcome.FAILED, None)

    def test_exit_in_a_handler_is_judged_by_what_was_caught(self, attempt):
        seen = attempt(
            "import sys\ntry:\n    import pandaz\n    print()\nexcept Exception as e:\n    print(e)\n    sys.exit(1)\n"
        )
        assert (seen.outcome, seen.cause) == (Outcome.NOT_APPLICABLE, NoVerdict.MISSING_PACKAGE)

    @pytest.mark.parametrize("end", ["sys.exit(1)", "exit(3)", "raise SystemExit(1)", "sys.exit(True)"])
    def test_exit_in_a_handler_fails_with_what_was_caught(self, attempt, end):
        seen = attempt(f"import sys\ntry:\n    int('a bug')\nexcept Exception as e:\n    print(e)\n    {end}\n")
        assert (seen.outcome, seen.cause) == (Outcome.FAILED, None)
        assert seen.error == "ValueError: invalid literal for int() with base 10: 'a bug'"

    def test_exit_of_a_function_that_a_handler_calls_is_none_of_the_handler(self, attempt):
        text = "def main():\n    sys.exit(1)\ntry:\n    import pandaz\nexcept ImportError:\n    main()\nprint(1)\n"
        seen = attempt(f"import sys\n{text}")
        assert (seen.outcome, seen.cause, seen.error) == (Outcome.FAILED, None, "SystemExit: 1")

    def test_exit_with_a_message_fails_with_that(self, attempt):
        seen = attempt("import sys\ntry:\n    int('a')\nexcept Exception as e:\n    sys.exit('it is wrong')\n")
        assert seen.error == "SystemExit: it is wrong"

    def test_relative_import_is_no_verdict(self, attempt):
        seen = attempt("def f():\n    from . import helper\nf()\n")
        assert (seen.outcome, seen.cause) == (Outcome.FAILED, NoVerdict.MISSING_HELPER)
        assert "a relative import works only inside a package" in seen.reason


class TestCaughtImports:
    @pytest.mark.parametrize(
        "text",
        [
            pytest.param("try:\n    import pandaz as pd\nexcept ImportError:\n    pd = None\npd.DataFrame()\n", id="None"),
            pytest.param("try:\n    import pandaz as pd\nexcept ImportError as e:\n    print(e)\npd.DataFrame()\n", id="unset"),
            pytest.param("try:\n    from pandaz import frame\nexcept Exception:\n    frame = None\nframe(1)\n", id="called"),
            pytest.param(
                "try:\n    import pandaz\n    HAS = True\nexcept ImportError:\n    HAS = False\n"
                "if not HAS:\n    raise RuntimeError('pandaz is required')\n", id="asked for",
            ),
        ],
    )  # fmt: skip
    def test_script_that_goes_on_without_a_package_and_needs_it_is_not_applicable(self, attempt, text):
        seen = attempt(text)
        assert (seen.outcome, seen.cause) == (Outcome.NOT_APPLICABLE, NoVerdict.MISSING_PACKAGE)
        assert seen.reason.startswith("needs pandaz, which is not installed")

    @pytest.mark.parametrize(
        "text",
        [
            pytest.param("import demo\ndemo.gone()\n", id="another failure"),
            pytest.param("x = None\nx.y\n", id="another None"),
            pytest.param("print(undefined)\n", id="another name"),
        ],
    )
    def test_other_failure_stays_one(self, attempt, text):
        seen = attempt(f"try:\n    import pandaz as pd\nexcept ImportError:\n    pd = None\n{text}")
        assert (seen.outcome, seen.cause) == (Outcome.FAILED, None)

    @pytest.mark.parametrize("text", ["demo.fetch.__doc__.x\n", "raise ValueError('not the same as pandaz')\n"])
    def test_package_that_another_replaces_is_not_missing(self, attempt, text):
        seen = attempt(f"try:\n    import pandaz as demo\nexcept ImportError:\n    import demo\n{text}")
        assert (seen.outcome, seen.cause) == (Outcome.FAILED, None)

    def test_name_of_an_installed_package_is_a_failure(self, attempt):
        seen = attempt("try:\n    from demo import gone\nexcept ImportError:\n    gone = None\ngone.x\n")
        assert (seen.outcome, seen.cause) == (Outcome.FAILED, None)


class TestChildProcesses:
    RUN = "import subprocess, sys\nsubprocess.run([sys.executable, '-c', {!r}], check=True)\n"

    def test_package_that_a_child_lacks_is_not_applicable(self, attempt):
        seen = attempt(self.RUN.format("import pandaz"))
        assert (seen.outcome, seen.cause) == (Outcome.NOT_APPLICABLE, NoVerdict.MISSING_PACKAGE)
        assert seen.reason.startswith("needs pandaz,")

    def test_failure_of_a_child_is_the_failure(self, attempt):
        assert attempt(self.RUN.format("raise ValueError('wrong shape')")).error == "ValueError: wrong shape"

    def test_installing_packages_is_not_applicable_and_they_are_named(self, attempt):
        text = "import subprocess, sys\nsubprocess.check_call([sys.executable, '-m', 'pip', 'install', '-q', 'pandaz==1'])\n"
        seen = attempt(text)
        assert (seen.outcome, seen.cause) == (Outcome.NOT_APPLICABLE, NoVerdict.MISSING_PACKAGE)
        assert seen.reason.endswith("Remove this line, and add them: --with 'pandaz==1'")

    def test_program_that_a_shell_does_not_find_is_no_verdict(self, attempt):
        seen = attempt("import subprocess\nsubprocess.run('no-such-tool -v', shell=True, check=True)\n")
        assert (seen.outcome, seen.cause) == (Outcome.FAILED, NoVerdict.MISSING_FILE)

    @pytest.mark.parametrize("backend", contained())
    def test_network_that_a_child_lacks_is_not_applicable(self, attempt, backend):
        seen = attempt(self.RUN.format("import socket; socket.getaddrinfo('example.com', 80)"), backend=backend)
        assert (seen.outcome, seen.cause) == (Outcome.NOT_APPLICABLE, NoVerdict.NO_NETWORK)

    def test_file_that_a_child_lacks_is_no_verdict(self, attempt):
        seen = attempt(self.RUN.format("open('data.csv')"))
        assert (seen.outcome, seen.cause) == (Outcome.FAILED, NoVerdict.MISSING_FILE)

    @pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
    def test_copy_that_waits_at_the_end_is_no_time_out(self, attempt):
        text = "# /// script\n# [tool.harness]\n# timeout = 2\n# ///\nimport os\npid = os.fork()\nif pid:\n    os.waitpid(pid, 0)\n"
        seen = attempt(text)
        assert (seen.outcome, seen.error) in ((Outcome.NOT_APPLICABLE, ""), (Outcome.PASSED, ""))


class TestMetadata:
    @pytest.mark.parametrize(
        "text",
        [
            "from importlib.metadata import version\nprint(version('demo'))\n",
            "class DistributionNotFound(Exception): pass\n"
            "raise DistributionNotFound(\"The 'demo>=2' distribution was not found and is required by the application\")\n",
        ],
        ids=["importlib", "pkg_resources"],
    )
    def test_package_that_another_stands_for_is_not_missing(self, attempt, text):
        seen = attempt(text, packages=("demo_cpu",), provides=(("demo-cpu", "demo"),))
        assert (seen.outcome, seen.cause) == (Outcome.NOT_APPLICABLE, NoVerdict.MISSING_PACKAGE)
        reason = "the script asks for the version of demo, and this environment has demo-cpu for it"
        assert seen.reason == f"{reason}. Ask for demo.__version__"

    def test_missing_one_is_to_be_added(self, attempt):
        text = "class DistributionNotFound(Exception): pass\nraise DistributionNotFound(\"The 'pandaz' distribution was not found\")\n"
        seen = attempt(text)
        assert (seen.outcome, seen.cause) == (Outcome.NOT_APPLICABLE, NoVerdict.MISSING_PACKAGE)


class TestMissingInput:
    @pytest.mark.parametrize(
        ("text", "cause"),
        [
            ("import sys\nargs = sys.argv[1:]\nprint(args[0])\n", NoVerdict.NO_ARGUMENTS),
            ("import sys\npath = sys.argv[1] if len(sys.argv) > 1 else None\nopen(path)\n", NoVerdict.NO_ARGUMENTS),
            ("import argparse\np = argparse.ArgumentParser()\np.add_argument('--data')\na = p.parse_args()\nopen(a.data)\n",
             NoVerdict.NO_ARGUMENTS),
            ("import os\nopen(os.getenv('DATA_DIR'))\n", NoVerdict.NO_INPUT),
            ("import sys\nn = int(sys.stdin.readline())\n", NoVerdict.NO_INPUT),
            ("import sys, json\nd = json.load(sys.stdin)\n", NoVerdict.NO_INPUT),
            ("import sys\na, b = sys.stdin.read().split()\n", NoVerdict.NO_INPUT),
            ("import getpass\ngetpass.getpass()\n", NoVerdict.NO_INPUT),
        ],
    )  # fmt: skip
    def test_failure_for_want_of_it_is_no_verdict(self, attempt, text, cause):
        seen = attempt(text)
        assert (seen.outcome, seen.cause) == (Outcome.FAILED, cause)

    @pytest.mark.parametrize(
        "text",
        [
            pytest.param("layers = []\nprint(layers[n])\n", id="an index of the version"),
            pytest.param("import demo\nprint(demo.load('.')[n])\n", id="the value of a call"),
            pytest.param("int('')\n", id="another empty text"),
        ],
    )
    def test_other_failures_of_a_script_with_arguments_stay(self, attempt, text):
        before = "import sys\nn = int(sys.argv[1]) if len(sys.argv) > 1 else 3\n"
        seen = attempt(before + text)
        assert (seen.outcome, seen.cause) == (Outcome.FAILED, None)
