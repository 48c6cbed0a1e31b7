"""Answers as documents for programs: one JSON object with `"schema": 1`, its keys described in docs/pinpoint.md."""

from __future__ import annotations

from harness.pinpoint.answer import Answer, Commit, Found, Point, statements


def document(answer: Answer) -> dict[str, object]:
    """Give the whole answer of a search over releases."""
    return {
        "schema": 1,
        "case": answer.case,
        "package": answer.package,
        "environment": answer.base.id,
        "unit": answer.unit,
        "searched": answer.searched,
        "complete": answer.complete,
        "largest_gap": answer.largest_gap,
        "followed": answer.followed,
        "statements": statements(answer),
        "transitions": [_transition(each) for each in answer.found],
        "tested": [_point(each) for each in answer.points],
        "untestable": [
            {"version": each.name, "reason": each.observation.reason}
            for each in answer.points
            if not each.observation.tested
        ],
        "probes": answer.probes,
        "runs": answer.runs,
        "notes": list(answer.notes),
        "command": answer.command,
    }


def _transition(found: Found) -> dict[str, object]:
    return {
        "kind": found.kind,
        "package": found.package,
        "last": found.before.name,
        "first": found.after.name,
        "untestable": [each.name for each in found.untestable],
        "signature_before": found.before.signature,
        "signature_after": found.after.signature,
        "before": found.before.text,
        "after": found.after.text,
        "flaky": found.flaky,
        "cells": [str(each.attempt.cell) for each in (found.before, found.after) if each.attempt is not None],
        "commit": _commit(found.commit),
        "commit_note": found.commit_note,
    }


def _commit(commit: Commit | None) -> dict[str, object] | None:
    if commit is None:
        return None
    return {
        "sha": commit.sha,
        "title": commit.title,
        "date": commit.date,
        "pull_request": commit.pull_request,
        "files": list(commit.files),
        "last": commit.last,
        "untestable": [each.name for each in commit.untestable],
        "inside": _commit(commit.inside),
        "notes": list(commit.notes),
    }


def _point(point: Point) -> dict[str, object]:
    failing = point.failing
    attempt = point.attempt
    return {
        "version": point.name,
        "state": point.observation.state.value,
        "outcome": point.outcome,
        "stage": failing.stage if failing else None,
        "error": failing.error if failing else "",
        "signature": point.signature,
        "reason": point.observation.reason,
        "cell": str(attempt.cell) if attempt else None,
        "environment": point.environment.id if point.environment else None,
        "moved": list(point.environment.lock.origin.moved) if point.environment else [],
        "attempts": len(point.shown.attempts),
    }
