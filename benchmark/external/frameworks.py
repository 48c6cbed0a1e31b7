"""The two parts of Defects4DLL: where their bugs are, and which environments run them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

_HERE = Path(__file__).parent


@dataclass(frozen=True, kw_only=True)
class Framework:
    """One part of the data set."""

    name: str
    """As in the files of the data set."""
    title: str
    prefix: str
    """The start of the ids of its bugs."""
    packages: tuple[str, ...]
    """The packages whose files are compared: an environment has one of them."""
    modules: tuple[str, ...]
    """The top-level modules of these packages."""
    generated: tuple[str, ...] = ()
    """Folders of files that are generated, and never faulty."""
    project: Path
    """The folder of the matrix.toml with the environments."""
    environments: str
    first_releases: tuple[str, ...] = ()
    """More environments, for the bugs that none of the others shows."""
    added: tuple[tuple[str, str], ...] = ()
    """Modules that scripts import, with the packages that are added to the first releases for them."""
    memory_mib: int | None = None
    """The memory limit of each script; None for the usual one."""
    ranked: bool = True
    """Whether the published figures have the ranks of the faulty files."""
    measured: Path
    section: str
    """The section of docs/external.md."""


TENSORFLOW = Framework(
    name="tensorflow",
    title="TensorFlow",
    prefix="tf",
    packages=("tensorflow", "tensorflow-cpu"),
    modules=("tensorflow", "tensorflow_core"),
    generated=("_api",),
    project=_HERE.parents[1],
    environments="old-*,tf2.*,!*-legacy",
    first_releases=(
        "python=3.7 tensorflow==1.14.0 exclude-newer=2019-07-17",
        "python=3.7 tensorflow-cpu==1.15.0 exclude-newer=2019-11-13",
        "python=3.7 tensorflow==2.0.0 exclude-newer=2019-10-28",
        "python=3.7 tensorflow-cpu==2.1.0 exclude-newer=2020-02-05",
        "python=3.8 tensorflow-cpu==2.2.0 exclude-newer=2020-06-03",
        "python=3.8 tensorflow-cpu==2.3.0 exclude-newer=2020-08-24",
        "python=3.8 tensorflow-cpu==2.4.0 exclude-newer=2021-01-11",
    ),
    added=(("sklearn", "scikit-learn"),),
    measured=Path("benchmark/results/external.json"),
    section="external",
)
# Two scripts save models of more than 2 GiB, and need four times as much memory.
PYTORCH = Framework(
    name="pytorch",
    title="PyTorch",
    prefix="torch",
    packages=("torch",),
    modules=("torch",),
    project=_HERE / "pytorch",
    environments="pytorch-old-1.7.0,pytorch-old-1.8.1,pytorch-1.9.1,pytorch-1.10.2,pytorch-1.11.0",
    memory_mib=12288,
    ranked=False,
    measured=Path("benchmark/results/external_pytorch.json"),
    section="pytorch",
)
FRAMEWORKS = {each.name: each for each in (TENSORFLOW, PYTORCH)}
