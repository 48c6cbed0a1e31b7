"""Releases as overlays of an environment, instead of being installed in one of their own."""

import json

import pytest

from tests.pinpoint.conftest import PYTHON
from tests.pinpoint.test_releases import BAD, GOOD, IN, SCRIPT, transitions
from tests.wheels import make_wheel

pytestmark = pytest.mark.slow

# What a script can see of the release that it runs with, in its own process and in one that it starts.
LOOKS = """\
import importlib.metadata, subprocess, sys
import lib
inside = subprocess.run([sys.executable, "-c", "import lib; print(lib.__version__)"], capture_output=True, text=True)
seen = {lib.__version__, importlib.metadata.version("lib"), inside.stdout.strip()}
assert len(seen) == 1, f"sees {seen}"
# %% ask
assert lib.answer() == 42, 'wrong answer'
"""


def module(version, text):
    return f"__version__ = {version!r}\n{text}"


def environments(playground):
    folder = playground.folder / "cache" / "environments"
    return [each for each in folder.iterdir() if not each.name.startswith(".")]


def trees(playground):
    return sorted((playground.folder / "cache" / "trees").glob("release-*[0-9a-f]"))


def test_releases_of_pure_python_need_no_environment_of_their_own(playground):
    texts = {version: module(version, text) for version, text in {"1.0": GOOD, "1.1": BAD, "1.2": GOOD}.items()}
    playground.releases("lib", texts)
    (playground.root / "scenarios" / "looks.py").write_text(LOOKS)
    document = playground.json("pinpoint", "looks", "--package", "lib", "--in", IN)
    assert transitions(document) == [("introduced", "1.0", "1.1"), ("fixed", "1.1", "1.2")]
    assert len(environments(playground)) == 1
    cell = f"looks@{IN} + lib==1.1"
    assert [each["cell"] for each in document["tested"]][1] == cell
    shown = playground.json("show", cell)
    assert shown["layer"] == f"lib 1.1 over {IN}"
    assert shown["versions"]["lib"] == "1.1"
    assert "The same as on" in playground.harness("replay", cell), "installed, it shows the same"
    assert len(environments(playground)) == 2
    compiled = [path for tree in trees(playground) for path in tree.rglob("*.pyc")]
    assert len(compiled) == 2, "compiled once each, and no attempt has written any"


def test_a_release_that_needs_more_than_itself_has_its_own_environment(playground):
    """Each for another reason: a requirement, a wheel for one platform, a name that the environment has, a `.pth` file."""
    for version in ("1.0", "2.0"):
        playground.index.add("dep", version, "2024-01-01")
    playground.index.add("lib", "1.0", "2024-01-01", GOOD, requires=["dep<2"])
    playground.index.add("lib", "1.1", "2024-01-02", GOOD, requires=["dep>=2"])
    tag = f"cp{PYTHON.replace('.', '')}-none-{'linux_x86_64'}"
    playground.index.add("lib", "1.2", "2024-01-03", GOOD, requires=["dep"], tag=tag)
    wheels = playground.index.folder
    two = make_wheel(wheels, "lib", "1.3", {"lib.py": GOOD, "dep.py": ""}, ["dep"])
    data = make_wheel(wheels, "lib", "1.4", {"lib.py": GOOD, "lib.pth": ""}, ["dep"])
    for path in (two, data):
        playground.index.publish(path, "2024-01-04")
    # What is beside the module and nowhere else does no harm.
    beside = {"lib.py": BAD, "benchmarks/run.py": "", "more.py": ""}
    playground.index.publish(make_wheel(wheels, "lib", "1.5", beside, ["dep"]), "2024-01-05")
    document = playground.json(
        "pinpoint", playground.script(SCRIPT), "--package", "lib", "--in", f"python={PYTHON} lib<1.1 as-of=2024-06-01"
    )
    assert transitions(document) == [("introduced", "1.4", "1.5")]
    layers = {
        each["version"]: playground.json("show", each["cell"])["layer"]
        for each in document["tested"]
        if each["cell"] is not None
    }
    assert [version for version, layer in layers.items() if layer] == ["1.5"]


def test_a_module_that_another_package_installs_too_is_not_covered(playground):
    playground.releases("lib", {"1.0": GOOD, "1.1": BAD})
    playground.index.publish(make_wheel(playground.index.folder, "other", "1.0", {"lib/more.py": ""}), "2024-01-01")
    environment = f"python={PYTHON} lib<1.1 other as-of=2024-06-01"
    document = playground.json("pinpoint", playground.script(SCRIPT), "--package", "lib", "--in", environment)
    assert transitions(document) == [("introduced", "1.0", "1.1")]
    assert playground.json("show", document["tested"][1]["cell"])["layer"] == ""


def test_a_damaged_release_is_unpacked_again(playground):
    playground.releases("lib", {"1.0": GOOD, "1.1": BAD})
    script = playground.script(SCRIPT)
    playground.json("pinpoint", script, "--package", "lib", "--in", IN)
    (tree,) = trees(playground)
    tree.chmod(0o755)
    (tree / "lib.py").unlink()  # it may share its content with uv's cache
    (tree / "lib.py").write_text(GOOD)
    (playground.folder / "attempts.sqlite").unlink()
    document = playground.json("pinpoint", script, "--package", "lib", "--in", IN)
    assert transitions(document) == [("introduced", "1.0", "1.1")]
    note = json.loads(tree.with_name(f"{tree.name}.json").read_text())
    assert note["files"] > 1
    playground.harness("prune")
    assert trees(playground) == [tree], "what was used within the hour stays"


def test_the_answer_tells_the_mode_and_why(playground):
    versions = [f"1.{minor}.{patch}" for minor in range(8) for patch in range(3)]
    playground.releases("lib", {version: GOOD if version != "1.3.1" else BAD for version in versions})
    script = playground.script(SCRIPT)
    text = playground.harness("pinpoint", script, "--package", "lib", "--in", IN, "--grid")
    assert "Mode grid: --grid asks for it." in text
    assert "nothing differs" in text
    document = playground.json("pinpoint", script, "--package", "lib", "--in", IN)
    assert transitions(document) == [("introduced", "1.3.0", "1.3.1"), ("fixed", "1.3.1", "1.3.2")]
    assert document["mode"] == "every" and "that takes about" in document["mode_reason"]
    assert document["probes"] == 8, "what the grid has run is known"
