"""The project with throw-away wheels of the tests of searches."""

from tests.pinpoint.conftest import playground

__all__ = ["playground"]
