"""The sandbox backends that a test runs with: each that works here, and none."""

import functools
import os

import pytest

from harness.sandbox.backends import NO_SANDBOX, SandboxBackend, find_sandbox


@functools.cache
def sandbox_of(backend):
    """Return a sandbox of this backend; skip the test if it does not work."""
    if backend is SandboxBackend.NONE:
        return NO_SANDBOX
    found = find_sandbox(os.environ, only=backend)
    if not found.contains:
        pytest.skip(f"{backend} cannot contain here: {found.why_not or 'it is not installed'}")
    return found


every = pytest.mark.parametrize("backend", list(SandboxBackend), ids=str)
containing = pytest.mark.parametrize("backend", [SandboxBackend.BUBBLEWRAP, SandboxBackend.NAMESPACES], ids=str)
