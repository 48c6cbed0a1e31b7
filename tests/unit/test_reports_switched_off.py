"""Scripts that end well and do nothing, as their code is switched off: by a constant, or by what they are run with."""

import pytest

from harness.execute.failure_facts import AttemptContext
from harness.execute.no_verdict import why_no_verdict
from harness.model import NoVerdict, Outcome
from harness.reports.kinds import Kind
from harness.reports.scripts import check_script, find_fault

MAIN = "import demo\ndef main():\n    demo.fit()\n"
GPUS = "import tensorflow as tf\ngpus = tf.config.list_physical_devices('GPU')\n"


def refusal(text):
    return check_script(text, name="report.py", fault=find_fault(text))


def reason_for(text, **context):
    context = {"sandboxed": True, "reads_arguments": "argv" in text, **context}
    return why_no_verdict({"outcome": "passed", "executed": True}, AttemptContext(text=text, **context))


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param(f"{MAIN}RUN = False\nif RUN:\n    main()\n", 5, id="flag"),
        pytest.param(f"{MAIN}RUN = 0\nif __name__ == '__main__' and RUN:\n    main()\n", 5, id="flag and guard"),
        pytest.param(f"{MAIN}if 'main' == __name__:\n    main()\n", 4, id="wrong guard"),
        pytest.param(f"{MAIN}DEBUG = True\nif not DEBUG:\n    main()\nelse:\n    print('off')\n", 5, id="not"),
        pytest.param(f"{MAIN}while False:\n    main()\n", 4, id="while"),
        pytest.param(f"{MAIN}CASES = []\nfor case in CASES:\n    main()\n", 5, id="for"),
        pytest.param(
            "import demo\nRUN = False\ndef main():\n    if not RUN:\n        return\n    demo.fit()\nmain()\n",
            4,
            id="return",
        ),
        pytest.param(
            "import demo, sys\nSKIP = True\nprint(demo.__version__)\nif SKIP:\n    sys.exit()\ndemo.fit()\n",
            4,
            id="exit",
        ),
    ],
)
def test_script_that_a_constant_switches_off_is_refused(text, line):
    found = refusal(text)
    assert found is not None
    assert (found.kind, found.line) == (Kind.SWITCHED_OFF, line)


@pytest.mark.parametrize(
    "text",
    [
        "import demo\nDEBUG = False\nif DEBUG:\n    demo.log()\ndemo.fit()\n",
        "import demo\nRUN = False\nRUN = True\nif RUN:\n    demo.fit()\n",
        "import demo\nRUN = False\ndef on():\n    global RUN\n    RUN = True\non()\nif RUN:\n    demo.fit()\n",
        "import demo\nDEBUG = True\nif DEBUG:\n    print('hello')\n",
        "import demo\nRUN = demo.flag\nif RUN:\n    demo.fit()\n",
        "import demo, sys\nFAIL = True\nif FAIL:\n    sys.exit(1)\n",
        "import demo\ndef check(run=False):\n    if run:\n        demo.fit()\nrun = 1\ncheck(run)\n",
        "import demo\ntry:\n    X = 1\nexcept Exception:\n    demo.fit()\nif False:\n    demo.fit()\n",
        "# /// script\n# [tool.harness.parameters]\n# run = [0, 1]\n# ///\nimport demo\n"
        '# %% tags=["parameters"]\nrun = 0\n# %% go\nif run:\n    demo.fit()\n',
        "print('hello')\n",
        "import demo\nprint(demo.__version__)\nif False:\n    demo.fit()\n",
    ],
)
def test_script_that_does_something_or_may_do_so_is_accepted(text):
    assert refusal(text) is None
    assert reason_for(text, sandboxed=False) is None


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        (f"import sys\n{MAIN}if len(sys.argv) > 1:\n    main()\n", NoVerdict.NO_ARGUMENTS),
        (f"import sys\n{MAIN}if '--run' in sys.argv:\n    main()\n", NoVerdict.NO_ARGUMENTS),
        (f"import sys\n{MAIN}for path in sys.argv[1:]:\n    demo.load(path)\n", NoVerdict.NO_ARGUMENTS),
        (f"import sys\n{MAIN}for line in sys.stdin:\n    main()\n", NoVerdict.NO_INPUT),
        (f"import os\n{MAIN}if os.environ.get('RUN_REPRO'):\n    main()\n", NoVerdict.NO_INPUT),
        (f"import os\n{MAIN}if os.getenv('RUN_REPRO') == '1':\n    main()\n", NoVerdict.NO_INPUT),
        (f"{GPUS}if gpus:\n    tf.fit()\n", NoVerdict.NO_GPU),
        (f"{GPUS}if len(gpus) < 2:\n    print('two are needed')\n    exit(0)\ntf.fit()\n", NoVerdict.NO_GPU),
        (f"{GPUS}def main():\n    if not gpus:\n        return\n    tf.fit()\nmain()\n", NoVerdict.NO_GPU),
        ("import torch\nif not torch.cuda.is_available():\n    raise SystemExit(0)\ntorch.fit()\n", NoVerdict.NO_GPU),
        (f"import os\n{MAIN}if os.path.exists('model.h5'):\n    main()\n", NoVerdict.MISSING_FILE),
        (f"import os\n{MAIN}for folder in os.walk('/kaggle/input'):\n    main()\n", NoVerdict.MISSING_FILE),
        (f"import os\n{MAIN}if os.path.isdir('/content/drive'):\n    main()\n", NoVerdict.MISSING_FILE),
        (f"import glob\n{MAIN}for each in glob.glob('data/*.csv'):\n    main()\n", NoVerdict.MISSING_FILE),
    ],
)
def test_script_that_did_nothing_for_want_of_something_is_not_applicable(text, cause):
    assert refusal(text) is None
    found = reason_for(text)
    assert found is not None
    assert (found.outcome, found.cause) == (Outcome.NOT_APPLICABLE, cause)
    assert "nothing was executed because of line" in found.reason


@pytest.mark.parametrize(
    ("text", "context"),
    [
        (f"{GPUS}if gpus:\n    tf.grow()\ntf.fit()\n", {}),
        (f"{GPUS}print(gpus)\n", {}),
        (f"import os\n{MAIN}if os.path.isdir('/content/drive'):\n    main()\n", {"sandboxed": False}),
        (f"import os\n{MAIN}if os.path.isdir('/proc'):\n    main()\n", {}),
        (f"{GPUS}if gpus:\n    tf.fit()\n", {"sandboxed": False}),
        (f"import sys\n{MAIN}if len(sys.argv) > 1:\n    main()\n", {"reads_arguments": False}),
        (f"import os\n{MAIN}if os.getenv('RUN_REPRO'):\n    main()\n", {"variables": frozenset({"RUN_REPRO"})}),
        (f"import os\nos.environ['RUN_REPRO'] = '1'\n{MAIN}if os.getenv('RUN_REPRO'):\n    main()\n", {}),
        (f"import os\n{MAIN}if os.path.exists('model.h5'):\n    main()\n", {"sent": frozenset({"model.h5"})}),
        (f"import os\n{MAIN}demo.save('model.h5')\nif os.path.exists('model.h5'):\n    main()\n", {}),
    ],
)
def test_script_that_did_something_or_may_have_passes(text, context):
    assert reason_for(text, **context) is None


def test_assertion_of_a_pair_is_refused():
    found = refusal("import demo\nprint(demo)\nassert (demo.x == 1, 'wrong')\n")
    assert found is not None
    assert (found.kind, found.line) == (Kind.ALWAYS_TRUE, 3)
    assert refusal("import demo\nassert (demo.x == 1), 'wrong'\n") is None
