"""The name of a repository on GitHub, `owner/name`: it names commits and pull requests in other repositories. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from harness.environments.metadata import github_name


def hosted_as(metadata: str | None, remotes: Iterable[tuple[str, str]]) -> str | None:
    """Return `owner/name` of the repository whose commits a clone has; None if nothing names it.

    `metadata` is the name in the metadata of the package. `remotes` are the remotes of the clone with their addresses.
    A remote of the same name with another owner is a fork: the numbers of pull requests are those of the package.
    """
    named = {remote: name for remote, address in remotes if (name := github_name(address)) is not None}
    if metadata is not None:
        own = metadata.partition("/")[2].lower()
        if not named or any(each.partition("/")[2].lower() == own for each in named.values()):
            return metadata
    return next((named[each] for each in ("upstream", "origin", *named) if each in named), None)
