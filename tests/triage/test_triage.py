"""A report in, an answer out: the command line, real environments of throw-away wheels."""

import json
import os
import shlex
import subprocess

import pytest

from tests.pinpoint.conftest import MATRIX
from tests.pinpoint.repositories import ThrowAwayRepository
from tests.schemas import validated

RIGHT = "def double(number):\n    return 2 * number\n"
WRONG = "def double(number):\n    raise ValueError('cannot double %r' % (number,))\n"
RELEASES = {"9.0.0": RIGHT, "9.1.0": RIGHT, "9.2.0": WRONG, "9.3.0": WRONG, "9.4.0": RIGHT}
CODE = "import keras\n\nprint(keras.double(21))\n"
ISSUE = f"""\
# double() fails

```python
{CODE}```

It worked in keras 9.1.0. It also works in keras 9.3.0. With keras 9.2.0 I get

```
Traceback (most recent call last):
  File "/home/someone/report.py", line 3, in <module>
    print(keras.double(21))
ValueError: cannot double 21
```
"""
BASE = """
[families.keras.base]
exclude-newer = 2024-03-01
requirements = ["keras"]
"""

pytestmark = pytest.mark.slow


@pytest.fixture
def framework(playground):
    return with_framework(playground, RELEASES)


def with_framework(playground, releases, imports="[]", *, pre=False):
    """Publish releases of keras, and lock a matrix of them."""
    playground.releases("keras", releases)
    text = MATRIX.replace("framework", "keras").replace("\n[tiers.all]", f"{BASE}\n[tiers.all]")
    text = text.replace("imports = []", f"imports = {imports}")
    text = text.replace('package = "keras"', 'package = "keras"\nprereleases = true') if pre else text
    (playground.root / "matrix.toml").write_text(text, encoding="utf-8")
    playground.harness("lock")
    return playground


def shown(document):
    return [(each["first"], each["last"], each["shows"]) for each in document["ranges"]]


def test_issue_text_on_standard_input_is_answered(framework):
    ended = subprocess.run(
        framework.command("triage", "-", "--json"), input=ISSUE, env=framework.environ, cwd=framework.folder,
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    document = validated(ended.stdout, ("triage",))
    assert document["observed"] == "error"
    assert document["reproduced"]["result"] == "reproduced"
    assert document["reproduced"]["environment"] == "keras9.2.0"
    assert document["responsible"] == "keras"
    assert shown(document) == [
        ("9.0.0", "9.1.0", "passes"), ("9.2.0", "9.3.0", "this bug"), ("9.4.0", "9.4.0", "passes"),
    ]  # fmt: skip
    assert (document["introduced"]["last"], document["introduced"]["first"]) == ("9.1.0", "9.2.0")
    assert (document["fixed"]["last"], document["fixed"]["first"]) == ("9.3.0", "9.4.0")
    assert {(each["version"], each["says"], each["result"]) for each in document["claims"]} == {
        ("9.1.0", "works", "confirmed"), ("9.3.0", "works", "contradicted"), ("9.2.0", "fails", "confirmed"),
    }  # fmt: skip
    assert [each["text"] for each in document["ways_out"]] == ["keras 9.4.0", "keras 9.1.0"]
    assert str(framework.folder) not in ended.stdout
    again = framework.harness("answer", document["name"], "--format", "json")
    assert json.loads(again) == document
    reply = framework.harness("answer", document["name"])
    assert document["verdict"].split(";")[0].split("(")[0] in reply
    for text in (reply, framework.harness("answer", document["name"], "--format", "notebook")):
        assert str(framework.folder) not in text


def test_folder_and_script_have_the_same_answer_and_the_commands_reproduce_it(framework):
    folder = framework.folder / "sent"
    folder.mkdir()
    (folder / "report.md").write_text("It fails in keras 9.2.0, see repro.py.", encoding="utf-8")
    (folder / "repro.py").write_text(CODE, encoding="utf-8")
    of_folder = framework.json("triage", "sent")
    of_script = framework.json("triage", framework.script(CODE, "repro.py"))
    assert shown(of_folder) == shown(of_script)
    assert of_folder["responsible"] == of_script["responsible"] == "keras"
    assert of_script["reproduced"]["result"] == "not possible"  # it names no version
    for command in of_folder["commands"]:
        ended = framework.run(*shlex.split(command)[1:])
        assert ended.returncode in (0, 1), ended.stderr
        assert "ValueError: cannot double 21" in ended.stdout
    assert "--environments keras9.2.0" in of_folder["commands"][0]


def test_releases_are_searched_without_commits_if_the_clone_is_of_another_package(framework):
    repository = ThrowAwayRepository(framework.folder / "clone")
    repository.commit("Begin", RIGHT, package="other", tag="v1.0")
    (framework.folder / "issue.md").write_text(ISSUE, encoding="utf-8")
    document = framework.json("triage", "issue.md", "--repository", repository.folder)
    assert [(each["last"], each["first"]) for each in document["transitions"]] == [
        ("9.1.0", "9.2.0"),
        ("9.3.0", "9.4.0"),
    ]
    assert document["introduced"]["commit"] is None


def test_where_every_release_of_the_tier_fails_the_newest_release_is_run(playground):
    """As the tier has no release that passes, the package would not be found, nor that its newest release is right."""
    framework = with_framework(playground, RELEASES)
    matrix = playground.root / "matrix.toml"
    matrix.write_text(matrix.read_text().replace('environments = ["*"]', 'environments = ["keras9.2.0", "keras9.3.0"]'))
    document = framework.json("triage", framework.script(CODE, "repro.py"))
    assert document["responsible"] == "keras"
    assert shown(document) == [
        ("9.0.0", "9.1.0", "passes"), ("9.2.0", "9.3.0", "this bug"), ("9.4.0", "9.4.0", "passes"),
    ]  # fmt: skip
    assert (document["fixed"]["last"], document["fixed"]["first"]) == ("9.3.0", "9.4.0")


def test_report_that_no_environment_shows_is_not_reproduced(framework):
    text = ISSUE.replace("keras.double(21)", "keras.__name__").replace("9.3.0", "9.4.0")
    framework.script(text, "quiet.md")
    document = framework.json("triage", "quiet.md")
    assert document["reproduced"]["result"] == "does not fail"
    assert document["verdict"].startswith("Not reproduced: the script passes with keras")
    assert (document["responsible"], document["introduced"], document["ways_out"]) == (None, None, [])
    results = {(each["version"], each["says"]): each["result"] for each in document["claims"]}
    assert results[("9.2.0", "fails")] == "contradicted"


def test_failure_that_the_report_does_not_show_and_every_release_has_decides_nothing(framework):
    code = CODE.replace("double(21)", "gone(21)")
    text = f"# Training errors out\n\n```python\n{code}```\n\nIt worked in keras 9.1.0, not in keras 9.2.0.\n"
    framework.script(text, "doubt.md")
    document = framework.json("triage", "doubt.md")
    assert document["verdict"].startswith("A failure of the script (AttributeError: ")
    assert "it may be another problem" in document["verdict"]
    assert document["reproduced"]["result"] == "fails differently"
    assert [(each["version"], each["result"]) for each in document["claims"]] == [
        ("9.1.0", "not tested"), ("9.2.0", "not tested"),
    ]  # fmt: skip
    assert "this bug" not in framework.harness("answer", "doubt").replace("Not this bug", "")


def test_failure_that_only_a_nightly_build_does_not_have_is_the_reported_problem(playground):
    framework = with_framework(playground, {"9.2.0": WRONG, "9.3.0": WRONG, "9.4.0.dev20240101": RIGHT}, pre=True)
    framework.script(f"# Training errors out in keras 9.3.0\n\n```python\n{CODE}```\n", "nightly.md")
    document = framework.json("triage", "nightly.md")
    assert [each["shows"] for each in document["nightly"]] == ["passes"]
    assert document["verdict"].startswith("The reported problem (ValueError: cannot double 21) shows with keras 9.2.0")
    assert [(each["version"], each["result"]) for each in document["claims"]] == [("9.3.0", "confirmed")]


def test_failure_of_the_report_that_only_the_search_meets_is_the_problem(playground):
    """The environments of the tier fail in another way: the answer was about that, and called this one no bug."""
    other = "def double(number):\n    raise TypeError('no keyword')\n"
    framework = with_framework(
        playground, {"9.0.0": RIGHT, "9.1.0": other, "9.2.0": WRONG, "9.3.0": WRONG, "9.4.0": RIGHT}
    )
    matrix = playground.root / "matrix.toml"
    matrix.write_text(matrix.read_text().replace('environments = ["*"]', 'environments = ["keras9.0.0", "keras9.1.0"]'))
    framework.script(ISSUE.replace("9.2.0", "9.1.0").replace("9.3.0", "9.4.0"), "later.md")
    document = framework.json("triage", "later.md")
    assert shown(document) == [
        ("9.0.0", "9.0.0", "passes"), ("9.1.0", "9.1.0", "another failure"), ("9.2.0", "9.3.0", "this bug"),
        ("9.4.0", "9.4.0", "passes"),
    ]  # fmt: skip
    assert "cannot double" in document["verdict"]
    assert document["reproduced"]["result"] == "fails differently"
    assert (document["introduced"], document["fixed"]["first"]) == (None, "9.4.0")


GONE = "raise TypeError('Descriptors cannot be created directly.')\n"
AT_IMPORT = """\
# Cannot import keras 9.2.0 any more

```python
import keras
```

```
TypeError: Descriptors cannot be created directly.
If you cannot regenerate your protos, there are workarounds.
```
"""


IMPORTS = """\
```python
import extra
import keras
import nowhere_to_be_found
print(keras.double(extra.number))
```
It fails with keras 9.2.0.
"""


def test_package_that_the_script_only_imports_is_added(framework):
    framework.index.add("extra", "1.0", "2024-01-01", "number = 21\n")
    framework.script(IMPORTS.replace("import nowhere_to_be_found\n", ""), "imports.md")
    document = framework.json("triage", "imports.md")
    assert "Added to each environment that lacks it: extra (the script imports it)\n" in framework.said
    reproduced = document["reproduced"]
    assert (reproduced["environment"], reproduced["result"]) == ("keras9.2.0 + extra", "reproduced")
    assert reproduced["error"] == "ValueError: cannot double 21"
    assert (document["introduced"]["last"], document["introduced"]["first"]) == ("9.1.0", "9.2.0")


def test_module_that_no_package_has_is_asked_for(framework):
    framework.index.add("extra", "1.0", "2024-01-01", "number = 21\n")
    framework.script(IMPORTS, "imports.md")
    document = framework.json("triage", "imports.md")
    assert "modules that are in no environment and in no package: nowhere_to_be_found\n" in framework.said
    assert document["verdict"] == (
        "The report could not be reproduced: the script needs nowhere-to-be-found, "
        "which is not installed in this environment."
    )
    *_, question = document["questions"]
    assert question.startswith("The script imports the module nowhere_to_be_found, which no environment has.")


def test_installed_package_that_cannot_be_added_is_left_out(framework):
    """Such as tensorflow-metal, which is for another system: the script does not import it."""
    framework.index.add("metal", "1.0", "2024-01-01", requires=["keras<9"])
    framework.script(f"!pip install metal\n\n{ISSUE}", "installs.md")
    document = framework.json("triage", "installs.md")
    assert "keras9.2.0: cannot add metal: " in framework.said
    assert (document["reproduced"]["environment"], document["reproduced"]["result"]) == ("keras9.2.0", "reproduced")


def test_report_about_the_import_of_the_framework_is_run_where_it_does_not_import(playground):
    releases = {"9.0.0": RIGHT, "9.1.0": RIGHT, "9.2.0": GONE, "9.3.0": GONE, "9.4.0": RIGHT}
    with_framework(playground, releases, imports='["keras"]')
    playground.script(AT_IMPORT, "gone.md")
    document = playground.json("triage", "gone.md")
    assert document["reproduced"]["result"] == "reproduced"
    assert (document["introduced"]["last"], document["introduced"]["first"]) == ("9.1.0", "9.2.0")
    assert document["fixed"]["first"] == "9.4.0"


def test_report_without_code_prints_the_questions(playground):
    playground.script("Nothing works any more in keras 9.2.0. Please help!", "words.md")
    document = playground.json("triage", "words.md", status=2)
    assert "no code that can be run" in playground.said
    assert document["reproduced"]["result"] == "not possible"
    assert document["questions"]
    reply = playground.harness("triage", "words.md", status=2)
    assert document["questions"][0].split("`")[0][:30] in reply


def test_answer_that_does_not_exist_lists_the_known_ones(playground):
    playground.harness("answer", "words", status=2)
    assert "There is no answer 'words'" in playground.said
    playground.script("It does not work.", "words.md")
    playground.harness("triage", "words.md", status=2)
    playground.harness("answer", "word", status=2)
    assert "Answers: words" in playground.said
    assert os.sep not in playground.harness("answer", "words").split("Questions")[0]


def test_wrong_number_that_is_only_printed_is_searched_for(playground):
    """No environment of the matrix has the first and the last wrong release: the search finds them."""
    wrong = RIGHT.replace("2 * number", "2 * number + 0.5")
    texts = {"9.0.0": RIGHT, "9.1.0": wrong, "9.2.0": wrong, "9.3.0": wrong, "9.4.0": RIGHT}
    playground.releases("keras", texts)
    matrix = playground.root / "matrix.toml"
    text = MATRIX.replace("framework", "keras").replace("\n[tiers.all]", f"{BASE}\n[tiers.all]")
    matrix.write_text(text, encoding="utf-8")
    playground.harness("lock")
    report = f"# Wrong\n\n```python\n{CODE}```\n\nprints 42.5 in keras 9.2.0. It works in keras 9.0.0.\n"
    playground.script(report, "report.md")
    document = playground.json("triage", "report.md")
    assert document["observed"] == "output"
    assert document["responsible"] == "keras"
    assert shown(document) == [
        ("9.0.0", "9.0.0", "passes"), ("9.1.0", "9.3.0", "this bug"), ("9.4.0", "9.4.0", "passes"),
    ]  # fmt: skip
    assert [(each["kind"], each["last"], each["first"]) for each in document["transitions"]] == [
        ("introduced", "9.0.0", "9.1.0"), ("fixed", "9.3.0", "9.4.0"),
    ]  # fmt: skip
    assert any("--watch output --expected-in keras9." in each for each in document["commands"])
