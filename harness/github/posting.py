"""Post a reply, issues and a pull request. Each is found again by a marker or a name, so nothing is posted twice."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from harness.errors import HarnessError
from harness.github.client import GitHub
from harness.github.texts import Titled, without_mentions

ANSWER_MARKER = "<!-- repro-matrix answer -->"
LABEL = "repro-matrix"
BRANCH = "repro-matrix/new-releases"
_LONGEST = 60_000
"""Of a comment; GitHub allows 65,536 characters."""
_ISSUE_MARKER = re.compile(r"<!-- repro-matrix regression ([0-9a-f]{10}) -->")


@dataclass(frozen=True, kw_only=True)
class Posted:
    """A posted text: its address, and whether it is new."""

    address: str
    new: bool


def post_answer(github: GitHub, issue: int, text: str) -> Posted:
    """Post a reply to an issue, or replace the one that was posted before.

    The text comes from a job without permissions, so it is shortened, and mentions nobody.
    """
    body = f"{ANSWER_MARKER}\n{without_mentions(text)}"
    if len(body) > _LONGEST:
        body = f"{body[:_LONGEST]}\n\n(The rest was cut off. The artifact of the job has all.)"
    for comment in github.all(f"issues/{issue}/comments"):
        if _is_ours(comment) and str(comment.get("body")).startswith(ANSWER_MARKER):
            changed = github.patch(f"issues/comments/{int(comment['id'])}", body=body)
            return Posted(address=str(changed["html_url"]), new=False)
    created = github.post(f"issues/{issue}/comments", body=body)
    return Posted(address=str(created["html_url"]), new=True)


def _is_ours(item: Mapping[str, Any]) -> bool:
    """Return True for what a bot wrote: anyone else can write a marker, too."""
    user = item.get("user")
    return isinstance(user, dict) and user.get("type") == "Bot"


def post_issues(github: GitHub, issues: Mapping[str, Titled]) -> dict[str, Posted]:
    """Open an issue for each regression that has none, open or closed. The ids are signatures."""
    known: dict[str, str] = {}
    for item in github.all("issues", state="all", labels=LABEL):
        marker = _ISSUE_MARKER.search(str(item.get("body") or ""))
        # Only members can give an issue the label, so the marker is none that anyone copied.
        if marker is not None and "pull_request" not in item:
            known.setdefault(marker[1], str(item["html_url"]))
    posted = {}
    for id, text in issues.items():
        marker = _ISSUE_MARKER.search(text.body)
        if marker is None or marker[1] != id:
            raise HarnessError(f"issues/{id}.md: the marker of the regression is missing")
        if id in known:
            posted[id] = Posted(address=known[id], new=False)
            continue
        created = github.post("issues", title=text.title, body=without_mentions(text.body)[:_LONGEST], labels=[LABEL])
        posted[id] = Posted(address=str(created["html_url"]), new=True)
    return posted


def post_pull_request(
    github: GitHub, text: Titled, files: Mapping[str, bytes], deleted: Callable[[str], bool]
) -> Posted | None:
    """Commit files to a branch of their own, and open or update its pull request. None if nothing differs.

    A path of the default branch that is not among the files is removed if `deleted` returns True for it.
    """
    base = str(github.get("")["default_branch"])
    head = str(github.get(f"git/ref/heads/{base}")["object"]["sha"])
    commit = github.get(f"git/commits/{head}")
    tree = _changed(github, str(commit["tree"]["sha"]), files, deleted)
    if not tree:
        return None
    new_tree = github.post("git/trees", base_tree=commit["tree"]["sha"], tree=tree)
    made = github.post("git/commits", message=text.title, tree=new_tree["sha"], parents=[head])
    if github.find(f"git/ref/heads/{BRANCH}") is None:
        github.post("git/refs", ref=f"refs/heads/{BRANCH}", sha=made["sha"])
    else:
        github.patch(f"git/refs/heads/{BRANCH}", sha=made["sha"], force=True)
    body = without_mentions(text.body)[:_LONGEST]
    opened = next(iter(github.get("pulls", head=f"{github.owner}:{BRANCH}", state="open")), None)
    if opened is not None:
        changed = github.patch(f"pulls/{int(opened['number'])}", title=text.title, body=body)
        return Posted(address=str(changed["html_url"]), new=False)
    created = github.post("pulls", title=text.title, body=body, head=BRANCH, base=base)
    return Posted(address=str(created["html_url"]), new=True)


def _changed(
    github: GitHub, tree: str, files: Mapping[str, bytes], deleted: Callable[[str], bool]
) -> list[dict[str, object]]:
    """Return the entries of the files that differ from a tree; their contents are sent."""
    listing = github.get(f"git/trees/{tree}", recursive=1)
    known = {str(each["path"]): str(each["sha"]) for each in listing["tree"] if each.get("type") == "blob"}
    entries: list[dict[str, object]] = []
    for path, content in sorted(files.items()):
        if known.get(path) == _blob(content):
            continue
        blob = github.post("git/blobs", content=base64.b64encode(content).decode(), encoding="base64")
        entries.append({"path": path, "mode": "100644", "type": "blob", "sha": blob["sha"]})
    entries += [
        {"path": path, "mode": "100644", "type": "blob", "sha": None}
        for path in sorted(known)
        if path not in files and deleted(path)
    ]
    return entries


def _blob(content: bytes) -> str:
    """Return the id that git gives a file."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
