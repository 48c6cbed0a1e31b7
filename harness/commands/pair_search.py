"""The search of triage for a failing pair: both sides without commits, then the commits of the failure itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.commands import pinpoint
from harness.pinpoint.answers.pair import pair_document
from harness.session import Session

_OF_COMMITS = ("commit", "commits", "commit_note", "not_tested")


@dataclass(frozen=True, kw_only=True)
class PairSearch:
    """A folder with two steps, and how its pairs are searched."""

    session: Session
    path: Path
    jobs: int
    repository: str | None

    def run(self, package: str, writer: str, reader: str, versions: str | None) -> Mapping[str, Any]:
        """Return the document of both sides. Raises SearchStopped and HarnessError.

        `versions` are the releases to search, FIRST..LAST; None for all. Only the transitions of the failure on the
        side that changed get commits: the others are not the reported bug.
        """
        asked = [str(self.path), "--package", package, "--jobs", str(self.jobs)]
        typed = ["pinpoint", *asked, "--both", "--writer", writer, "--reader", reader]
        typed += ["--versions", versions] if versions is not None else []
        found = pair_document(pinpoint.search_pair(self.session, pinpoint.Options.parse(pinpoint.add_arguments, typed)))
        document: dict[str, Any] = dict(found)
        borders = borders_of_failure(document)
        if self.repository is None or not borders:
            return document
        side = borders[0]["side"]
        held = ["--writer", writer, "--in", reader] if side == "reader" else ["--reader", reader, "--in", writer]
        between = f"{borders[0]['last']}..{borders[-1]['first']}"
        typed = ["pinpoint", *asked, *held, "--versions", between, "--repository", self.repository]
        narrowed: dict[str, Any] = dict(
            pinpoint.search(self.session, pinpoint.Options.parse(pinpoint.add_arguments, typed))
        )
        return with_commits(document, side, narrowed)


def borders_of_failure(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the transitions of the followed failure on the side that changed, oldest first."""
    for side in document["responsible"]:
        searched = document["sides"][side]
        labels = {each["label"] for each in searched["failures"] if each["followed"]}
        return [
            each
            for each in document["transitions"]
            if each["side"] == side and {each["failure_before"], each["failure_after"]} & labels
        ]
    return []


def with_commits(document: Mapping[str, Any], side: str, narrowed: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document with the commits that another search of one side found between the same releases."""
    found = {(each["last"], each["first"]): each for each in narrowed["transitions"]}
    transitions = []
    for each in document["transitions"]:
        more = found.get((each["last"], each["first"]), {}) if each["side"] == side else {}
        transitions.append({**each, **{key: more[key] for key in _OF_COMMITS if key in more}})
    return {**document, "transitions": transitions}
