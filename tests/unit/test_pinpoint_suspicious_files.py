"""Which changed files a script runs: tracing, the comparison of two wheels, the order, and its texts."""

import base64
import json
import sys
import zlib
from dataclasses import replace

import pytest
from packaging.utils import canonicalize_name

from harness.model import Case, Scenario
from harness.pinpoint.answers.documents import document
from harness.pinpoint.answers.texts import markdown, terminal
from harness.pinpoint.answers.values import ProvenTransition
from harness.pinpoint.candidates import Subject
from harness.pinpoint.suspicious_files import texts as file_texts
from harness.pinpoint.suspicious_files.ranking import (
    Differing,
    Suspect,
    SuspectFiles,
    differing,
    functions_of,
    python_files,
    suspects,
)
from harness.pinpoint.suspicious_files.search import traced_subject
from harness.pinpoint.suspicious_files.tracing import Trace, read_trace, traced
from harness.project.script import parse_script
from harness.search.transitions import State
from harness.triage.answer import Change, Reproduction, TriageAnswer
from harness.triage.reply import markdown as reply
from tests.schemas import validator
from tests.unit.test_pinpoint_answer import answer, point

LIB = canonicalize_name("lib")
BEFORE = {
    "lib/ops.py": "def scale(x):\n    'Old words.'\n    return helper(x)\n\n\ndef helper(x):\n    raise TypeError(x)\n",
    "lib/far.py": "def used():\n    return 1\n",
    "lib/same.py": "x = 1\n",
    "lib/text.py": "# Only a comment.\ndef used():\n    return 1\n",
    "lib/unused.py": "def used():\n    return 1\n",
    "lib/moved/here.py": "def used():\n    return 1\n",
}
AFTER = {
    "lib/ops.py": "def scale(x):\n    'New words.'\n    return helper(x)\n\n\ndef helper(x):\n    return x\n",
    "lib/far.py": "def used():\n    return 2\n",
    "lib/same.py": "x = 1\n",
    "lib/text.py": "def used():\n    return 1\n",
    "lib/src/moved/here.py": "def used():\n    return 1\n",
}


def installed(folder, files, name="lib"):
    """Write an installed package: its files, and the RECORD of its wheel."""
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "RECORD").write_text("".join(f"{file},sha256={hash(text):x},1\n" for file, text in files.items()))
    for file, text in files.items():
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def changed(tmp_path):
    return differing(installed(tmp_path / "bad", BEFORE), installed(tmp_path / "good", AFTER), LIB)


def test_files_that_moved_are_compared_with_what_they_are_now(changed):
    assert [each.file for each in changed] == ["lib/ops.py", "lib/far.py", "lib/text.py", "lib/unused.py"]
    assert changed[-1].other is None


def test_files_of_other_packages_are_not_compared(tmp_path):
    folder = installed(tmp_path, {"other.py": ""}, name="other")
    assert python_files(folder, LIB) == {}


def test_file_with_several_counterparts_is_gone(tmp_path):
    bad = installed(tmp_path / "bad", {"lib/a/x.py": "1"})
    good = installed(tmp_path / "good", {"lib/b/a/x.py": "1", "lib/c/a/x.py": "1"})
    assert [(each.file, each.other) for each in differing(bad, good, LIB)] == [("lib/a/x.py", None)]


def test_files_are_ranked_by_the_changed_functions_that_the_script_executes(changed):
    trace = Trace(
        error="TypeError",
        frames=(("lib/far.py", 2), ("lib/ops.py", 7)),
        executed={
            "lib/far.py": ((1, 1, 1),),
            "lib/ops.py": ((1, 1, 1), (6, 2, 2)),
            "lib/text.py": ((2, 5, 1),),
        },
    )
    ranked = suspects(changed, trace)
    assert [each.file for each in ranked] == ["lib/ops.py", "lib/far.py", "lib/text.py", "lib/unused.py"]
    assert (ranked[0].in_traceback, ranked[0].depth, ranked[0].changed) == (0, 2, ("helper",))
    assert [each.runs for each in ranked] == [True, True, True, False]


def test_module_that_fails_as_it_is_imported_is_in_the_traceback(tmp_path):
    path = tmp_path / "lib.py"
    path.write_text("def used():\n    return 1\n\nraise ValueError\n")
    found = [Differing(file="lib.py", path=path, other=None), Differing(file="a.py", path=path, other=None)]
    ranked = suspects(found, Trace(error="ValueError", frames=(("lib.py", 4),), executed={}))
    assert [(each.file, each.in_traceback) for each in ranked] == [("lib.py", 0), ("a.py", None)]


def test_source_that_cannot_be_parsed_has_no_functions():
    assert functions_of("print 'two'\n") == {}
    assert functions_of("class A:\n    @property\n    def b(self): pass\n")["A.b"][:2] == (2, 3)


def run_traced(tmp_path, monkeypatch, capsys, text):
    """Run the traced form of a script here, with a package that calls a function as it is imported."""
    folder = installed(tmp_path / "site", {**BEFORE, "lib/__init__.py": "def at_import(): pass\nat_import()\n"})
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "__stdout__", sys.stdout)
    monkeypatch.setattr(sys, "argv", ["script.py"])
    try:
        exec(text, {"__name__": "__main__"})
    finally:
        for name in [each for each in sys.modules if each.partition(".")[0] == "lib"]:
            del sys.modules[name]
    return read_trace(capsys.readouterr().out)


def test_traced_script_prints_what_it_executes_after_its_imports(tmp_path, monkeypatch, capsys):
    script = "from lib import ops, far\nfar.used()\nprint('no newline', end='')\ndef late():\n    import lib.text\n    lib.text.used()\nlate()\nops.scale(1)\n"
    trace = run_traced(tmp_path, monkeypatch, capsys, traced(script, ["lib"]))
    assert trace.error == "TypeError"
    assert trace.frames == (("lib/ops.py", 3), ("lib/ops.py", 7))
    assert trace.executed == {
        "lib/far.py": ((1, 1, 1),),
        "lib/text.py": ((2, 1, 1),),
        "lib/ops.py": ((1, 1, 1), (6, 1, 2)),
    }


def test_code_that_is_generated_elsewhere_is_the_scripts_and_messages_quote_frames(tmp_path, monkeypatch, capsys):
    """As AutoGraph does: it writes a function into a file, calls that, and puts its frames into a message."""
    generated = tmp_path / "made" / "generated.py"
    generated.parent.mkdir()
    script = (
        "from lib import far, ops\n"
        f"code = compile('import lib.far\\ndef made(): return lib.far.used()\\n', {str(generated)!r}, 'exec')\n"
        "made = {}\nexec(code, made)\n"
        "sorted([1], key=lambda _: made['made']())\n"
        "raise ValueError(f'in user code:\\n\\n    {ops.__file__}:7 helper\\n    {far.__file__}:2 used  *\\n')\n"
    )
    trace = run_traced(tmp_path, monkeypatch, capsys, traced(script, ["lib"]))
    assert trace.executed == {"lib/far.py": ((1, 1, 1),)}
    assert trace.frames == (("lib/ops.py", 7), ("lib/far.py", 2))


def test_traced_script_has_the_parameters_of_its_case(tmp_path, monkeypatch, capsys):
    text = 'import lib.far\n# %% tags=["parameters"]\nx = 0\n# %% use\nassert x == 2\nlib.far.used()\n'
    script = parse_script(text, tmp_path / "s.py", problems=None)
    scenario = Scenario(name="s", subject="", path=tmp_path / "s.py", title="", script=script)
    asked = Subject(scenario=scenario, case=Case(scenario="s", parameters=(("x", 2),)))
    made = traced_subject(asked, {"lib"})
    assert made.case == Case(scenario="traced_s")
    trace = run_traced(tmp_path, monkeypatch, capsys, made.scenario.script.text)
    assert (trace.error, trace.executed) == ("", {"lib/far.py": ((1, 1, 1),)})
    assert traced_subject(replace(asked, case=Case(scenario="s")), {"lib"}).scenario.digest != made.scenario.digest


def printed(document):
    return f"EXECUTED {base64.b64encode(zlib.compress(json.dumps(document).encode())).decode()}\n"


@pytest.mark.parametrize(
    "stdout",
    [
        "nothing",
        "EXECUTED none\n",
        f"EXECUTED {base64.b64encode(b'none').decode()}\n",
        printed([]),
        printed({"error": "", "frames": [1], "executed": {}}),
        printed({"error": "", "frames": [], "executed": []}),
    ],
)
def test_line_that_only_looks_like_a_trace_is_none(stdout):
    assert read_trace(stdout) is None


FILES = SuspectFiles(
    release="3.0.0",
    differing=40,
    files=(
        Suspect(file="lib/a_b.py", in_traceback=0, depth=1, changed=("f", "g", "h", "i"), nearest=1),
        *(Suspect(file=f"lib/{number}.py", nearest=2) for number in range(10)),
    ),
)


def searched(files):
    points = [point("2.15.0"), point("3.0.0", State.BAD)]
    return answer(
        points, [ProvenTransition(package="keras", before=points[0], after=points[1], files=files)], mode="every"
    )


def test_answer_names_the_first_ten_files_and_says_that_it_is_a_hint():
    found = searched(FILES)
    for text in (terminal(found, 80), markdown(found)):
        assert "Files that changed and that the script runs in 3.0.0 (40 Python files differ):" in text
        assert "1. lib/a_b.py: f, g, h and 1 more; in the traceback" in text
        assert "10. lib/8.py: runs, but calls no changed function" in text
        assert "and 1 more (--json)" in text
        assert "A hint, not a verdict" in text
    assert max(map(len, terminal(found, 80).splitlines())) <= 80
    made = document(found)
    validator("pinpoint").validate(made)
    (transition,) = made["transitions"]
    assert len(transition["suspect_files"]["files"]) == 11
    assert file_texts.items(file_texts.parse(transition["suspect_files"])) == file_texts.items(FILES)


@pytest.mark.parametrize(
    ("files", "text"),
    [
        (replace(FILES, files=()), "none. 40 Python files"),
        (replace(FILES, files=(), note="a wheel lists no Python file"), "not known, a wheel lists"),
        (replace(FILES, files=(Suspect(file="lib.py"),), note="not traced: it is the only one"), "1. lib.py"),
    ],
)
def test_answer_without_a_ranking_says_why(files, text):
    shown = terminal(searched(files), 80)
    assert text in " ".join(shown.split())
    assert "A hint" not in shown
    validator("pinpoint").validate(document(searched(files)))


def test_commits_leave_no_need_for_suspicious_files():
    found = searched(None)
    assert document(found)["transitions"][0]["suspect_files"] is None
    assert "Files that changed" not in terminal(found, 80)


def test_reply_folds_the_files_of_the_changes_that_it_is_about():
    transition = {**document(searched(FILES))["transitions"][0]}
    change = Change(package="keras", last="2.15.0", first="3.0.0")
    made = TriageAnswer(
        name="r",
        verdict="v",
        observed="error",
        reproduced=Reproduction(environment=None, result="not possible"),
        responsible="keras",
        stepped="keras",
        introduced=change,
        transitions=(transition,),
    )
    text = reply(made)
    assert "<details><summary>Suspicious files between keras 2.15.0 and 3.0.0</summary>" in text
    assert "* 1. lib/a_b.py: f, g, h and 1 more; in the traceback" in text
    assert "A hint, not a verdict" in text
    with_commit = replace(made, introduced=replace(change, commit={"sha": "d" * 40, "title": "T"}))
    assert "Suspicious files" not in reply(with_commit)
