"""Releases of throw-away packages, stepped through for real."""

import contextlib
import math
import signal
import sqlite3
import subprocess
import time
from pathlib import Path

import pytest

from tests.pinpoint.conftest import PYTHON

pytestmark = pytest.mark.slow

GOOD = "def answer():\n    return 42\n"
BAD = "def answer():\n    return 41\n"
RAISES = "def answer():\n    raise RuntimeError('no answer')\n"
BROKEN = "raise OSError('cannot be imported')\n"
SCRIPT = "import lib\n# %% ask\nassert lib.answer() == 42, 'wrong answer'\n"
IN = f"python={PYTHON} lib as-of=2024-06-01"


def transitions(document):
    return [(each["kind"], each["last"], each["first"]) for each in document["transitions"]]


def test_a_bug_that_comes_goes_and_comes_again(playground):
    texts = [GOOD, GOOD, BAD, BAD, GOOD, GOOD, BAD, BAD, GOOD]
    playground.releases("lib", {f"1.{minor}": text for minor, text in enumerate(texts)})
    script = playground.script(SCRIPT)
    document = playground.json("pinpoint", script, "--package", "lib", "--in", IN)
    assert transitions(document) == [
        ("introduced", "1.1", "1.2"),
        ("fixed", "1.3", "1.4"),
        ("introduced", "1.5", "1.6"),
        ("fixed", "1.7", "1.8"),
    ]
    assert document["schema"] == 1
    assert [each["version"] for each in document["tested"]] == [f"1.{minor}" for minor in range(9)]
    assert document["probes"] == 9
    again = playground.json("pinpoint", script, "--package", "lib", "--in", IN)
    assert again["transitions"] == document["transitions"]
    assert (again["probes"], again["runs"]) == (0, 0), "what is in the store is not run again"


def test_what_cannot_be_tested_is_stepped_around_and_named(playground):
    texts = {"1.0": GOOD, "1.1": GOOD, "1.2": BROKEN, "1.3": BROKEN, "1.4": BAD, "1.5": BAD}
    playground.releases("lib", texts)
    script = playground.script(SCRIPT)
    document = playground.json("pinpoint", script, "--package", "lib", "--in", IN)
    (found,) = document["transitions"]
    assert (found["last"], found["first"], found["untestable"]) == ("1.1", "1.4", ["1.2", "1.3"])
    assert found["commit"] is None
    states = {each["version"]: each["state"] for each in document["tested"]}
    assert states["1.2"] == states["1.3"] == "untestable"
    assert "cannot be imported" in next(each["reason"] for each in document["untestable"])


def test_failure_for_want_of_input_is_no_transition(playground):
    playground.releases("lib", {"1.0": GOOD, "1.1": GOOD, "1.2": BAD, "1.3": BAD})
    script = playground.script("import lib\nif lib.answer() != 42:\n    input('go on? ')\n")
    document = playground.json("pinpoint", script, "--package", "lib", "--in", IN)
    assert document["transitions"] == []
    assert {each["version"] for each in document["untestable"]} == {"1.2", "1.3"}
    assert all("standard input" in each["reason"] for each in document["untestable"])


def test_another_failure_is_shown_as_another(playground):
    playground.releases("lib", {"1.0": GOOD, "1.1": RAISES, "1.2": RAISES, "1.3": BAD})
    script = playground.script(SCRIPT)
    document = playground.json("pinpoint", script, "--package", "lib", "--in", IN)
    assert transitions(document) == [("introduced", "1.0", "1.1"), ("changed", "1.2", "1.3")]
    assert [each["state"] for each in document["tested"]] == ["good", "other", "other", "bad"]
    followed = playground.json("pinpoint", script, "--package", "lib", "--in", IN, "--follow", "ask: RuntimeError")
    assert [each["state"] for each in followed["tested"]] == ["good", "bad", "bad", "other"]


@pytest.mark.parametrize("mode", [[], ["--every"], ["--quick"]], ids=["grid", "every", "quick"])
def test_the_failure_of_the_named_environment_is_followed_and_not_that_of_an_end(playground, mode):
    playground.releases("lib", {"1.0": BAD, "1.1": BAD, "1.2": RAISES, "1.3": RAISES, "1.4": BAD})
    script = playground.script(SCRIPT)
    document = playground.json(
        "pinpoint", script, "--package", "lib", "--in", IN.replace("lib", "lib==1.2"), "--versions", "1.0..1.4", *mode
    )
    states = {each["version"]: each["state"] for each in document["tested"]}
    assert (states["1.2"], states["1.0"], states["1.4"]) == ("bad", "other", "other")
    assert transitions(document) == [("changed", "1.1", "1.2"), ("changed", "1.3", "1.4")]
    assert [(each["label"], each["followed"], each["message"]) for each in document["failures"]] == [
        ("A", True, "ask: RuntimeError: no answer"),
        ("B", False, "ask: AssertionError: wrong answer"),
    ]
    assert document["named"]["failure"] == "A"
    (middle,) = [each for each in document["statements"] if "fails with [A]." in each and each.startswith("lib 1.2")]
    assert "The neighbours that were run fail differently: 1.1 fails with [B], 1.4 fails with [B]." in middle


def test_where_the_named_environment_passes_no_failure_is_followed(playground):
    playground.releases("lib", {"1.0": GOOD, "1.1": RAISES, "1.2": BAD})
    arguments = [
        "pinpoint", playground.script(SCRIPT), "--package", "lib", "--in", IN.replace("lib", "lib==1.0"),
    ]  # fmt: skip
    document = playground.json(*arguments, "--versions", "1.0..1.2")
    assert [each["state"] for each in document["tested"]] == ["good", "bad", "bad"]
    assert document["named"]["state"] == "good"
    text = " ".join(playground.harness(*arguments, "--versions", "1.1..1.2").split())
    assert "No failure is followed, since" in text and "passes" in text
    assert "[A] ask: RuntimeError: no answer" in text and "[B] ask: AssertionError: wrong answer" in text


def test_a_named_environment_outside_the_bounds_says_what_is_followed(playground):
    playground.releases("lib", {"1.0": BAD, "1.1": RAISES, "1.2": RAISES})
    document = playground.json(
        "pinpoint", playground.script(SCRIPT), "--package", "lib", "--in", IN.replace("lib", "lib==1.0"),
        "--versions", "1.1..1.2",
    )  # fmt: skip
    assert [each["state"] for each in document["tested"]] == ["other", "other"]
    followed = document["failures"][0]
    assert (followed["followed"], followed["versions"]) == (True, [])


def test_a_pattern_is_searched_in_every_line_of_the_message(playground):
    long = (
        "def answer():\n    raise RuntimeError('first line' + '\\nmore' * 1800 + '\\nthe needle' + '\\nmore' * 1800)\n"
    )
    playground.releases("lib", {"1.0": BAD, "1.1": long})
    document = playground.json(
        "pinpoint", playground.script(SCRIPT), "--package", "lib", "--in", IN, "--follow", "^the needle$"
    )
    assert [each["state"] for each in document["tested"]] == ["other", "bad"]


def test_quick_takes_few_probes(playground):
    playground.releases("lib", {f"1.{minor}": GOOD if minor < 9 else BAD for minor in range(14)})
    document = playground.json("pinpoint", playground.script(SCRIPT), "--package", "lib", "--in", IN, "--quick")
    assert transitions(document) == [("introduced", "1.8", "1.9")]
    assert document["probes"] <= math.ceil(math.log2(14)) + 2
    assert not document["complete"]


def test_a_flaky_answer_is_said_to_be_flaky(playground):
    """The release counts its runs in a file outside, and fails every second time."""
    flaky = (
        "import pathlib\n"
        f"place = pathlib.Path({str(playground.folder / 'runs')!r})\n"
        "def answer():\n"
        "    runs = int(place.read_text()) if place.exists() else 0\n"
        "    place.write_text(str(runs + 1))\n"
        "    return 42 - runs % 2\n"
    )
    playground.releases("lib", {"1.0": GOOD, "1.1": GOOD, "1.2": flaky})
    script = playground.script(SCRIPT)
    document = playground.json("pinpoint", script, "--package", "lib", "--in", IN, "--repeat", "2", "--sandbox", "off")
    (found,) = document["transitions"]
    assert found["flaky"]
    assert (found["last"], found["first"]) == ("1.1", "1.2")
    assert document["tested"][-1]["outcome"] == "flaky"
    assert "1 of 2" in document["tested"][-1]["reason"]


def test_where_nothing_differs_it_says_what_was_looked_at(playground):
    playground.releases("lib", {"1.0": GOOD, "1.1": GOOD})
    text = playground.harness("pinpoint", playground.script(SCRIPT), "--package", "lib", "--in", IN)
    assert "nothing differs" in text
    assert "1.0 to 1.1" in text


def test_another_package_asking_for_less_does_not_stop_a_step(playground):
    """`app` asks for lib<2, and works with it; what really cannot be had is named with the reason."""
    playground.releases("lib", {"1.0": GOOD, "2.0": BAD, "3.0": BAD})
    playground.index.add("lib", "4.0", "2024-01-09", BAD, requires_python=">=3.99")
    playground.index.add("lib", "5.0", "2024-01-10", BAD, requires=["nothing-of-the-kind"])
    playground.index.add("app", "1.0", "2024-01-01", requires=["lib<2"])
    document = playground.json(
        "pinpoint", playground.script(SCRIPT), "--package", "lib", "--in", f"python={PYTHON} app as-of=2024-06-01"
    )
    assert transitions(document) == [("introduced", "1.0", "2.0")]
    reasons = {each["version"]: each["reason"] for each in document["untestable"]}
    assert set(reasons) == {"4.0", "5.0"}
    assert "3.99" in reasons["4.0"] and "nothing-of-the-kind" in reasons["5.0"]


def test_what_moves_along_is_said(playground):
    playground.index.add("dep", "1.0", "2024-01-01")
    playground.index.add("dep", "2.0", "2024-01-02")
    playground.index.add("lib", "1.0", "2024-01-01", GOOD, requires=["dep<2"])
    playground.index.add("lib", "2.0", "2024-01-02", BAD, requires=["dep>=2"])
    document = playground.json(
        "pinpoint", playground.script(SCRIPT), "--package", "lib", "--in", f"python={PYTHON} lib<2 as-of=2024-06-01"
    )
    assert transitions(document) == [("introduced", "1.0", "2.0")]
    assert document["tested"][-1]["moved"] == ["dep 1.0 -> 2.0"]


def test_yanked_and_early_releases_only_on_request(playground):
    playground.releases("lib", {"1.0": GOOD, "1.1": BAD, "1.2rc1": BAD, "1.2": GOOD})
    playground.index.yanked.add("lib-1.1-py3-none-any.whl")
    script = playground.script(SCRIPT)
    assert transitions(playground.json("pinpoint", script, "--package", "lib", "--in", IN)) == []
    both = playground.json("pinpoint", script, "--package", "lib", "--in", IN, "--pre", "--yanked")
    assert transitions(both) == [("introduced", "1.0", "1.1"), ("fixed", "1.2rc1", "1.2")]


def test_a_replaced_release_can_be_run_and_shown_by_its_id(playground):
    playground.releases("lib", {"1.0": GOOD, "1.1": BAD, "1.2": BAD})
    path = playground.root / "scenarios" / "shows_it.py"
    path.write_text(SCRIPT)
    document = playground.json("pinpoint", "shows_it", "--package", "lib", "--in", IN)
    cell = document["transitions"][0]["cells"][0]
    assert "1 attempt" in playground.harness("show", cell) or "passed" in playground.harness("show", cell)
    assert "The same as on" in playground.harness("replay", cell)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        pytest.param(["--package", "nope"], "nope", id="package"),
        pytest.param(["--package", "lib", "--versions", "7..8"], "no release in this range", id="versions"),
        pytest.param(["--package", "lib", "--versions", "7"], "is not a range", id="no range"),
        pytest.param(["--package", "other"], "has no such package", id="not in the environment"),
        pytest.param(["--package", "lib", "--follow", "("], "not a regular expression", id="follow"),
    ],
)
def test_errors_say_what_to_do(playground, arguments, says):
    playground.releases("lib", {"1.0": GOOD})
    playground.releases("other", {"1.0": GOOD})
    status = 1 if arguments[1] == "nope" else 2
    playground.harness("pinpoint", playground.script(SCRIPT), "--in", IN, *arguments, status=status)
    assert says in playground.said


def test_a_parameter_that_the_script_does_not_have(playground):
    playground.releases("lib", {"1.0": GOOD})
    playground.harness("pinpoint", playground.script(SCRIPT), "shape=list", "--package", "lib", "--in", IN, status=2)
    assert "has no parameter shape" in playground.said


def test_an_answer_to_paste(playground):
    playground.releases("lib", {"1.0": GOOD, "1.1": BAD, "1.2": GOOD})
    text = playground.harness("pinpoint", playground.script(SCRIPT), "--package", "lib", "--in", IN, "--markdown")
    assert "lib 1.1: fails with \\[A\\]. Introduced in 1.1. Fixed in 1.2." in text
    assert "wrong answer" in text
    assert "harness " in text.rstrip().splitlines()[-2]


def test_a_step_of_a_dated_family_moves_more_and_says_so(playground):
    """Each release of `framework` gets the `dep` of its day."""
    for month, version in enumerate(("1.0", "1.1"), start=1):
        playground.index.add("dep", version, f"2024-0{3 * month}-01")
        playground.index.add("framework", version, f"2024-0{3 * month}-02", GOOD, requires=["dep"])
    script = playground.script("import dep, framework\nassert f'dep {dep.version}' == 'dep 1.0', 'another dep'\n")
    document = playground.json(
        "pinpoint", script, "--package", "framework", "--in", f"python={PYTHON} framework as-of=2024-12-01"
    )
    assert transitions(document) == [("introduced", "1.0", "1.1")]
    assert "More than framework moved" in document["notes"][0]
    assert document["tested"][0]["environment"] == "framework + framework==1.0"


def test_a_step_of_a_dated_family_keeps_what_the_environment_adds_and_replaces(playground):
    """Without them, each release would lack what the script imports, and nothing could be tested."""
    playground.index.add("extra", "1.0", "2024-01-01")
    for version in ("1.0", "2.0"):
        playground.index.add("dep", version, "2024-01-01")
        month = 1 + int(version[0])
        playground.index.add(
            "framework", version, f"2024-0{month}-02", GOOD.replace("42", version[0]), requires=["dep"]
        )
    script = playground.script(
        "import dep, extra, framework\nassert dep.version == '1.0', 'another dep'\nassert framework.answer() == 1\n"
    )
    base = f"python={PYTHON} framework as-of=2024-12-01 + dep==1.0 extra"
    document = playground.json("pinpoint", script, "--package", "framework", "--in", base)
    assert transitions(document) == [("introduced", "1.0", "2.0")]
    assert document["tested"][0]["environment"] == "framework + framework==1.0 + dep==1.0 extra"


def test_a_step_of_two_is_written_and_read_in_each_release(playground):
    folder = playground.root / "scenarios" / "kept"
    folder.mkdir()
    (folder / "write.py").write_text("import lib, pathlib\npathlib.Path('kept').write_text(str(lib.answer()))\n")
    (folder / "read.py").write_text("import pathlib\nassert pathlib.Path('kept').read_text() == '42', 'lost'\n")
    playground.releases("lib", {"1.0": GOOD, "1.1": BAD, "1.2": RAISES})
    document = playground.json("pinpoint", "kept", "--package", "lib", "--in", IN)
    assert transitions(document) == [("introduced", "1.0", "1.1"), ("changed", "1.1", "1.2")]
    assert "no answer" in document["tested"][2]["error"]


def test_parameters_are_set_and_defaults_are_the_script_s_own(playground):
    playground.releases("lib", {"1.0": GOOD, "1.1": BAD})
    text = (
        '# /// script\n# [tool.harness.parameters]\n# wanted = [41, 42]\n# ///\n# %% tags=["parameters"]\n'
        "wanted = 42\n# %% ask\nimport lib\nassert lib.answer() == wanted\n"
    )
    script = playground.script(text)
    document = playground.json("pinpoint", script, "--package", "lib", "--in", IN)
    assert (document["case"], transitions(document)) == ("shows_it[wanted=42]", [("introduced", "1.0", "1.1")])
    document = playground.json("pinpoint", script, "wanted=41", "--package", "lib", "--in", IN)
    assert (document["case"], transitions(document)) == ("shows_it[wanted=41]", [("fixed", "1.0", "1.1")])
    playground.harness("pinpoint", script, "wanted=7", "--package", "lib", "--in", IN, status=2)
    assert "It takes 41, 42" in playground.said


def test_what_no_release_can_show_is_a_status_of_one(playground):
    playground.releases("lib", {"1.0": BROKEN, "1.1": BROKEN})
    arguments = ["pinpoint", playground.script(SCRIPT), "--package", "lib", "--in", IN, "--follow", "wrong answer"]
    document = playground.json(*arguments, status=1)
    assert document["transitions"] == []
    assert document["statements"] == ["No release of lib could be tested."]


def test_failed_import_that_is_followed_is_shown_by_every_release(playground):
    playground.releases("lib", {"1.0": BROKEN, "1.1": BROKEN})
    document = playground.json("pinpoint", playground.script(SCRIPT), "--package", "lib", "--in", IN)
    assert document["transitions"] == []
    assert document["statements"] == [
        "lib 1.0 to 1.1: fails with [A]. 1.0 is the first that was tested. 1.1 is the last that was tested.",
        "Nothing differs between the releases that were tested.",
    ]


def test_a_search_that_was_stopped_goes_on_where_it_was(playground):
    """The older release takes for ever; what the newer has shown is kept."""
    playground.releases("lib", {"1.0": "import time\n\ndef answer():\n    time.sleep(600)\n", "1.1": GOOD})
    arguments = ["pinpoint", playground.script(SCRIPT), "--package", "lib", "--in", IN, "--jobs", "1"]
    running = subprocess.Popen(
        playground.command(*arguments),
        env=playground.environ,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    said = []
    for line in running.stderr:
        said.append(line)
        if "lib 1.1 (known): passes" in line:
            time.sleep(1.0)
            running.send_signal(signal.SIGINT)
            break
    rest = running.communicate(timeout=60)[1]
    assert running.returncode == 130, "".join(said) + rest
    assert "To continue:" in rest
    assert "1.1: passes" not in rest
    state = playground.harness("show", f"shows_it@{IN}")
    assert "passed" in state


def test_what_ran_in_the_background_is_recorded_before_anybody_asks_for_it(playground):
    """The search waits for the oldest release, which takes for ever. The other runner has tried another one meanwhile."""
    endless = "import time\n\ndef answer():\n    time.sleep(600)\n"
    playground.releases("lib", {"1.0": endless, "1.1": GOOD, "1.2": GOOD})
    arguments = ["pinpoint", playground.script(SCRIPT), "--package", "lib", "--in", IN, "--jobs", "2", "--every"]
    running = subprocess.Popen(
        playground.command(*arguments),
        env=playground.environ,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    recorded = wait_for_cell(playground, "lib==1.1", running)
    running.send_signal(signal.SIGINT)
    rest = running.communicate(timeout=60)[1]
    assert recorded, rest
    assert running.returncode == 130, rest


def wait_for_cell(playground, name, running):
    """Wait until the store has an attempt of a cell; return whether it has one."""
    store = Path(playground.environ["HARNESS_STORE"])
    for _ in range(600):
        if store.exists():
            connection = sqlite3.connect(f"file:{store}?mode=ro", uri=True)
            with contextlib.closing(connection), contextlib.suppress(sqlite3.OperationalError):
                if connection.execute("SELECT 1 FROM attempts WHERE instr(cell, ?)", [name]).fetchone():
                    return True
        if running.poll() is not None:
            return False
        time.sleep(0.1)
    return False
