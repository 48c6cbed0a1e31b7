"""Events of a scheduler while it works, for example for the progress display."""

from __future__ import annotations

from harness.environments.store import Provided
from harness.execute.task import Task
from harness.model import Attempt, Environment


class Watcher:
    """Receives events, from several threads. This one ignores them; subclasses show some."""

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

    def working(self, place: str, text: str) -> None:
        """A worker on another machine does this; an empty text if it does nothing."""

    def waiting(self) -> None:
        """Called several times a second while somebody waits for attempts."""

    def finished(self, task: Task, attempt: Attempt) -> None:
        """A task has its attempt."""
