"""The wheel works outside a clone: installed into an environment of its own, run in an empty folder."""

import json
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from uv import find_uv_bin

import harness
from tests.runs.conftest import LIMIT_S, PROJECT, PYTHON

# Published or not: the wheel has it if the repository has it.
TABLE = PROJECT / "results" / "transfer" / "transfer.json"


@pytest.fixture(scope="module")
def scripts(tmp_path_factory) -> Path:
    """The folder of the console scripts, of an environment that has the wheel and nothing of the clone."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(build, cwd=PROJECT, check=True, capture_output=True)
    (wheel,) = folder.glob("repro_matrix-*.whl")
    environment = folder / "environment"
    uv = [find_uv_bin(), "--offline", "--quiet", "--cache-dir", str(folder / "cache")]
    subprocess.run([*uv, "venv", "--python", sys.executable, str(environment)], check=True)
    install = [*uv, "pip", "install", "--no-deps", "--no-index", "--python", str(environment), str(wheel)]
    subprocess.run(install, check=True)
    # The dependencies are those that the tests have.
    packages = environment / "lib" / f"python{PYTHON}" / "site-packages"
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return environment / "bin"


@pytest.fixture
def call(scripts, project, tmp_path):
    """Call a console script in an empty folder."""
    folder = tmp_path / "empty"
    folder.mkdir()
    (tmp_path / "home").mkdir()

    def call(name: str, *arguments: str, status: int = 0) -> subprocess.CompletedProcess[str]:
        variables = {**project.environ(), "HOME": str(tmp_path / "home"), "XDG_DATA_HOME": str(tmp_path / "data")}
        del variables["PYTHONPATH"]
        done = subprocess.run(
            [scripts / name, *arguments],
            cwd=folder, env=variables, text=True, capture_output=True, check=False, timeout=LIMIT_S,
        )  # fmt: skip
        assert done.returncode == status, done.stdout + done.stderr
        assert "Traceback (most recent call last)" not in done.stderr, done.stderr
        return done

    return call


@pytest.mark.parametrize("name", ["repro-matrix", "harness"])
def test_version_of_the_distribution_is_printed(call, name):
    assert call(name, "--version").stdout == f"repro-matrix {harness.__version__}\n"


def test_script_runs_in_an_empty_folder(call, tmp_path):
    report = tmp_path / "empty" / "report.py"
    report.write_text("import demo\ndemo.build([1])\n", encoding="utf-8")
    environment = f"python={PYTHON} demo==1.1"
    done = call("harness", "run", "report.py", "--environments", environment, "--json")
    assert [cell["outcome"] for cell in json.loads(done.stdout)["cells"]] == ["failed"]
    store = tmp_path / "data" / "harness" / "attempts.sqlite"
    assert done.stderr.count(f"using the matrix of repro-matrix {harness.__version__}. Results: {store}\n") == 1
    assert store.is_file()
    assert list((tmp_path / "empty").iterdir()) == [report]
    (cell,) = [each["cell"] for each in json.loads(done.stdout)["cells"]]
    assert "takes no list" in call("repro-matrix", "show", cell).stdout


def test_shipped_matrix_is_that_of_the_clone(call, project):
    shipped = json.loads(call("harness", "plan", "--json").stdout)
    clone = subprocess.run(
        [sys.executable, "-m", "harness", "plan", "--json"],
        cwd=PROJECT,
        env=project.environ(),
        text=True,
        capture_output=True,
        check=True,
    )
    ours = json.loads(clone.stdout)
    for document in (shipped, ours):
        document["cells"] = [(each["cell"], each["reason"]) for each in document["cells"] if each["state"] == "absent"]
    assert shipped["cells"] == ours["cells"]
    assert [each["environment"] for each in shipped["environments"]] == [
        each["environment"] for each in ours["environments"]
    ]


@pytest.mark.parametrize(
    ("arguments", "workaround"), [(["lock"], "Change into a clone"), (["report"], "Write --folder DIR")]
)
def test_shipped_matrix_is_not_written_to(call, arguments, workaround):
    said = call("harness", *arguments, status=2).stderr
    assert "needs a clone" in said
    assert workaround in said


def test_named_project_without_a_matrix_is_an_error(call, tmp_path):
    assert "no matrix.toml here or above" in call("harness", "--project", str(tmp_path), "plan", status=2).stderr


def test_a_saved_model_is_read_outside_a_clone(call):
    file = PROJECT / "tests" / "fixtures" / "saved_models" / "tf2.12.1_depthwise.h5"
    done = call("harness", "readers", str(file), status=0 if TABLE.is_file() else 1)
    assert "written by Keras 2.12.0 (tf2.12.1)" in done.stdout
    assert ("from the table of" in done.stdout) == TABLE.is_file()
