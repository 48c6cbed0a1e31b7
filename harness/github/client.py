"""The client of GitHub's REST API. No other module asks it. The token appears in no message."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from harness import __version__
from harness.errors import HarnessError, UsageError

_API = "https://api.github.com"
_REPOSITORY = re.compile(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+")
_TIMEOUT_S = 30.0
_MOST_PAGES = 100
# Retry only requests that may be sent twice: a second POST could create a second issue.
_RETRY = Retry(
    total=3, backoff_factor=0.5, status_forcelist=(502, 503, 504), allowed_methods=("GET",), raise_on_status=False
)


@dataclass(frozen=True, kw_only=True)
class GitHub:
    """One repository, as the holder of a token sees it."""

    api: str
    repository: str
    token: str = field(repr=False)

    @classmethod
    def configured(cls, variables: Mapping[str, str]) -> GitHub:
        """Return the repository of this job of GitHub Actions. Raises UsageError."""
        missing = [name for name in ("GITHUB_REPOSITORY", "GITHUB_TOKEN") if not variables.get(name)]
        if missing:
            raise UsageError(
                f"{' and '.join(missing)} not set",
                why="A job of GitHub Actions sets the repository, and passes the token that it allows to post",
                next_step="In a workflow, write under `env`: GITHUB_TOKEN: ${{ github.token }}",
            )
        repository = variables["GITHUB_REPOSITORY"]
        if not _REPOSITORY.fullmatch(repository):
            raise UsageError(f"GITHUB_REPOSITORY: {repository!r} is no OWNER/NAME")
        api = variables.get("GITHUB_API_URL") or _API
        return cls(api=api.rstrip("/"), repository=repository, token=variables["GITHUB_TOKEN"])

    @property
    def owner(self) -> str:
        """The owner of the repository."""
        return self.repository.partition("/")[0]

    def get(self, path: str, **parameters: str | int) -> Any:  # noqa: ANN401 - JSON
        """Return the document at a path below the repository. Raises HarnessError."""
        return self._send("GET", path, parameters=parameters)

    def find(self, path: str) -> Any | None:  # noqa: ANN401 - JSON
        """Return the document at a path, or None if there is none. Raises HarnessError."""
        return self._send("GET", path, missing_ok=True)

    def all(self, path: str, **parameters: str | int) -> Iterator[Mapping[str, Any]]:
        """Yield the members of a list, of all its pages. Raises HarnessError."""
        for page in range(1, _MOST_PAGES + 1):
            members = self.get(path, **parameters, per_page=100, page=page)
            yield from members
            if len(members) < 100:
                return

    def post(self, path: str, **values: object) -> Any:  # noqa: ANN401 - JSON
        """Create something. Raises HarnessError."""
        return self._send("POST", path, values=values)

    def patch(self, path: str, **values: object) -> Any:  # noqa: ANN401 - JSON
        """Change something. Raises HarnessError."""
        return self._send("PATCH", path, values=values)

    def _send(
        self,
        method: str,
        path: str,
        *,
        parameters: Mapping[str, str | int] | None = None,
        values: Mapping[str, object] | None = None,
        missing_ok: bool = False,
    ) -> Any:  # noqa: ANN401 - JSON
        what = f"{method} {self.repository}/{path}"
        with requests.Session() as session:
            session.mount("https://", HTTPAdapter(max_retries=_RETRY))
            session.mount("http://", HTTPAdapter(max_retries=_RETRY))
            headers = {
                "Accept": "application/vnd.github+json",
                "Authorization": f"Bearer {self.token}",
                "X-GitHub-Api-Version": "2022-11-28",
                "Content-Type": "application/json",
                "User-Agent": f"repro-matrix/{__version__}",
            }
            try:
                answer = session.request(
                    method,
                    f"{self.api}/repos/{self.repository}/{path}",
                    params=parameters,
                    data=json.dumps(values) if values is not None else None,
                    headers=headers,
                    timeout=_TIMEOUT_S,
                    allow_redirects=False,
                )
                if missing_ok and answer.status_code == 404:
                    return None
                if not 200 <= answer.status_code < 300:
                    raise HarnessError(
                        f"GitHub refuses {what}: {answer.status_code} {answer.reason}",
                        why=_message(answer),
                        next_step="Check the permissions of the job",
                    )
                return answer.json()
            except (requests.RequestException, ValueError) as error:
                raise HarnessError(f"GitHub does not answer {what}", why=type(error).__name__) from error


def _message(answer: requests.Response) -> str:
    try:
        return str(answer.json()["message"])
    except (ValueError, KeyError, TypeError):
        return ""
