"""A search as a small document that is published with the results: its transitions and their commits. Pure."""

from __future__ import annotations

from harness.pinpoint.answers.values import Answer, Commit, ProvenTransition


def recorded(answer: Answer, *, digest: str) -> dict[str, object]:
    """Return the published part of a search over releases. It has no dates of runs, and no paths.

    `digest` is that of the scenario: the commits are not those of another text.
    """
    return {
        "schema": 1,
        "case": answer.case,
        "digest": digest,
        "package": answer.package,
        "environment": answer.base.id,
        "held": f"{'written' if answer.held.side.value == 'writer' else 'read'} in {answer.held.environment.id}"
        if answer.held
        else None,
        "transitions": [_transition(each, answer.repository) for each in answer.found],
    }


def _transition(found: ProvenTransition, repository: str | None) -> dict[str, object]:
    return {
        "kind": found.kind.value,
        "last": found.before.name,
        "first": found.after.name,
        "cells": [str(each.attempt.cell) for each in (found.before, found.after) if each.attempt is not None],
        "commits": [
            _commit(each, repository) | {"main_line": _commit(each.main_line, repository) if each.main_line else None}
            for each in found.commits
        ],
    }


def _commit(commit: Commit, repository: str | None) -> dict[str, object]:
    return {
        "kind": commit.kind.value,
        "sha": commit.sha,
        "title": commit.title,
        "date": commit.date,
        "pull_request": commit.pull_request,
        "address": f"https://github.com/{repository}/commit/{commit.sha}" if repository else None,
        "certain": not (commit.flaky or commit.untestable),
    }
