"""Report the packages of an environment and whether they import. Run by path in any Python from 3.6 up.

    python probe.py REPORT [MODULE ...]

Standard library only; imports nothing of this project. The report is renamed into place twice: with the versions
before any import, and again with the results. So a crash of an import differs from a crash of this file.
"""

import json
import os
import platform
import re
import sys

if sys.version_info < (3, 6):
    sys.exit(3)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, Optional, Tuple


def installed(folders: "List[str]") -> "Dict[str, str]":
    """Return the version of each distribution in these folders by its normalised name, from metadata files."""
    versions: "Dict[str, str]" = {}
    for folder in folders:
        if not os.path.isdir(folder):
            continue
        for entry in sorted(os.listdir(folder)):
            if entry.endswith((".dist-info", ".egg-info")):
                name, version = name_and_version(os.path.join(folder, entry))
                if name:
                    versions.setdefault(re.sub(r"[-_.]+", "-", name).lower(), version)
    return versions


def name_and_version(folder: str) -> "Tuple[str, str]":
    """Return name and version from metadata, or ("", "")."""
    found = {"name": "", "version": ""}
    for candidate in (os.path.join(folder, "METADATA"), os.path.join(folder, "PKG-INFO"), folder):
        if os.path.isfile(candidate):
            with open(candidate, encoding="utf-8", errors="replace") as stream:
                for line in stream:
                    key, _, value = line.partition(":")
                    if not line.strip():
                        break
                    if key.lower() in found and not found[key.lower()]:
                        found[key.lower()] = value.strip()
            break
    return found["name"], found["version"]


def import_error(module: str) -> "Optional[str]":
    """Import a module. Return the type and message of its exception, None if it imports."""
    try:
        __import__(module)
    except BaseException as error:  # an import may raise anything, SystemExit included
        return "{}: {}".format(type(error).__name__, error)
    return None


def write(path: str, report: "Dict[str, Any]") -> None:
    """Write the report atomically: under a temporary name, then renamed."""
    temporary = path + ".part"
    with open(temporary, "w", encoding="utf-8") as stream:
        json.dump(report, stream)
    os.replace(temporary, path)


def main(path: str, modules: "List[str]") -> None:
    """Report the versions, then the imports."""
    folders = [folder for folder in sys.path if os.path.basename(folder) in ("site-packages", "dist-packages")]
    report: "Dict[str, Any]" = {
        "python": platform.python_version(),
        "implementation": platform.python_implementation().lower(),
        "versions": installed(folders),
    }
    write(path, report)
    if modules:
        report["imports"] = {module: import_error(module) for module in modules}
        write(path, report)


if __name__ == "__main__":
    # Remove this script's folder, which Python puts first: the environment must not import from it.
    sys.path = [folder for folder in sys.path if folder != os.path.dirname(os.path.abspath(__file__))]
    main(sys.argv[1], sys.argv[2:])
    sys.stdout.flush()
    os._exit(0)  # threads of an imported module must not delay the exit or change its status
