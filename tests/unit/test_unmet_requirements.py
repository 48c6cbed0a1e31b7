"""Which requirements the packages of an environment do not find."""

import pytest

from harness.environments.integrity import packages_with_the_same_files, site_packages
from harness.environments.requirements import unmet_requirements


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "lib" / "python3.9" / "site-packages").mkdir(parents=True)
    return tmp_path


def install(folder, name, version, *requires, files=()):
    info = site_packages(folder) / f"{name}-{version}.dist-info"
    info.mkdir()
    lines = "".join(f"Requires-Dist: {each}\n" for each in requires)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{lines}")
    (info / "RECORD").write_text("".join(f"{path},sha256={digest},1\n" for path, digest in files))


def test_requirement_on_another_version_is_reported(folder):
    install(folder, "engine", "2.5.0", "numpy~=1.19.2", "layers>=2")
    install(folder, "numpy", "1.20.3")
    install(folder, "layers", "2.1.0")
    assert unmet_requirements(folder, "3.9", {"engine-cpu": "engine"}) == (
        "engine 2.5.0 requires numpy~=1.19.2, but numpy 1.20.3 is installed",
    )


def test_package_that_is_installed_in_the_place_of_another_counts(folder):
    install(folder, "text", "2.18.1", "engine<2.19,>=2.18")
    install(folder, "engine-cpu", "2.19.0")
    found = unmet_requirements(folder, "3.9", {"engine-cpu": "engine"})
    assert found == ("text 2.18.1 requires engine<2.19,>=2.18, but engine 2.19.0 is installed",)


@pytest.mark.parametrize(
    "requirement",
    [
        "missing>=1",
        "numpy<1; python_version < '3.8'",
        "numpy<1; extra == 'old'",
        "numpy (>=1.2*)",
        "not a requirement!",
    ],
)
def test_requirement_that_does_not_apply_is_not_reported(folder, requirement):
    install(folder, "engine", "2.5.0", requirement)
    install(folder, "numpy", "1.20.3")
    assert unmet_requirements(folder, "3.9", {"engine-cpu": "engine"}) == ()


def test_packages_that_install_different_contents_at_one_path_are_found(folder):
    install(folder, "layers", "2.4.3", files=[("layers/__init__.py", "aaa"), ("layers/deep/x.py", "bbb")])
    install(folder, "layers_nightly", "2.5", files=[("layers/__init__.py", "ccc"), ("layers/deep/x.py", "ddd")])
    assert packages_with_the_same_files(folder) == (
        "layers and layers-nightly install different files at layers/__init__.py"
    )


def test_packages_that_install_the_same_content_at_one_path_are_no_conflict(folder):
    install(folder, "one", "1.0", files=[("shared/__init__.py", "aaa")])
    install(folder, "two", "1.0", files=[("shared/__init__.py", "aaa")])
    assert packages_with_the_same_files(folder) is None
