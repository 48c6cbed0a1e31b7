"""What the package index says of a package's releases. The only module that asks it directly; uv asks it by itself."""

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

# Where uv and pip look, too; the first that is set counts.
INDEX_VARIABLES = ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL")
_NEXT_STEP = f"Try again when it does; {INDEX_VARIABLES[0]} names another index"
_TIMEOUT_S = 30.0
_RETRY = Retry(total=3, backoff_factor=0.5, status_forcelist=(429, 500, 502, 503, 504), raise_on_status=False)


@dataclass(frozen=True, kw_only=True)
class Release:
    """One version of a package, as it was published."""

    version: Version
    date: dt.datetime | None
    """When its first file was uploaded; None if the index does not say."""
    yanked: bool
    prerelease: bool
    requires_python: str | None
    wheels: tuple[str, ...] | None = None
    """Names of its wheels' files; None if that is not known."""
    uploaded: Mapping[str, dt.datetime] = field(default_factory=dict)
    """When each of them was, as far as the index says."""

    def has_wheel_for(self, python: str) -> bool:
        """Whether a wheel may fit a Python, such as `3.11`, of some platform; True where that is not known."""
        if self.wheels is None:
            return True
        return any(fits(name, python) for name in self.wheels)


def fits(wheel: str, python: str, platform: str | None = None) -> bool:
    """Whether a wheel may fit a Python, of some platform, or of one that uv calls so: `x86_64-manylinux_2_28`."""
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
    # Up to 3.7 the ABI's name tells that memory is allocated by Python's own means.
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
    """The package index did not give an answer, now."""


class WrongFile(HarnessError):
    """The package index gave another file than it says."""


class ReleaseIndex:
    """Asks for each package once."""

    def __init__(self, endpoint: str = PYPI_SIMPLE_ENDPOINT) -> None:
        self._endpoint = endpoint
        self._releases: dict[str, list[Release]] = {}

    @classmethod
    def configured(cls, environ: Mapping[str, str]) -> ReleaseIndex:
        """Ask where uv and pip are told to look."""
        for variable in INDEX_VARIABLES:
            if environ.get(variable):
                # uv's may have a name in front: NAME=ADDRESS.
                name, found, address = environ[variable].partition("=")
                return cls(address if found and "/" not in name else environ[variable])
        return cls()

    def releases(self, package: str, *, every: bool = False) -> list[Release]:
        """List the releases of a package, ascending: those that are final and not yanked, or every one.

        Raises IndexUnavailable, or HarnessError if there is no such package.
        """
        if package not in self._releases:
            self._releases[package] = _releases(self._page(package))
        return [each for each in self._releases[package] if every or not (each.yanked or each.prerelease)]

    def fetch_source(self, package: str, hashes: Collection[str], folder: Path) -> Path:
        """Download the source distribution that has one of these sha256 sums, and see that it does.

        Raises IndexUnavailable, WrongFile, or HarnessError if the index has no such file.
        """
        fitting = (each for each in self._page(package).packages if each.digests.get("sha256") in hashes)
        file = next((each for each in fitting if each.package_type == "sdist"), None)
        if file is None:
            raise HarnessError(
                f"The package index does not offer the source of {package!r} that was locked",
                next_step="Try again when it does, or lock again",
            )
        path = folder / Path(file.filename).name
        with self._client() as client:
            try:
                client.download_package(file, path, timeout=_TIMEOUT_S)
            except DigestMismatchError as error:
                raise WrongFile(f"{path.name}: it does not have the sha256 sum that was locked") from error
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
                    next_step=f"Check the name, and the index that {INDEX_VARIABLES[0]} names, if it is set",
                ) from None
            except (UnsupportedContentTypeError, UnsupportedRepoVersionError) as error:
                raise HarnessError(
                    f"The package index answered for {package!r} with something else than a list of files",
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
            continue  # a file of the days before versions had a form
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
    )


def _innermost(error: BaseException) -> str:
    """Say what lies at the bottom: what is wrapped around it repeats addresses, which may hold passwords."""
    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"it answered {error.response.status_code} {error.response.reason}"
    inner: BaseException = error
    while inner.args and isinstance(inner.args[0], BaseException):
        inner = inner.args[0]
    reason = getattr(inner, "reason", None)
    if isinstance(reason, BaseException):
        return _innermost(reason)
    return str(inner).rpartition(": ")[2] or type(inner).__name__
