"""Where a package is on GitHub: by its metadata, and by the remotes of a clone."""

import pytest

from harness.environments.metadata import github_repository
from harness.pinpoint.commits.github_name import hosted_as

KERAS = "keras-team/keras"
ORIGIN = ("origin", "https://github.com/keras-team/keras.git")
FORK = ("origin", "git@github.com:someone/keras.git")
MIRROR = ("origin", "https://git.example.org/mirrors/keras.git")
OTHER = ("origin", "https://github.com/google/jax")


@pytest.mark.parametrize(
    ("lines", "name"),
    [
        pytest.param(["Home-page: https://github.com/keras-team/keras"], KERAS, id="home page"),
        pytest.param(
            ["Home-page: https://keras.io/", "Download-URL: https://github.com/keras-team/keras/tags"], KERAS,
            id="download",
        ),
        pytest.param(
            ["Project-URL: Bug Tracker, https://github.com/someone/tracker/issues",
             "Project-URL: Repository, https://github.com/keras-team/keras.git"], KERAS, id="the source before others",
        ),
        pytest.param(["Project-URL: Funding, https://github.com/sponsors/someone"], None, id="sponsors"),
        pytest.param(["Home-page: https://keras.io/"], None, id="elsewhere"),
        pytest.param(["Name: keras", "", "Home-page: https://github.com/a/b"], None, id="description"),
    ],
)  # fmt: skip
def test_repository_that_the_metadata_of_a_package_names(tmp_path, lines, name):
    info = tmp_path / "lib" / "python3.11" / "site-packages" / "keras-3.5.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("\n".join(["Metadata-Version: 2.1", *lines]), encoding="utf-8")
    assert github_repository(tmp_path, "keras") == name
    assert github_repository(tmp_path, "numpy") is None


@pytest.mark.parametrize(
    ("metadata", "remotes", "name"),
    [
        pytest.param(KERAS, [], KERAS, id="no remote"),
        pytest.param(KERAS, [MIRROR], KERAS, id="a remote elsewhere"),
        pytest.param(KERAS, [ORIGIN], KERAS, id="the same"),
        pytest.param(KERAS, [FORK], KERAS, id="a fork has the numbers of the package"),
        pytest.param(KERAS, [OTHER], "google/jax", id="a clone of something else"),
        pytest.param(None, [ORIGIN], KERAS, id="only the remote"),
        pytest.param(None, [FORK, ("upstream", "ssh://git@github.com/keras-team/keras")], KERAS, id="upstream first"),
        pytest.param(None, [MIRROR], None, id="nothing names it"),
    ],
)
def test_name_of_the_repository_of_a_clone(metadata, remotes, name):
    assert hosted_as(metadata, remotes) == name
