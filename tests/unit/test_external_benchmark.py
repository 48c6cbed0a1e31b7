"""The external benchmark on a made-up data set of the same shape: reading, the rule, and the ranking of files."""

import base64
import json
import zipfile
import zlib
from dataclasses import replace
from pathlib import Path
from xml.sax.saxutils import escape

import pytest

from benchmark.external.dataset import last_exception, plain_path, read_bugs
from benchmark.external.defects import run_defects
from benchmark.external.figures import BugFigures, counts, document, markdown, versions_of
from benchmark.external.frameworks import FRAMEWORKS, PYTORCH, TENSORFLOW
from benchmark.external.judging import Shows, judge, shown_by, version_of
from benchmark.external.localising import copy_python_files, rank_of, ranked_files
from benchmark.external.runs import superfluous_wheels
from benchmark.external.scripts import added_packages, placed_script, placed_traced_script
from harness.errors import UsageError
from harness.model import matches_globs
from harness.pinpoint.suspicious_files.tracing import Trace
from harness.project.lock_file import read_lock, write_lock
from harness.project.project import read_project
from harness.triage.evidence import Failure
from tests.making import make_lock

SPREADSHEET = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
TRACE = """Traceback (most recent call last):
  File "tf-11-original.py", line 3, in <module>
    ops.scale(1)
ValueError: bad scale

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/envs/tf-11-buggy/site-packages/tensorflow_core/python/ops.py", line 4, in scale
TypeError: in converted code:

    tf-11-original.py:3 call

    TypeError: Cannot scale 1 by a float."""
ROWS = [
    ["project", "pr_id", "fault_ground_truth_file", "symptom"],
    ["Tensorflow", "12", "tensorflow/python/a.py+tensorflow/python/b.py", "Incorrect  Functionality"],
    ["Tensorflow", "11", "tensorflow_core/python/ops.py", "Crash"],
    ["Tensorflow", "13", "tensorflow/python/c.py", "Crash"],
    ["", "", "", ""],
]


def write_table(path, rows):
    """Write an .xlsx file with shared strings, numbers and empty cells."""
    texts = [text for row in rows for text in row if text and not text.isdigit()]
    cells = [
        "".join(_cell(f"{'ABCD'[place]}{number}", text, texts) for place, text in enumerate(row))
        for number, row in enumerate(rows, start=1)
    ]
    lines = "".join(f"<row>{each}</row>" for each in cells)
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        items = "".join(f"<si><t>{escape(each)}</t></si>" for each in texts)
        archive.writestr("xl/sharedStrings.xml", f"<sst {SPREADSHEET}>{items}</sst>")
        archive.writestr(
            "xl/worksheets/sheet1.xml", f"<worksheet {SPREADSHEET}><sheetData>{lines}</sheetData></worksheet>"
        )


def _cell(place, text, texts):
    if not text:
        return f'<c r="{place}"/>'
    if text.isdigit():
        return f'<c r="{place}"><v>{text}</v></c>'
    return f'<c r="{place}" t="s"><v>{texts.index(text)}</v></c>'


@pytest.fixture
def clone(tmp_path):
    write_table(tmp_path / "data" / "tensorflow-release.xlsx", ROWS)
    for id, script in [("tf-11", "import tensorflow\n"), ("tf-12", "from numpy import ones\n")]:
        folder = tmp_path / "data" / "tensorflow" / "Result" / id
        folder.mkdir(parents=True)
        (folder / f"{id}-original.py").write_text(script, encoding="utf-8")
        (folder / "stack_trace.txt").write_text(TRACE, encoding="utf-8")
    return tmp_path


def test_bugs_have_script_failure_and_faulty_files(clone):
    first, second = read_bugs(clone, TENSORFLOW)  # tf-13 has no script
    assert (first.id, first.symptom, first.faulty) == ("tf-11", "Crash", ("tensorflow/python/ops.py",))
    assert first.failure.matches("TypeError: Cannot scale 1 by a float.")
    assert not first.failure.matches("ValueError: bad scale")
    assert second.faulty == ("tensorflow/python/a.py", "tensorflow/python/b.py")


def test_another_folder_is_refused(tmp_path):
    with pytest.raises(UsageError, match="not a clone of Defects4DLL"):
        read_bugs(tmp_path, TENSORFLOW)


@pytest.mark.parametrize("rows", [[], [["pr_id", "symptom"], ["1", "Crash"]]], ids=["empty", "a column is missing"])
def test_table_without_the_columns_is_refused(clone, rows):
    write_table(clone / "data" / "tensorflow-release.xlsx", rows)
    with pytest.raises(UsageError, match="no column"):
        read_bugs(clone, TENSORFLOW)


def test_file_that_is_no_table_is_refused(clone):
    (clone / "data" / "tensorflow-release.xlsx").write_bytes(b"none")
    with pytest.raises(UsageError, match="cannot be read as a table"):
        read_bugs(clone, TENSORFLOW)


def test_exception_whose_message_quotes_a_traceback_is_the_outer_one():
    quoted = 'Traceback (most recent call last):\n\n  File "a.py", line 1\n    x\n\nAssertionError: \nnot equal\n'
    outer = 'Traceback (most recent call last):\n  File "s.py", line 2, in <module>\n    f()\n'
    trace = f"{quoted}{outer}tensorflow.errors.UnknownError:  AssertionError: \nnot equal\n{quoted}"
    assert last_exception(trace).matches("UnknownError:  AssertionError: \nnot equal")
    assert last_exception("killed\nOSError: no\n").type == "OSError"
    # The exceptions of ONNX Runtime are called InvalidGraph, Fail and so on.
    assert last_exception(f"{outer}onnxruntime.capi.InvalidGraph: [Error] : 10\n").matches("InvalidGraph: [Error] : 10")


def test_exception_without_a_message_is_one_without_a_message():
    bare = last_exception(
        'Traceback (most recent call last):\n  File "s.py", line 2\nAssertionError\n\nERROR a.b: no\n'
    )
    assert shown_by("failed", "AssertionError", bare) is Shows.BUG
    assert shown_by("failed", "AssertionError: Torch is too old", bare) is Shows.OTHER


def test_trace_without_an_exception_has_no_failure():
    assert last_exception("Killed\n") is None
    assert plain_path("tensorflow/lite/lite.py") == "tensorflow/lite/lite.py"


BUG = Failure(type="TypeError", message="Cannot scale 1 by a float.")


@pytest.mark.parametrize(
    ("outcome", "error", "shows"),
    [
        ("passed", "", Shows.PASSES),
        ("failed", "TypeError: Cannot scale 2 by a float.", Shows.BUG),
        ("failed", "ValueError: Cannot scale 1 by a float.", Shows.OTHER),
        ("failed", "ModuleNotFoundError: No module named 'tensorflow.python.keras'", Shows.NOT_APPLICABLE),
        ("failed", "AttributeError: module 'tensorflow' has no attribute 'contrib'", Shows.NOT_APPLICABLE),
        ("not applicable", "", Shows.NOT_APPLICABLE),
        ("timed out", "", Shows.UNKNOWN),
        ("unavailable", "", Shows.UNKNOWN),
    ],
)
def test_only_a_run_to_the_end_passes(outcome, error, shows):
    assert shown_by(outcome, error, BUG) is shows


def cell(environment, outcome, error=""):
    return {"environment": environment, "outcome": outcome, "error": error}


def test_fixed_in_the_first_later_version_that_runs():
    bad = "TypeError: Cannot scale 1 by a float."
    result = judge(
        "tf-11",
        [
            cell("tf2.10.1", "passed"),
            cell("tf2.9.3", "failed", "ImportError: gone"),
            cell("tf2.2.3", "failed", bad),
            cell("old-tf1.15.5", "passed"),
        ],
        BUG,
    )
    assert [str(version_of(name)) for name, _ in result.shown] == ["1.15.5", "2.2.3", "2.9.3", "2.10.1"]
    assert (result.reproduced, result.last_bad, result.first_good) == (True, "tf2.2.3", "tf2.10.1")
    assert result.between == ("tf2.9.3",)


def test_import_that_fails_later_is_not_fixed():
    result = judge("tf-11", [cell("tf2.2.3", "failed", "TypeError: Cannot scale 1 by a float."),
                             cell("tf2.6.5", "failed", "ImportError: gone")], BUG)  # fmt: skip
    assert (result.reproduced, result.first_good) == (True, None)
    never = judge("tf-11", [cell("tf2.2.3", "passed")], BUG)
    assert (never.reproduced, never.last_bad, never.first_good, never.between) == (False, None, None, ())


def wheel(folder, top, name, files):
    """Write an installed package with its RECORD."""
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "RECORD").write_text("".join(f"{top}/{file},sha256={hash(text):x},1\n" for file, text in files.items()))
    for file, text in files.items():
        path = folder / top / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def test_files_of_the_package_are_ranked_under_both_of_its_names(tmp_path):
    api = {"_api/v2/__init__.py": "x = 1\n"}
    before = {"python/ops.py": "def scale(x):\n    raise TypeError\n", "python/far.py": "def far(): pass\n", **api}
    after = {"python/ops.py": "def scale(x):\n    return x\n", "python/far.py": "def far(): return 1\n"}
    bad = wheel(tmp_path / "bad", "tensorflow_core", "tensorflow", before)
    good = wheel(tmp_path / "good", "tensorflow", "tensorflow_cpu", after)
    executed = {"tensorflow_core/python/ops.py": ((1, 1, 1),)}
    ranked = ranked_files(TENSORFLOW, bad, good, Trace(error="TypeError", frames=(), executed=executed))
    assert [each.file for each in ranked] == ["tensorflow_core/python/ops.py", "tensorflow_core/python/far.py"]
    assert rank_of(("tensorflow/python/far.py",), ranked) == 2
    assert rank_of(("tensorflow/python/same.py",), ranked) is None
    copy_python_files(TENSORFLOW, good, tmp_path / "kept")
    assert ranked_files(TENSORFLOW, bad, tmp_path / "kept", Trace(error="", frames=(), executed=executed)) == ranked


def test_figures_have_ids_outcomes_and_counts():
    bad = "TypeError: Cannot scale 1 by a float."
    fixed = judge("tf-11", [cell("tf2.2.3", "failed", bad), cell("tf2.4.4", "passed")], BUG)
    never = judge("tf-12", [{**cell("tf2.2.3", "not applicable"), "cause": "no GPU"}], BUG)
    figures = [
        BugFigures.of(fixed, symptom="Crash", rank=(3, 40)),
        BugFigures.of(fixed, symptom="Crash", rank=(None, 40)),
        BugFigures.of(never, symptom="Crash", rank=None),
    ]
    found = counts(figures)
    assert (found["reproduced"], found["fixed"], found["traced"], found["top_1"], found["top_10"]) == (2, 2, 2, 0, 1)
    assert (found["bugs"], found["needs_gpu"]) == (3, 1)
    assert document(figures)["bugs"][0]["first_good"] == "2.4.4"
    text = markdown(TENSORFLOW, figures, versions_of([fixed, never]))
    assert text.startswith("TensorFlow 2.2.3, 2.4.4:\n")
    assert "| tf-12 | no: needs a GPU |   |   |   |" in text
    assert "| tf-11 | yes | 2.2.3 | 2.4.4 | 3 of 40 |" in text
    assert "| tf-11 | yes | 2.2.3 | 2.4.4 | not among 40 |" in text


@pytest.fixture
def torch_clone(tmp_path):
    """One PyTorch bug whose script imports a module next to it."""
    write_table(tmp_path / "data" / "pytorch-release.xlsx", [ROWS[0], ["Pytorch", "7", "torch/jit/ops.py", "Crash"]])
    folder = tmp_path / "data" / "pytorch" / "Result" / "torch-7"
    folder.mkdir(parents=True)
    (folder / "torch-7-original.py").write_text("import torch\nfrom util import check\ncheck()\n", encoding="utf-8")
    (folder / "util.py").write_text("def check(): pass\n", encoding="utf-8")
    (folder / "other.py").write_text("", encoding="utf-8")
    (folder / "stack_trace.txt").write_text(TRACE, encoding="utf-8")
    return tmp_path


def test_script_is_sent_with_the_modules_next_to_it(torch_clone, tmp_path):
    (bug,) = read_bugs(torch_clone, PYTORCH)
    assert (bug.id, bug.faulty, [each.name for each in bug.helpers]) == ("torch-7", ("torch/jit/ops.py",), ["util.py"])
    for script in (placed_script(bug, PYTORCH, tmp_path), placed_traced_script(bug, PYTORCH, tmp_path)):
        assert '# files = ["util.py"]' in script.read_text(encoding="utf-8")
        assert (script.parent / "util.py").read_text(encoding="utf-8") == "def check(): pass\n"
    assert script.name == "torch-7-traced.py"


def test_framework_without_first_releases_is_run_whole(torch_clone, tmp_path):
    harness = OneAtATime(tmp_path, bad="none")
    found = run_defects(
        harness, PYTORCH, read_bugs(torch_clone, PYTORCH), PYTORCH.environments, rank=False, one_at_a_time=False
    )
    assert [each.reproduced for each in found.figures] == [False]


def test_script_without_such_modules_is_run_as_it_is(clone, tmp_path):
    for bug in read_bugs(clone, TENSORFLOW):
        assert placed_script(bug, TENSORFLOW, tmp_path) == bug.script


class OneAtATime:
    """A harness that has at most one environment, and tells what it did. Scripts show the bug in one of them."""

    def __init__(self, folder, bad="pytorch-2.0.0"):
        self.folder, self.bad, self.done, self.there = folder, bad, [], None

    @property
    def session(self):
        return self

    cache = property(lambda self: self.folder)

    def environments(self, globs):
        return ["pytorch-2.1.0", "pytorch-2.0.0", "pytorch-1.9.1"]

    def run(self, scripts, environment):
        assert self.there in (None, environment)
        self.there = environment
        self.done.append(f"run {scripts[0].stem} {environment}")
        ended = ("failed", "TypeError: Cannot scale 1 by a float.") if environment == self.bad else ("passed",)
        return [{"scenario": f"{each.stem}~0a1b2c3d", **cell(environment, *ended)} for each in scripts]

    def show(self, script, environment):
        assert self.there == environment
        trace = json.dumps({"error": "TypeError", "frames": [["torch/jit/ops.py", 1]], "executed": {}})
        return {"stdout": f"\nEXECUTED {base64.b64encode(zlib.compress(trace.encode())).decode()}\n"}

    def keep_python_files(self, environment, framework):
        assert self.there == environment
        self.site_packages(environment)

    def site_packages(self, environment):
        place = self.folder / environment
        return place if place.is_dir() else wheel(place, "torch", "torch", {"jit/ops.py": f"x = '{environment}'\n"})

    def remove(self, environment, following):
        assert self.there == environment
        self.there = None
        self.done.append(f"remove {environment}, next {following}")


def test_one_environment_at_a_time_suffices_to_rank_the_files(torch_clone, tmp_path):
    harness = OneAtATime(tmp_path)
    found = run_defects(harness, PYTORCH, read_bugs(torch_clone, PYTORCH), "*", rank=True, one_at_a_time=True)
    (figures,) = found.figures
    assert (figures.last_bad, figures.first_good, figures.rank, figures.suspects) == ("2.0.0", "2.1.0", 1, 1)
    assert found.versions == ("1.9.1", "2.0.0", "2.1.0")
    assert harness.done == [
        "run torch-7-original pytorch-2.1.0",
        "remove pytorch-2.1.0, next pytorch-2.0.0",
        "run torch-7-original pytorch-2.0.0",
        "run torch-7-traced pytorch-2.0.0",
        "remove pytorch-2.0.0, next pytorch-1.9.1",
        "run torch-7-original pytorch-1.9.1",
        "remove pytorch-1.9.1, next None",
    ]


def test_bug_that_no_version_shows_is_run_in_the_first_releases(clone, tmp_path):
    path = clone / "data" / "tensorflow" / "Result" / "tf-11" / "tf-11-original.py"
    path.write_text("import sklearn.datasets\n", encoding="utf-8")
    bugs = read_bugs(clone, TENSORFLOW)
    assert [added_packages(each, TENSORFLOW) for each in bugs] == [("scikit-learn",), ()]
    script = placed_script(bugs[0], TENSORFLOW, tmp_path, ["scikit-learn"])
    assert '# dependencies = ["scikit-learn"]' in script.read_text(encoding="utf-8")
    first = next(each for each in TENSORFLOW.first_releases if "==2.3.0" in each)
    for environments, first_good in ((TENSORFLOW.environments, "2.4.0"), ("*", None)):
        harness = OneAtATime(tmp_path, bad=first)
        found = run_defects(harness, TENSORFLOW, bugs, environments, rank=False, one_at_a_time=True)
        assert [each.first_good for each in found.figures] == [first_good] * 2
        assert harness.there is None


def test_large_wheels_are_removed_unless_the_next_environment_has_them():
    lock, following = (
        replace(lock, pins=tuple(replace(pin, size=1_000_000 if pin.name == "numpy" else 10**9) for pin in lock.pins))
        for lock in (make_lock(torch="2.1.0", cudnn="8", nccl="1", numpy="1"), make_lock(torch="2.0.0", cudnn="8"))
    )
    assert superfluous_wheels(lock, following) == ["nccl", "torch"]
    assert superfluous_wheels(lock, None) == ["cudnn", "nccl", "torch"]


@pytest.mark.parametrize("framework", FRAMEWORKS.values(), ids=FRAMEWORKS)
def test_framework_has_environments_with_one_of_its_packages(framework):
    project = read_project(framework.project)
    chosen = [each for each in project.environments if matches_globs(each.id, tuple(framework.environments.split(",")))]
    assert len(chosen) >= 4
    assert len({version_of(each.id) for each in chosen}) == len(chosen)
    assert all(set(framework.packages) & set(each.lock.versions) for each in chosen)


def test_locks_of_pytorch_match_their_matrix():
    assert read_project(PYTORCH.project).notices == ()
    for path in sorted((Path(PYTORCH.project) / "locks").rglob("*.txt")):
        text = path.read_text(encoding="utf-8")
        assert write_lock(read_lock(path)) == text
        assert "://" not in text
