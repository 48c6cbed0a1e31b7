"""Restarts the harness in a systemd scope of its own, where only systemd can delegate a control group to it."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from harness.cgroups.groups import here
from harness.process import child

SCOPE_VARIABLE = "HARNESS_SCOPE"
"""Is set in the restarted harness; set it to anything to prevent the restart."""
_TRY_S = 10.0


def scope_command(
    variables: Mapping[str, str], *, root: bool, systemd_run: str | None, exists: Callable[[str], bool]
) -> list[str] | None:
    """Return the command that runs another one in a delegated scope; None if there is no manager to ask. Pure."""
    manager = "/run/systemd/system" if root else f"{variables.get('XDG_RUNTIME_DIR', '')}/systemd/private"
    if systemd_run is None or SCOPE_VARIABLE in variables or not exists(manager):
        return None
    user = [] if root else ["--user"]
    return [systemd_run, *user, "--scope", "--quiet", "--collect", "--property", "Delegate=yes", "--"]


def enter_scope(variables: Mapping[str, str]) -> None:
    """Restart this command in a scope if that is the only way to control groups, and works. Else return."""
    if sys.platform != "linux" or here()[0] is not None:
        return
    found = shutil.which("systemd-run", path=variables.get("PATH") or os.defpath)
    prefix = scope_command(
        variables, root=os.geteuid() == 0, systemd_run=found, exists=lambda path: Path(path).exists()
    )
    if prefix is None or not _works(prefix, variables):
        return
    sys.stdout.flush()
    sys.stderr.flush()
    command = [*prefix, sys.executable, *sys.orig_argv[1:]]
    os.execve(command[0], command, {**variables, SCOPE_VARIABLE: "1"})


def _works(prefix: Sequence[str], variables: Mapping[str, str]) -> bool:
    """Try it: systemd-run replaces this process, so that it is too late to find out then."""
    try:
        return child.run([*prefix, "true"], env=variables, cwd=Path("/"), timeout_s=_TRY_S).status == 0
    except OSError:
        return False
