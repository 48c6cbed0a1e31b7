"""When the harness restarts itself in a scope of systemd's."""

import pytest

from harness.process.systemd_scope import SCOPE_VARIABLE, scope_command

USER = {"XDG_RUNTIME_DIR": "/run/user/1000"}
RUN = "/usr/bin/systemd-run"
OPTIONS = ["--scope", "--quiet", "--collect", "--property", "Delegate=yes", "--"]


def command(variables, *there, root=False, systemd_run=RUN):
    return scope_command(variables, root=root, systemd_run=systemd_run, exists=lambda path: path in there)


def test_a_user_asks_the_manager_of_the_user():
    assert command(USER, "/run/user/1000/systemd/private") == [RUN, "--user", *OPTIONS]


def test_root_asks_the_manager_of_the_system():
    assert command({}, "/run/systemd/system", root=True) == [RUN, *OPTIONS]


@pytest.mark.parametrize(
    ("variables", "there", "systemd_run"),
    [
        pytest.param(USER, [], RUN, id="no manager runs"),
        pytest.param({}, ["/run/systemd/system"], RUN, id="no user session"),
        pytest.param(USER, ["/run/user/1000/systemd/private"], None, id="not installed"),
        pytest.param({**USER, SCOPE_VARIABLE: "1"}, ["/run/user/1000/systemd/private"], RUN, id="in a scope already"),
    ],
)
def test_there_is_nobody_to_ask(variables, there, systemd_run):
    assert command(variables, *there, systemd_run=systemd_run) is None
