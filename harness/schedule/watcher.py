"""The interface of whoever watches a scheduler, such as the progress display."""

from __future__ import annotations

from typing import Protocol

from harness.environments.store import Provided
from harness.execute.task import Task
from harness.model import Attempt, Environment


class Watcher(Protocol):
    """Receives events, from several threads."""

    def building(self, environment: Environment) -> None:
        """An environment is being created, or checked if it exists."""

    def ready(self, environment: Environment, provided: Provided) -> None:
        """An environment can be used."""

    def unavailable(self, environment: Environment, reason: str) -> None:
        """An environment cannot be created."""

    def note(self, text: str) -> None:
        """A message for people that is in no attempt."""

    def started(self, task: Task) -> None:
        """A task is being executed."""

    def printed(self, task: Task, data: bytes) -> None:
        """The script of a task printed this."""

    def waiting(self) -> None:
        """Called several times a second while somebody waits for attempts."""

    def finished(self, task: Task, attempt: Attempt) -> None:
        """A task has its attempt."""


class Quiet:
    """A watcher that shows nothing."""

    def building(self, environment: Environment) -> None:
        """Do nothing."""

    def ready(self, environment: Environment, provided: Provided) -> None:
        """Do nothing."""

    def unavailable(self, environment: Environment, reason: str) -> None:
        """Do nothing."""

    def note(self, text: str) -> None:
        """Do nothing."""

    def started(self, task: Task) -> None:
        """Do nothing."""

    def printed(self, task: Task, data: bytes) -> None:
        """Do nothing."""

    def waiting(self) -> None:
        """Do nothing."""

    def finished(self, task: Task, attempt: Attempt) -> None:
        """Do nothing."""
