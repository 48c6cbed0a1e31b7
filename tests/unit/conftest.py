"""Unit tests are fast because they cannot be anything else: what spawns or connects fails them."""

import os
import socket
import subprocess

import pytest


@pytest.fixture(autouse=True)
def neither_spawn_nor_connect(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("a unit test must neither start a process nor open a connection")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    for name in ("fork", "posix_spawn", "system"):
        monkeypatch.setattr(os, name, refuse, raising=False)
