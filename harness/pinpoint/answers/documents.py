"""Answers as documents for programs: one JSON object with `"schema": 1`, its keys described in docs/pinpoint.md."""

from __future__ import annotations

from collections.abc import Mapping

from harness.pinpoint.answers.statements import followed_sentence, statements
from harness.pinpoint.answers.values import (
    Answer,
    Commit,
    Failure,
    Point,
    ProvenTransition,
    Segment,
    failures_of,
    segments_of,
)
from harness.pinpoint.suspicious_files.texts import document as files_document


def document(answer: Answer) -> dict[str, object]:
    """Return the whole answer of a search over releases or commits."""
    failures = failures_of(answer)
    return {
        "schema": 1,
        "case": answer.case,
        "package": answer.package,
        "environment": answer.base.id,
        "stepped": answer.held.side.other.value if answer.held else None,
        "held": {"side": answer.held.side.value, "environment": answer.held.environment.id} if answer.held else None,
        "unit": answer.unit,
        "searched": answer.searched,
        "mode": answer.mode,
        "mode_reason": answer.why,
        "complete": answer.complete,
        "largest_gap": answer.largest_gap,
        "followed": _followed(answer, failures),
        "named": {**_point(answer.named, failures), "statement": followed_sentence(answer)},
        "failures": [_failure(each) for each in failures.values()],
        "statements": statements(answer),
        "segments": [_segment(each, failures) for each in segments_of(answer)],
        "transitions": [_transition(each, failures, answer.repository) for each in answer.found],
        "tested": [_point(each, failures) for each in answer.points],
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


def _followed(answer: Answer, failures: Mapping[str, Failure]) -> str:
    if answer.pattern is not None:
        return f"failures that match {answer.pattern!r}"
    if answer.named.printed is not None:
        return f"what {answer.where} prints"
    followed = [each.signature for each in failures.values() if each.followed and each.signature]
    return ", ".join(followed) or "every failure"


def _failure(failure: Failure) -> dict[str, object]:
    return {
        "label": failure.label,
        "followed": failure.followed,
        "signature": failure.signature,
        "message": failure.message,
        "versions": [each.name for each in failure.points],
    }


def _label(point: Point, failures: Mapping[str, Failure]) -> str | None:
    failure = None if point.failure is None else failures.get(point.failure)
    return failure.label if failure else None


def _segment(segment: Segment, failures: Mapping[str, Failure]) -> dict[str, object]:
    return {
        "first": segment.first.name,
        "last": segment.last.name,
        "state": segment.first.observation.state.value,
        "failure": _label(segment.first, failures),
        "tested": len(segment.points),
        "size": segment.size,
    }


def _transition(found: ProvenTransition, failures: Mapping[str, Failure], repository: str | None) -> dict[str, object]:
    return {
        "kind": found.kind.value,
        "package": found.package,
        "last": found.before.name,
        "first": found.after.name,
        "untestable": [each.name for each in found.untestable],
        "signature_before": found.before.signature,
        "signature_after": found.after.signature,
        "failure_before": _label(found.before, failures),
        "failure_after": _label(found.after, failures),
        "before": found.before.text,
        "after": found.after.text,
        "flaky": found.flaky,
        "cells": [str(each.attempt.cell) for each in (found.before, found.after) if each.attempt is not None],
        "commit": _commit(found.commit, failures, repository),
        "commits": [_commit(each, failures, repository) for each in found.commits],
        "commit_note": found.commit_note,
        "not_tested": [
            {
                "sha": each.sha,
                "title": each.title,
                "date": each.date,
                "pull_request": each.pull_request,
                "repository": repository,
                "in_traceback": each.in_traceback,
            }
            for each in found.suspects
        ],
        "suspect_files": files_document(found.files),
    }


def _commit(commit: Commit | None, failures: Mapping[str, Failure], repository: str | None) -> dict[str, object] | None:
    if commit is None:
        return None
    return {
        "sha": commit.sha,
        "title": commit.title,
        "date": commit.date,
        "pull_request": commit.pull_request,
        "repository": repository,
        "files": list(commit.files),
        "kind": commit.kind.value,
        "failure_before": _label(commit.before, failures),
        "failure_after": _label(commit.after, failures),
        "before": commit.before.text,
        "after": commit.after.text,
        "flaky": commit.flaky,
        "lacking": commit.lacking,
        "last": commit.before.name,
        "untestable": [each.name for each in commit.untestable],
        "inside": _commit(commit.brought, failures, repository),
        "main_line": _commit(commit.main_line, failures, repository),
        "merged": [_commit(each, failures, repository) for each in commit.inside],
        "notes": list(commit.notes),
    }


def _observation(point: Point, failures: Mapping[str, Failure]) -> dict[str, object] | None:
    """Return the observation of a point, if these are followed. Its group is its label, null for the expected text."""
    if point.printed is None:
        return None
    return {"kind": point.observation.watched, "group": _label(point, failures), "text": point.printed}


def _point(point: Point, failures: Mapping[str, Failure]) -> dict[str, object]:
    failing = point.failing
    attempt = point.attempt
    return {
        "version": point.name,
        "state": point.observation.state.value,
        "outcome": point.outcome,
        "stage": failing.stage if failing else None,
        "error": failing.error if failing else "",
        "signature": point.signature,
        "failure": _label(point, failures),
        "reason": point.observation.reason,
        "observation": _observation(point, failures),
        "cell": str(attempt.cell) if attempt else None,
        "environment": point.environment.id if point.environment else None,
        "moved": list(point.environment.lock.origin.moved) if point.environment else [],
        "attempts": len(point.result.attempts),
    }
