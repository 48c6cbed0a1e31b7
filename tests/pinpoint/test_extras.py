"""`--with PACKAGE`: more packages in the chosen environments, and environments that name them."""

from __future__ import annotations

import pytest

from tests.pinpoint.conftest import PYTHON

pytestmark = pytest.mark.slow

IN = f"python={PYTHON} lib as-of=2024-12-01"
SCRIPT = "import extra, lib\nprint(extra.version, lib.version)\nassert f'extra {extra.version}' == 'extra 1.0', extra.version\n"


@pytest.fixture
def published(playground):
    """lib 1.0, and extra 1.0 and 2.0, of which the second is younger than the environment's date."""
    playground.index.add("lib", "1.0", "2024-01-01")
    playground.index.add("extra", "1.0", "2024-01-02")
    playground.index.add("extra", "2.0", "2025-06-01")
    return playground


def outcomes(document):
    return {cell["cell"]: (cell["outcome"], cell["error"]) for cell in document["cells"]}


def test_a_package_is_added_as_of_the_date_of_the_environment(published):
    script = published.script(SCRIPT)
    cell = f"shows_it@{IN} + extra"
    document = published.json("run", script, "--environments", IN, "--with", "extra")
    assert outcomes(document) == {cell: ("passed", None)}
    assert document["cells"][0]["condition"] == "with extra"
    assert published.json("show", cell)["condition"] == "with extra"


def test_an_exact_version_may_be_younger_than_the_environment(published):
    script = published.script(SCRIPT)
    found = outcomes(published.json("run", script, "--environments", IN, "--with", "extra==2.0"))
    assert found == {f"shows_it@{IN} + extra==2.0": ("failed", "AssertionError: 2.0")}


def test_the_id_is_an_environment_that_run_show_and_replay_take(published):
    script = published.script(SCRIPT)
    cell = f"shows_it@{IN} + extra"
    published.json("run", script, "--environments", IN, "--with", "extra")
    assert outcomes(published.json("run", script, "--environments", f"{IN} + extra")) == {cell: ("passed", None)}
    assert "1.0 1.0" in published.harness("show", cell)
    assert "The same as on" in published.harness("replay", cell)


def test_an_environment_that_has_the_package_stays_what_it_is(published):
    script = published.script("import lib\nprint(lib.version)\n")
    document = published.json("run", script, "--environments", IN, "--with", "lib")
    assert list(outcomes(document)) == [f"shows_it@{IN}"]
    assert document["cells"][0]["condition"] is None


def test_no_package_of_the_base_moves(published):
    """What extra needs conflicts with the lib that is there: the cell is unavailable, and says why."""
    published.index.add("lib", "2.0", "2025-01-01")
    published.index.add("greedy", "1.0", "2024-01-03", requires=["lib>=2"])
    script = published.script("import lib\nprint(lib.version)\n")
    (cell,) = published.json("run", script, "--environments", IN, "--with", "greedy")["cells"]
    assert (cell["outcome"], cell["condition"]) == ("unavailable", "with greedy")
    assert cell["reason"].startswith("cannot add greedy: ")
    assert "lib" in cell["reason"]


def test_what_pip_would_refuse_is_installed_when_its_version_is_named(published):
    published.index.add("greedy", "1.0", "2024-01-03", requires=["lib>=2"])
    script = published.script("import greedy, lib\nassert lib.version == '1.0'\n")
    found = outcomes(published.json("run", script, "--environments", IN, "--with", "greedy==1.0 lib==1.0"))
    assert list(found.values()) == [("passed", None)]


def test_a_dependency_in_the_header_is_added(published):
    """So it is in table and show; --with may name the version."""
    script = published.script(
        f'# /// script\n# dependencies = ["extra >= 1 ; python_version > \'3\'", "lib"]\n# ///\n{SCRIPT}'
    )
    cell = f"shows_it@{IN} + extra>=1"
    assert outcomes(published.json("run", script, "--environments", IN)) == {cell: ("passed", None)}
    assert "adding extra>=1" in published.said
    assert outcomes(published.json("table", script, "--environments", IN)) == {cell: ("passed", None)}
    assert published.json("show", f"{script}@{IN}")["cell"] == cell
    found = outcomes(published.json("run", script, "--environments", IN, "--with", "extra==2.0"))
    assert found == {f"shows_it@{IN} + extra==2.0": ("failed", "AssertionError: 2.0")}


def test_only_the_script_that_declares_a_package_gets_it(published):
    declares = published.script(f'# /// script\n# dependencies = ["extra"]\n# ///\n{SCRIPT}')
    plain = published.script("import lib\nprint(lib.version)\n", name="plain.py")
    found = outcomes(published.json("run", plain, declares, "--environments", IN))
    assert found == {f"plain@{IN}": ("passed", None), f"shows_it@{IN} + extra": ("passed", None)}


def test_another_version_than_the_declared_one_is_not_replaced(published):
    published.index.add("lib", "2.0", "2025-06-01")
    script = published.script(f'# /// script\n# dependencies = ["lib>=2"]\n# ///\n{SCRIPT}')
    (cell,) = published.json("run", script, "--environments", IN)["cells"]
    assert (cell["cell"], cell["outcome"]) == (f"shows_it@{IN}", "not applicable")
    assert cell["reason"] == "needs lib>=2, and this environment has lib 1.0"


def test_imports_alone_add_nothing(published):
    (cell,) = published.json("run", published.script(SCRIPT), "--environments", IN)["cells"]
    assert (cell["cell"], cell["outcome"]) == (f"shows_it@{IN}", "not applicable")
    assert "Add it: --with extra" in cell["reason"]


@pytest.mark.parametrize(
    ("package", "says"),
    [
        pytest.param("ex tra==", "is not a requirement", id="no requirement"),
        pytest.param("extra@https://example.org/extra.whl", "has an address", id="address"),
        pytest.param(" ", "no package is named", id="empty"),
    ],
)
def test_wrong_input_says_what_to_write(published, package, says):
    published.harness("run", published.script(SCRIPT), "--environments", IN, "--with", package, status=2)
    assert says in published.said
