"""The HTTP client of the package index, in a module of its own: pypi_simple takes half a second to import."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import requests
from packaging.version import Version
from pypi_simple import PYPI_SIMPLE_ENDPOINT, DistributionPackage, NoSuchProjectError, ProjectPage, PyPISimple
from pypi_simple.errors import DigestMismatchError, UnsupportedContentTypeError, UnsupportedRepoVersionError
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from harness.errors import HarnessError
from harness.locking.package_index import INDEX_VARIABLES, IndexUnavailable, Release, WrongFile

_NEXT_STEP = f"Try again later, or set {INDEX_VARIABLES[0]} to another index"
_TIMEOUT_S = 30.0
_KINDS = {"sdist": "source distribution", "wheel": "wheel"}
_RETRY = Retry(total=3, backoff_factor=0.5, status_forcelist=(429, 500, 502, 503, 504), raise_on_status=False)


class IndexClient:
    """Queries the package index at an address, or the default one."""

    def __init__(self, endpoint: str | None) -> None:
        self._endpoint = endpoint or PYPI_SIMPLE_ENDPOINT

    def releases(self, package: str) -> list[Release]:
        """List all releases of a package in ascending order.

        Raises IndexUnavailable, or HarnessError if the package does not exist.
        """
        return _releases(self._page(package))

    def fetch(self, package: str, hashes: Collection[str], folder: Path, kind: str) -> Path:
        """Download the file of a kind, `sdist` or `wheel`, that has one of the hashes.

        Raises IndexUnavailable, WrongFile, or HarnessError if the index has no such file.
        """
        fitting = (each for each in self._page(package).packages if each.digests.get("sha256") in hashes)
        file = next((each for each in fitting if each.package_type == kind), None)
        if file is None:
            raise HarnessError(
                f"The package index does not offer the locked {_KINDS[kind]} of {package!r}",
                next_step="Try again later, or update the lock with `harness lock --upgrade`",
            )
        path = folder / Path(file.filename).name
        with self._connected() as client:
            try:
                client.download_package(file, path, timeout=_TIMEOUT_S)
            except DigestMismatchError as error:
                raise WrongFile(f"{path.name}: its sha256 hash differs from the lock") from error
            except (requests.RequestException, ValueError) as error:
                raise IndexUnavailable(
                    f"The package index does not answer for {path.name}", why=_innermost(error), next_step=_NEXT_STEP
                ) from error
        return path

    def _connected(self) -> PyPISimple:
        session = requests.Session()
        session.mount("https://", HTTPAdapter(max_retries=_RETRY))
        session.mount("http://", HTTPAdapter(max_retries=_RETRY))
        return PyPISimple(self._endpoint, session=session)

    def _page(self, package: str) -> ProjectPage:
        with self._connected() as client:
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
