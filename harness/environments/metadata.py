"""The GitHub repository of an installed package, from its metadata. Reads METADATA files."""

from __future__ import annotations

import re
from pathlib import Path

from packaging.utils import NormalizedName, canonicalize_name

from harness.environments.integrity import site_packages

_GITHUB = re.compile(r"github\.com[/:](?P<owner>[\w.-]+)/(?P<name>[\w.-]+?)(?:\.git)?(?:[/#?]|$)", re.IGNORECASE)
_HEADER = re.compile(r"(?P<key>Home-page|Download-URL|Project-URL): *(?:(?P<label>[^,]*), *)?(?P<address>\S+)$")
_SOURCE = re.compile(r"source|repository|code|github|^home", re.IGNORECASE)
_NO_OWNERS = frozenset({"sponsors", "orgs", "users", "marketplace"})
_MOST_LINES = 1000


def github_name(address: str) -> str | None:
    """Return `owner/name` of an address of GitHub, None for any other."""
    found = _GITHUB.search(address)
    return f"{found['owner']}/{found['name']}" if found and found["owner"].lower() not in _NO_OWNERS else None


def github_repository(folder: Path, package: NormalizedName) -> str | None:
    """Return the repository on GitHub that the metadata of an installed package names: `keras-team/keras`.

    The address of the source counts first, then the home page, then where to download it, then any other.
    """
    for info in sorted(site_packages(folder).glob("*.dist-info")):
        if canonicalize_name(info.name.removesuffix(".dist-info").rpartition("-")[0]) == package:
            try:
                text = (info / "METADATA").read_text(encoding="utf-8", errors="replace")
            except OSError:
                return None
            return _named_in(text)
    return None


def _named_in(metadata: str) -> str | None:
    ranked: list[tuple[int, str]] = []
    for line in metadata.split("\n\n", 1)[0].split("\n")[:_MOST_LINES]:
        header = _HEADER.match(line.strip())
        name = github_name(header["address"]) if header is not None else None
        if header is None or name is None:
            continue
        is_source = header["key"] == "Project-URL" and _SOURCE.search(header["label"] or "")
        ranked.append((0 if is_source else 1 if header["key"] == "Home-page" else 2, name))
    return min(ranked, key=lambda each: each[0])[1] if ranked else None
