"""Query the package index for releases of a package. uv has its own client; no other module queries the index."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import requests
from packaging.tags import Tag, compatible_tags, cpython_tags
from packaging.utils import parse_wheel_filename
from packaging.version import Version
from pypi_simple import PYPI_SIMPLE_ENDPOINT, DistributionPackage, NoSuchProjectError, ProjectPage, PyPISimple
from pypi_simple.errors import DigestMismatchError, UnsupportedContentTypeError, UnsupportedRepoVersionError
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from harness.errors import HarnessError

# The variables that uv and pip read. The first one that is set is used.
INDEX_VARIABLES = ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL")
_NEXT_STEP = f"Try again later, or set {INDEX_VARIABLES[0]} to another index"
_TIMEOUT_S = 30.0
_KINDS = {"sdist": "source distribution", "wheel": "wheel"}
_RETRY = Retry(total=3, backoff_factor=0.5, status_forcelist=(429, 500, 502, 503, 504), raise_on_status=False)


@dataclass(frozen=True, kw_only=True)
class Release:
    """One published version of a package."""

    version: Version
    date: dt.datetime | None
    """Upload time of its first file; None if the index does not report it."""
    yanked: bool
    prerelease: bool
    requires_python: str | None
    wheels: tuple[str, ...] | None = None
    """File names of its wheels; None if unknown."""
    uploaded: Mapping[str, dt.datetime] = field(default_factory=dict)
    """Upload times by file name, if the index reports them."""
    hashes: Mapping[str, str] = field(default_factory=dict)
    """sha256 sums by file name, if the index reports them."""
    sizes: Mapping[str, int] = field(default_factory=dict)
    """Sizes in bytes by file name, if the index reports them."""

    @property
    def pure(self) -> bool:
        """Return True if its only wheel is for every platform."""
        return self.wheels is not None and len(self.wheels) == 1 and self.wheels[0].endswith("-none-any.whl")

    def has_wheel_for(self, python: str) -> bool:
        """Return True if a wheel may fit a Python such as `3.11` on any platform, or if the wheels are unknown."""
        if self.wheels is None:
            return True
        return any(fits(name, python) for name in self.wheels)


def fits(wheel: str, python: str, platform: str | None = None) -> bool:
    """Return True if a wheel may fit a Python, on any platform or on one in uv's notation: `x86_64-manylinux_2_28`."""
    fitting = _interpreters_and_abis(python)
    machine, _, system = (platform or "").partition("-")
    return any(
        (tag.interpreter, tag.abi) in fitting
        and (not system or tag.platform == "any" or ("linux" in tag.platform and tag.platform.endswith(machine)))
        for tag in _tags_of(wheel)
    )


@functools.cache
def _interpreters_and_abis(python: str) -> frozenset[tuple[str, str]]:
    major, minor = (int(part) for part in python.split(".")[:2])
    short = f"cp{major}{minor}"
    # Up to Python 3.7, the ABI tag ends in `m` (pymalloc).
    abi = short if (major, minor) >= (3, 8) else f"{short}m"
    specific = cpython_tags((major, minor), abis=[abi], platforms=["any"])
    general = compatible_tags((major, minor), interpreter=short, platforms=["any"])
    return frozenset((tag.interpreter, tag.abi) for tag in (*specific, *general))


def _tags_of(name: str) -> frozenset[Tag]:
    try:
        return parse_wheel_filename(name)[3]
    except ValueError:
        return frozenset()


class IndexUnavailable(HarnessError):
    """The package index does not answer."""


class WrongFile(HarnessError):
    """The package index served a file with another hash."""


class ReleaseIndex:
    """A client of the package index. Requests the page of each package once."""

    def __init__(self, endpoint: str = PYPI_SIMPLE_ENDPOINT) -> None:
        self._endpoint = endpoint
        self._releases: dict[str, list[Release]] = {}

    @classmethod
    def configured(cls, environ: Mapping[str, str]) -> ReleaseIndex:
        """Return a client of the index that uv and pip are configured to use."""
        for variable in INDEX_VARIABLES:
            if environ.get(variable):
                # uv accepts NAME=ADDRESS, too.
                name, found, address = environ[variable].partition("=")
                return cls(address if found and "/" not in name else environ[variable])
        return cls()

    def releases(self, package: str, *, every: bool = False) -> list[Release]:
        """List the releases of a package in ascending order: final and not yanked ones, or `every` one.

        Raises IndexUnavailable, or HarnessError if the package does not exist.
        """
        if package not in self._releases:
            self._releases[package] = _releases(self._page(package))
        return [each for each in self._releases[package] if every or not (each.yanked or each.prerelease)]

    def fetch_source(self, package: str, hashes: Collection[str], folder: Path) -> Path:
        """Download the source distribution with one of these sha256 hashes, and verify the hash.

        Raises IndexUnavailable, WrongFile, or HarnessError if the index has no such file.
        """
        return self._fetch(package, hashes, folder, "sdist")

    def fetch_wheel(self, package: str, hashes: Collection[str], folder: Path) -> Path:
        """Download the wheel with one of these sha256 hashes, and verify the hash. Raises as `fetch_source`."""
        return self._fetch(package, hashes, folder, "wheel")

    def _fetch(self, package: str, hashes: Collection[str], folder: Path, kind: str) -> Path:
        fitting = (each for each in self._page(package).packages if each.digests.get("sha256") in hashes)
        file = next((each for each in fitting if each.package_type == kind), None)
        if file is None:
            raise HarnessError(
                f"The package index does not offer the locked {_KINDS[kind]} of {package!r}",
                next_step="Try again later, or update the lock with `harness lock --upgrade`",
            )
        path = folder / Path(file.filename).name
        with self._client() as client:
            try:
                client.download_package(file, path, timeout=_TIMEOUT_S)
            except DigestMismatchError as error:
                raise WrongFile(f"{path.name}: its sha256 hash differs from the lock") from error
            except (requests.RequestException, ValueError) as error:
                raise IndexUnavailable(
                    f"The package index does not answer for {path.name}", why=_innermost(error), next_step=_NEXT_STEP
                ) from error
        return path

    def _client(self) -> PyPISimple:
        session = requests.Session()
        session.mount("https://", HTTPAdapter(max_retries=_RETRY))
        session.mount("http://", HTTPAdapter(max_retries=_RETRY))
        return PyPISimple(self._endpoint, session=session)

    def _page(self, package: str) -> ProjectPage:
        with self._client() as client:
            try:
                return client.get_project_page(package, timeout=_TIMEOUT_S)
            except NoSuchProjectError:
                raise HarnessError(
                    f"The package index has no package {package!r}",
                    next_step=f"Check the name, and {INDEX_VARIABLES[0]} if it is set",
                ) from None
            except (UnsupportedContentTypeError, UnsupportedRepoVersionError) as error:
                raise HarnessError(
                    f"The answer of the package index for {package!r} is not a list of files",
                    why=str(error),
                    next_step=f"Check {' and '.join(INDEX_VARIABLES)}",
                ) from error
            except (requests.RequestException, ValueError) as error:
                raise IndexUnavailable(
                    f"The package index does not answer for {package!r}", why=_innermost(error), next_step=_NEXT_STEP
                ) from error


def _releases(page: ProjectPage) -> list[Release]:
    files: dict[Version, list[DistributionPackage]] = {}
    for each in page.packages:
        try:
            files.setdefault(Version(each.version or ""), []).append(each)
        except ValueError:
            continue  # an old file with an invalid version
    return [_release(version, files[version]) for version in sorted(files)]


def _release(version: Version, files: list[DistributionPackage]) -> Release:
    dates = [each.upload_time for each in files if each.upload_time is not None]
    return Release(
        version=version,
        date=min(dates, default=None),
        yanked=all(each.is_yanked for each in files),
        prerelease=version.is_prerelease,
        requires_python=next((each.requires_python for each in files if each.requires_python), None),
        wheels=tuple(each.filename for each in files if each.filename.endswith(".whl")),
        uploaded={each.filename: each.upload_time for each in files if each.upload_time is not None},
        hashes={each.filename: each.digests["sha256"] for each in files if "sha256" in each.digests},
        sizes={each.filename: each.size for each in files if each.size is not None},
    )


def _innermost(error: BaseException) -> str:
    """Return the innermost message: the outer ones repeat addresses, which may contain passwords."""
    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"it answered {error.response.status_code} {error.response.reason}"
    inner: BaseException = error
    while inner.args and isinstance(inner.args[0], BaseException):
        inner = inner.args[0]
    reason = getattr(inner, "reason", None)
    if isinstance(reason, BaseException):
        return _innermost(reason)
    return str(inner).rpartition(": ")[2] or type(inner).__name__
