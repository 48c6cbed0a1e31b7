"""Read the files of a source package: why it has no wheel, its build requirements, its dependencies.

The files are untrusted. This module reads them in parts, and unpacks and executes nothing.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import lzma
import re
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from packaging.metadata import parse_email
from packaging.requirements import InvalidRequirement, Requirement

from harness.locking.package_index import ReleaseIndex, fits
from harness.model import LockOrigin, Pin
from harness.project.inline_metadata import TOMLDecodeError, loads
from harness.uv.failures import FailureKind, UvFailed

# The default build requirements.
_USUAL_TOOLS = ("setuptools", "wheel")
_LARGEST_TEXT = 1 << 20
_LARGEST_SOURCE = 1 << 30
# Exceptions that archive readers raise for malformed files.
_UNREADABLE = (
    OSError, EOFError, ValueError, TypeError, AttributeError, LookupError, RuntimeError, OverflowError, TOMLDecodeError,
    InvalidRequirement, tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error,
)  # fmt: skip


def why_no_wheel(pin: Pin, origin: LockOrigin, index: ReleaseIndex) -> str:
    """Explain why a package is built from source, from its files in the index."""
    name = f"{pin.name} {pin.version}"
    release = next((each for each in index.releases(pin.name, every=True) if str(each.version) == pin.version), None)
    wheels = release.wheels or () if release is not None else ()
    if not wheels:
        return f"no wheel of {name} was ever published"
    day = f"{origin.as_of:%Y-%m-%d}"
    there = [each for each in wheels if release is None or _before(release.uploaded.get(each), origin.as_of)]
    for_it = f"Python {origin.python} on {origin.platform}"
    fitting = [each for each in there if fits(each, origin.python, origin.platform)]
    if not there:
        return f"no wheel of {name} was published by {day}"
    if not fitting:
        if len(there) == 1:
            return f"the one wheel of {name} that was published by {day} is not for {for_it}"
        return f"none of the {len(there)} wheels of {name} that were published by {day} is for {for_it}"
    return f"uv takes none of the {len(fitting)} wheels of {name} for {for_it}"


def _before(moment: dt.datetime | None, as_of: dt.datetime) -> bool:
    return moment is None or moment <= as_of


def tools_of(sdist: Path) -> tuple[str, ...]:
    """Return the build requirements of a source distribution. Raises UvFailed."""
    with _report_unreadable(sdist):
        text = _top_file(sdist, "pyproject.toml")
        table = loads(text.decode("utf-8")).get("build-system", {}) if text is not None else {}
        wanted = [Requirement(each) for each in table.get("requires", _USUAL_TOOLS)]
        by_setuptools = str(table.get("build-backend", "setuptools")).startswith("setuptools")
    if any(each.url for each in wanted):
        raise UvFailed(
            FailureKind.BUILD_FAILED, f"{sdist.name}: its build requires a package from a URL, which no index has", ""
        )
    # Older releases of setuptools request `wheel` only at build time.
    if by_setuptools and not any(each.name == "wheel" for each in wanted):
        wanted.append(Requirement("wheel"))
    return tuple(map(str, wanted))


@contextlib.contextmanager
def _report_unreadable(path: Path) -> Iterator[None]:
    try:
        yield
    except _UNREADABLE as error:
        raise UvFailed(FailureKind.BUILD_FAILED, f"{path.name} cannot be read: {str(error)[:200]}", "") from error


def _top_file(sdist: Path, name: str) -> bytes | None:
    """Return the content of a file in the top folder of a source distribution, or None."""
    if sdist.suffix == ".zip":
        with zipfile.ZipFile(sdist) as archive:
            found = next((each for each in archive.namelist() if each.split("/")[1:] == [name]), None)
            return None if found is None else archive.open(found).read(_LARGEST_TEXT)
    with tarfile.open(sdist) as archive:
        for member in archive:
            if member.name.split("/")[1:] == [name] and member.isfile():
                stream = archive.extractfile(member)
                return None if stream is None else stream.read(_LARGEST_TEXT)
            if member.offset_data + member.size > _LARGEST_SOURCE:
                raise ValueError(f"it is larger than {_LARGEST_SOURCE >> 20} MiB")
    return None


def requires_of(wheel: Path) -> tuple[str, ...]:
    """Return the dependencies of a wheel. Raises UvFailed."""
    with _report_unreadable(wheel), zipfile.ZipFile(wheel) as archive:
        path = next((each for each in archive.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", each)), None)
        if path is None:
            raise ValueError("it has no METADATA")
        raw, _ = parse_email(archive.open(path).read(_LARGEST_TEXT))
        return tuple(str(Requirement(each)) for each in raw.get("requires_dist", []))
